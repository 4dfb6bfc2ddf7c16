/** Whether two models say the same of one input. */
import type { Answer } from '../../../../shared/contract/demos.ts';

type Said = Pick<Answer, 'question' | 'choices'>;

/** In a sentence; empty where they were not asked the same questions, or answer with something else than choices. */
export function agreementWords(first: readonly Said[], second: readonly Said[]): string {
  const firstSaid = ({ choices }: Said): string | undefined => choices[0]?.label;
  const asked = first.flatMap((one, index) => {
    const other = second[index];
    const [here, there] = [firstSaid(one), other && firstSaid(other)];
    return other?.question !== one.question || here === undefined || there === undefined ? [] : [here === there];
  });
  if (asked.length === 0) return '';
  const same = asked.filter((isSame) => isSame).length;
  if (asked.length === 1) return same === 1 ? 'Both say the same.' : 'They say different things.';
  return `The same first answer to ${same} of ${asked.length} questions.`;
}
