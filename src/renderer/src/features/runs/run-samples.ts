/** The answers of a run to the same examples over its training. */
import type { z } from 'zod';
import { formatPercent, maskMarks } from '../../../../shared/display.ts';
import type { runsContract } from '../../../../shared/contract/runs.ts';

export type RunSamples = z.output<typeof runsContract.samples.output>;
export type SampleExample = RunSamples['examples'][number];

export interface Fill {
  readonly label: string;
  /** Null where the truth is not known. */
  readonly right: boolean | null;
}

/**
 * For every item of an example, the likeliest answers to its gaps at a step (an index into the steps): questions that are named
 * after masks belong to the gaps in reading order.
 */
export function fillsOf({ items, truth, answers }: SampleExample, place: number): Fill[][] {
  const fills = (answers[place] ?? []).flatMap(({ question, choices }, index) =>
    question.startsWith('[MASK')
      ? [
          {
            label: choices[0]?.label ?? question,
            right: truth[index] === undefined ? null : truth[index] === choices[0]?.label,
          },
        ]
      : [],
  );
  let next = 0;
  return items.map((item) => {
    const gaps = item.kind === 'text' ? (item.text.match(maskMarks)?.length ?? 0) : 0;
    next += gaps;
    return fills.slice(next - gaps, next);
  });
}

/** Numbers and alignments are more or less near to what is right, and their probability says how near. */
export function isNear(kind: string | undefined): boolean {
  return kind === 'number' || kind === 'alignment';
}

export interface AlignedColumn {
  readonly first: string;
  readonly second: string;
  /** Whether the true alignment has the pair; null beside a gap. */
  readonly right: boolean | null;
}

/** The columns of two rows with gaps, written on a line each, beside those of the true alignment of the same sequences. */
export function alignedColumns(rows: string, truth: string): AlignedColumn[] {
  const known = new Set(pairsOf(truth).map(({ pair }) => pair));
  return pairsOf(rows).map(({ first, second, pair }) => ({
    first,
    second,
    right: pair === null ? null : known.has(pair),
  }));
}

function pairsOf(rows: string): { first: string; second: string; pair: string | null }[] {
  const [above = '', below = ''] = rows.split('\n');
  let [row, column] = [0, 0];
  return Array.from(above, (first, place) => {
    const second = below[place] ?? '-';
    row += Number(first !== '-');
    column += Number(second !== '-');
    return { first, second, pair: first === '-' || second === '-' ? null : `${row} ${column}` };
  });
}

/**
 * The probability of the right answer at every step that has answers. An answer that is not among the likeliest ones counts as 0:
 * it is less likely than all of those.
 */
export function truthHistory(example: Pick<SampleExample, 'truth' | 'answers'>, question: number): (number | null)[] {
  const truth = example.truth[question];
  return example.answers.map((answers) => {
    const answer = answers[question];
    if (answer === undefined || truth === undefined) return null;
    if (isNear(answer.kind)) return answer.choices[0]?.probability ?? 0;
    return answer.choices.find(({ label }) => label === truth)?.probability ?? 0;
  });
}

export interface ShownAnswer {
  readonly label: string;
  readonly probability: number | null;
  readonly right: boolean;
  /** Of the right answer; null where it is not known. */
  readonly truthProbability: number | null;
  /** The likeliest answers, for a tooltip. */
  readonly words: string;
}

/** The likeliest answer to a question at a step (an index into the steps). */
export function answerAt(
  example: Pick<SampleExample, 'truth' | 'answers'>,
  place: number,
  question: number,
): ShownAnswer {
  const { kind, choices = [] } = example.answers[place]?.[question] ?? {};
  const [first] = choices;
  const label = kind === 'alignment' ? formatPercent(first?.probability ?? 0, 0) : first?.label;
  return {
    label: label ?? '–',
    probability: first?.probability ?? null,
    right: first !== undefined && first.label === example.truth[question],
    truthProbability: truthHistory(example, question)[place] ?? null,
    words: isNear(kind)
      ? (first?.label ?? '')
      : choices.map(({ label, probability }) => `${label} ${(probability * 100).toFixed(1)} %`).join(', '),
  };
}

/** Which of many evaluations are columns: evenly chosen, the first and the last always, and the one that is looked at. */
export function chosenColumns(count: number, most: number, place: number): readonly number[] {
  if (count <= most) return Array.from({ length: count }, (_, index) => index);
  const even = Array.from({ length: most }, (_, index) => Math.round((index * (count - 1)) / (most - 1)));
  return [...new Set([...even, place])].toSorted((one, other) => one - other);
}
