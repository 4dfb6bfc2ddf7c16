/**
 * Alignment without a network: S. Needleman and C. Wunsch (1970) with unit scores, and with the matrices that people take, BLOSUM62
 * (S. Henikoff and J. Henikoff 1992) for proteins and EDNAFULL (T. Lowe; also NUC.4.4) for nucleotides, and affine gaps.
 */
import type { Baseline, ClassicalChoice } from '../task.ts';
import { scoredSide } from '../labelled/sides.ts';
import { bestAlignment } from './dynamic-program.ts';
import { AlignmentCounts } from './evaluation.ts';
import type { PairMaterial, SequencePair } from './pairs.ts';
import { matrixOf, type SubstitutionMatrix } from '../../data/sequences/substitution-matrices.ts';

export interface ClassicalMethod {
  readonly name: string;
  readonly matrixName: string;
  readonly summary: string;
  score(this: void, first: string, second: string): number;
  /** Of the first residue of a gap, and of each further one. */
  readonly open: number;
  readonly extend: number;
}

export const unitScores: ClassicalMethod = {
  name: 'Needleman–Wunsch, unit scores',
  matrixName: 'unit scores',
  summary: '1 for the same residue, −1 for another one and for each residue of a gap',
  score: (first, second) => (first === second ? 1 : -1),
  open: -1,
  extend: -1,
};

/** With the penalties that EMBOSS needle has by default, at the ends of the sequences, too. */
const USUAL_GAP = { open: -10, extend: -0.5 };
/** What gap penalties are chosen from on the training pairs. */
const GAP_OPENS = [-2, -4, -6, -8, -10, -12, -15];
const GAP_EXTENDS = [-0.5, -1, -2];

export function withMatrix({ name, scoreOf }: SubstitutionMatrix, gap = USUAL_GAP, chosen = false): ClassicalMethod {
  const how = `${-gap.open} for opening a gap and ${-gap.extend} for extending it`;
  return {
    name: `Needleman–Wunsch, ${name}${chosen ? ', tuned gaps' : ''}`,
    summary: `${name} with affine gaps: ${how}${chosen ? ', chosen on the training pairs' : ''}`,
    matrixName: name,
    score: scoreOf,
    ...gap,
  };
}

/** The best alignment of two sequences by a classical method, with its score. */
export function alignClassically(
  { first, second }: Pick<SequencePair, 'first' | 'second'>,
  method: ClassicalMethod,
): ReturnType<typeof bestAlignment> {
  const [a, b] = [first.toUpperCase(), second.toUpperCase()];
  const pairs = new Float64Array(a.length * b.length);
  for (let row = 0; row < a.length; row += 1) {
    for (let column = 0; column < b.length; column += 1) {
      pairs[row * b.length + column] = method.score(a[row]!, b[column]!);
    }
  }
  const { open, extend } = method;
  return bestAlignment({ rows: a.length, columns: b.length, pairs, stride: b.length, open, extend });
}

function measure(pairs: readonly SequencePair[], method: ClassicalMethod): AlignmentCounts {
  const counts = new AlignmentCounts();
  for (const pair of pairs) {
    const { alignment, score } = alignClassically(pair, method);
    // Longer sequences score higher whether they are related or not.
    const evidence = (2 * score) / (pair.first.length + pair.second.length);
    counts.add(evidence, pair.isRelated, alignment, pair.alignment?.aligned);
  }
  return counts;
}

function withGaps(matrix: SubstitutionMatrix): ClassicalMethod[] {
  return GAP_OPENS.flatMap((open) =>
    GAP_EXTENDS.flatMap((extend) => (extend >= open ? [withMatrix(matrix, { open, extend }, true)] : [])),
  );
}

/** Unit scores, the usual matrix with usual gaps, and with those that find most in the training pairs. */
export function classicalAlignments({ sides, pair }: PairMaterial): Baseline[] {
  const scored = Array.from(scoredSide(sides), pair);
  const training = Array.from(sides.training, pair);
  const matrix = matrixOf(training.flatMap(({ first, second }) => [first, second]));
  const known = training.filter(({ alignment }) => alignment !== undefined).slice(0, MOST_TUNED);
  const tuned = bestOn(known, withGaps(matrix)).method;
  return [unitScores, withMatrix(matrix), tuned].map((method) => ({
    name: method.name,
    summary: method.summary,
    metrics: measure(scored, method).metrics(),
  }));
}

/** More pairs would not choose better. */
const MOST_TUNED = 200;

function bestOn(pairs: readonly SequencePair[], methods: readonly ClassicalMethod[]) {
  const trials = methods.map((method) => ({ method, value: measure(pairs, method).metrics().alignedF1 ?? 0 }));
  return { ...trials.reduce((a, b) => (b.value > a.value ? b : a)), trials };
}

/** The matrix of the sequences with the gaps that find most in the validation pairs, or unit scores. Closes the material. */
export function chooseClassical({ sides, pair, dataset }: PairMaterial): ClassicalChoice {
  dataset.close();
  const of = (side: keyof typeof sides): SequencePair[] => Array.from(sides[side], pair);
  const matrix = matrixOf(of('training').flatMap(({ first, second }) => [first, second]));
  const { method: best, trials } = bestOn(of('validation'), [unitScores, ...withGaps(matrix)]);
  const settingsOf = ({ matrixName, open, extend }: ClassicalMethod) => ({ matrix: matrixName, open, extend });
  return {
    metric: 'alignedF1',
    chosen: settingsOf(best),
    trials: trials.map(({ method, value }) => ({ settings: settingsOf(method), value })),
    sizes: { training: sides.training.length, validation: sides.validation.length, test: sides.test.length },
    evaluate(split, most) {
      const pairs = of(split).slice(0, most);
      const counts = measure(pairs, best);
      return { metrics: counts.metrics(), exampleCount: pairs.length, answers: counts.answers() };
    },
  };
}
