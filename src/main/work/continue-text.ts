/** Continues a text word by word with a model of the next word, whatever network it is: each word is one question. */
import type { z } from 'zod';
import type { demosContract } from '../../shared/contract/demos.ts';
import { LabError } from '../../shared/errors.ts';
import { randomStream } from '../../shared/random.ts';
import { withPredictor } from './loaded-models.ts';
import type { WorkContext } from './work-context.ts';

type Input = z.output<(typeof demosContract)['continue']['input']>;
type Output = z.input<(typeof demosContract)['continue']['output']>;

/** Words that are drawn from: what is less likely is noise of the softmax. */
const candidates = 50;

export async function continueText(
  context: WorkContext,
  { run, checkpoint, text, words, temperature, seed }: Input,
): Promise<Output> {
  return withPredictor(context.workspace, run, checkpoint, async (predictor) => {
    const stream = randomStream(seed, 0);
    const added: Output['added'] = [];
    let whole = text;
    for (let word = 0; word < words; word++) {
      if (context.signal.aborted) throw new LabError('aborted', 'Cancelled');
      const answer = (await predictor.ask({ text: whole, top: candidates })).at(-1);
      const chosen = answer && draw(answer.choices, temperature, stream.uniform());
      if (!chosen) break;
      added.push({ label: chosen.label, probability: chosen.probability });
      whole = chosen.continuation ?? append(whole, chosen.label);
    }
    return { text: whole, added };
  });
}

interface Choice {
  readonly label: string;
  readonly probability: number;
  readonly continuation?: string;
}

/** In proportion to probability^(1 / temperature); at 0 the likeliest. */
export function draw(choices: readonly Choice[], temperature: number, uniform: number): Choice | undefined {
  if (temperature === 0) return choices[0];
  const most = choices[0]?.probability ?? 1;
  const weights = choices.map(({ probability }) => (probability / most) ** (1 / temperature));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  let rest = uniform * total;
  return choices.find((_, index) => (rest -= weights[index] ?? 0) <= 0) ?? choices.at(-1);
}

/** Pieces of words (`##ing`) and punctuation join what is before them. */
export function append(text: string, label: string): string {
  if (label.startsWith('##')) return text + label.slice(2);
  return text === '' || /\s$/.test(text) || /^[.,;:!?)\]}’']/.test(label) ? text + label : `${text} ${label}`;
}
