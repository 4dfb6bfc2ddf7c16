// Intervals of gains: their parts against exact formulas, and their coverage in simulated studies with a known gain.
import { describe, expect, it } from 'vitest';
import { randomStream } from '../../../../src/shared/random.ts';
import { mean, meanInterval, variance } from '../../../../src/shared/stats.ts';
import type { AnsweredClasses } from '../../../../src/shared/study/answered-run.ts';
import { weightedMetricOf } from '../../../../src/shared/study/answered-run.ts';
import type { Gain, SeedPair } from '../../../../src/shared/study/gain.ts';
import { chanceToShow, pairedGain, seedsToShow } from '../../../../src/shared/study/gain.ts';
import { resampleMetric } from '../../../../src/shared/study/test-bootstrap.ts';
import { balancedAccuracy, confusionMatrix, macroF1 } from '../../../../src/main/tasks/metrics/classification.ts';

/** Answers of a classifier that is right where `right` says so. */
function answered(labels: readonly number[], right: (example: number) => boolean, classCount = 2): AnsweredClasses {
  const predicted = labels.map((label, example) => (right(example) ? label : (label + 1) % classCount));
  return {
    kind: 'classes',
    labels,
    predicted,
    losses: predicted.map((one, example) => (one === labels[example] ? 0.1 : 2)),
    classCount,
  };
}

interface Simulation {
  readonly seeds: number;
  readonly examples: number;
  /** Standard deviations of what a seed, an example and a single answer add to the probability of being right. */
  readonly ofSeed: number;
  readonly ofExample: number;
  readonly trial: number;
}

const trueGain = 0.06;

/**
 * A study of two arms: an answer is right with a probability that is the arm's own, plus what the seed did for the arm, plus how
 * the example suits the arm. All are drawn anew in each trial, so that the gain to be covered is that of any seeds and examples.
 */
function simulate({ seeds, examples, ofSeed, ofExample, trial }: Simulation): SeedPair[] {
  const stream = randomStream(11, trial, seeds, examples);
  const labels = Array.from({ length: examples }, () => stream.integer(2));
  const arms = [0.6, 0.6 - trueGain].map((base) => {
    const byExample = labels.map(() => ofExample * stream.normal());
    return Array.from({ length: seeds }, () => {
      const bySeed = ofSeed * stream.normal();
      return answered(labels, (example) => stream.uniform() < base + bySeed + byExample[example]!);
    });
  });
  const runs = arms.flat();
  const resampled = resampleMetric(runs, 'accuracy', { resamples: 60, seed: trial });
  const ones = new Uint8Array(examples).fill(1);
  const values = runs.map((run) => weightedMetricOf(run, 'accuracy')!(ones));
  return Array.from({ length: seeds }, (_, seed) => ({
    first: values[seed]!,
    second: values[seeds + seed]!,
    resampled: { first: resampled[seed]!, second: resampled[seeds + seed]! },
  }));
}

function coverage(
  trials: number,
  intervalOf: (trial: number) => Gain['interval'],
  truth: (trial: number) => number = () => trueGain,
): number {
  let covered = 0;
  for (let trial = 0; trial < trials; trial += 1) {
    const interval = intervalOf(trial);
    if (interval && interval.low <= truth(trial) && truth(trial) <= interval.high) covered += 1;
  }
  return covered / trials;
}

describe('coverage of the 95 % interval in a simulated study', () => {
  // Where seeds decide, where examples do, and where both do.
  it.each([
    { ofSeed: 0.05, ofExample: 0.02, seeds: 5, examples: 120 },
    { ofSeed: 0.02, ofExample: 0.1, seeds: 5, examples: 120 },
    { ofSeed: 0.04, ofExample: 0.1, seeds: 5, examples: 120 },
    { ofSeed: 0.03, ofExample: 0.1, seeds: 10, examples: 80 },
  ])('is 93 to 97 % with seeds of $ofSeed and examples of $ofExample', (setting) => {
    const covered = coverage(700, (trial) => {
      const pairs = simulate({ ...setting, trial });
      return pairedGain(pairs, { testExamples: setting.examples }).interval;
    });
    expect(covered).toBeGreaterThanOrEqual(0.93);
    expect(covered).toBeLessThanOrEqual(0.97);
  });

  it('is too small over seeds alone where the test has few examples, which is why both are counted', () => {
    const covered = coverage(400, (trial) => {
      const pairs = simulate({ ofSeed: 0.01, ofExample: 0.15, seeds: 10, examples: 60, trial });
      return pairedGain(pairs, { testExamples: 60 }).overSeeds;
    });
    expect(covered).toBeLessThan(0.93);
  });

  it('is 93 to 97 % for splits that differ, by the correction of Nadeau and Bengio, and far less without it', () => {
    // Seeds whose tests overlap: correlated with ρ = share of the test, as the correction assumes.
    const share = 0.3;
    const pairsOf = (trial: number): SeedPair[] => {
      const stream = randomStream(13, trial);
      const common = Math.sqrt(share) * stream.normal();
      return Array.from({ length: 5 }, () => ({
        first: trueGain + 0.05 * (common + Math.sqrt(1 - share) * stream.normal()),
        second: 0,
      }));
    };
    const corrected = coverage(4000, (trial) => pairedGain(pairsOf(trial), { testFraction: share }).interval);
    expect(corrected).toBeGreaterThanOrEqual(0.93);
    expect(corrected).toBeLessThanOrEqual(0.97);
    expect(coverage(4000, (trial) => pairedGain(pairsOf(trial)).interval)).toBeLessThan(0.9);
  });

  it('is 93 to 97 % for the bootstrap over test examples, given the networks', () => {
    const probability = [0.7, 0.62];
    const covered = coverage(
      800,
      (trial) => {
        const stream = randomStream(19, trial);
        const labels = Array.from({ length: 150 }, () => stream.integer(2));
        const runs = probability.map((share) => answered(labels, () => stream.uniform() < share));
        const [first, second] = resampleMetric(runs, 'accuracy', { resamples: 200, seed: trial });
        return pairedGain([{ first: 0, second: 0, resampled: { first: first!, second: second! } }]).overExamples;
      },
      () => 0.08,
    );
    expect(covered).toBeGreaterThanOrEqual(0.93);
    expect(covered).toBeLessThanOrEqual(0.97);
  });
});

describe('a gain', () => {
  const values = [0.81, 0.84, 0.79, 0.83, 0.82];
  const others = [0.8, 0.82, 0.795, 0.81, 0.8];
  const pairs = values.map((first, index) => ({ first, second: others[index]! }));

  it("is Student's paired difference where answers were not kept", () => {
    const expected = meanInterval(pairs.map(({ first, second }) => first - second));
    const found = pairedGain(pairs);
    expect(found.gain).toBeCloseTo(0.013, 14);
    expect(found.interval?.low).toBeCloseTo(expected!.low, 12);
    expect(found.interval?.high).toBeCloseTo(expected!.high, 12);
    expect(found.overExamples).toBeNull();
    // SciPy's ttest_rel.
    const firsts = [0.812, 0.845, 0.79, 0.834, 0.82];
    const seconds = [0.801, 0.82, 0.795, 0.81, 0.8];
    const other = pairedGain(firsts.map((first, index) => ({ first, second: seconds[index]! })));
    expect(other.pValue).toBeCloseTo(0.05467253857659958, 10);
    const same = [1, 2].map((first) => ({ first, second: first }));
    expect(pairedGain(same)).toMatchObject({ gain: 0, pValue: 1 });
  });

  it('has (1/J + n₂/n₁) s² for the variance of splits that differ', () => {
    const found = pairedGain(pairs, { testFraction: 0.2 });
    const squares = variance(pairs.map(({ first, second }) => first - second));
    const margin = 2.776445105197799 * Math.sqrt((1 / 5 + 0.2 / 0.8) * squares); // t of 97.5 % with 4 degrees of freedom
    expect(found.interval!.high - found.gain).toBeCloseTo(margin, 10);
  });

  it('claims nothing from one seed', () => {
    expect(pairedGain([{ first: 0.9, second: 0.5 }])).toMatchObject({
      interval: null,
      overSeeds: null,
      pValue: null,
      uncertainty: null,
    });
    expect(() => pairedGain([])).toThrow(RangeError);
  });

  it('needs as many seeds as the spread asks for', () => {
    const uncertainty = { seedCount: 5, oneSeed: 0.02 ** 2, examples: 0, testExamples: 1000 };
    // Normal approximation: (1.96 + 0.84)² · s² / gain² = 7.8; Student's tails ask for a little more.
    expect(seedsToShow(0.02, uncertainty)).toBe(10);
    expect(seedsToShow(0.04, uncertainty)).toBeLessThan(6);
    expect(seedsToShow(0.02, { ...uncertainty, oneSeed: 0.04 ** 2 })).toBeGreaterThan(30);
    // The test alone is more uncertain than the gain: no number of seeds helps.
    expect(seedsToShow(0.02, { ...uncertainty, examples: 0.02 ** 2 })).toBeNull();
  });

  it('is shown with the promised power', () => {
    const spread = 0.03;
    const seeds = seedsToShow(0.02, { seedCount: 5, oneSeed: spread ** 2, examples: 0, testExamples: 1000 })!;
    const shown = Array.from({ length: 2000 }, (_, trial) => {
      const stream = randomStream(23, trial);
      const drawn = Array.from({ length: seeds }, () => ({ first: 0.02 + spread * stream.normal(), second: 0 }));
      return Number(pairedGain(drawn).interval!.low > 0);
    });
    expect(mean(shown)).toBeGreaterThan(0.76);
    expect(mean(shown)).toBeLessThan(0.84);
  });
});

describe('metrics of weighted examples', () => {
  it('are those of the examples written out as often as they count', () => {
    const stream = randomStream(5, 1);
    const labels = Array.from({ length: 40 }, () => stream.integer(4));
    const run = answered(labels, () => stream.uniform() < 0.6, 5); // the fifth class never occurs
    const { losses } = run;
    const weights = labels.map(() => stream.integer(3));
    const repeat = (list: ArrayLike<number>): number[] =>
      weights.flatMap((weight, example) => Array<number>(weight).fill(list[example]!));
    const matrix = confusionMatrix(repeat(run.labels), repeat(run.predicted), 5);
    expect(weightedMetricOf(run, 'macroF1')!(weights)).toBeCloseTo(macroF1(matrix), 12);
    expect(weightedMetricOf(run, 'balancedAccuracy')!(weights)).toBeCloseTo(balancedAccuracy(matrix), 12);
    expect(weightedMetricOf(run, 'loss')!(weights)).toBeCloseTo(mean(repeat(losses!)), 12);
    const right = repeat(run.labels).filter((label, index) => label === repeat(run.predicted)[index]).length;
    expect(weightedMetricOf(run, 'accuracy')!(weights)).toBeCloseTo(right / repeat(run.labels).length, 12);
  });

  it('are resampled alike for all runs, and the same for the same seed', () => {
    const labels = Array.from({ length: 30 }, (_, index) => index % 2);
    const run = answered(labels, (example) => example % 3 > 0);
    const [first, second] = resampleMetric([run, run], 'accuracy', { resamples: 50 });
    expect(first).toEqual(second);
    expect(resampleMetric([run], 'accuracy', { resamples: 50 })[0]).toEqual(first);
    expect(variance(first!.values)).toBeCloseTo((2 / 9 / 30) * 1, 2);
    expect(() => resampleMetric([run, answered([0], () => true)], 'accuracy')).toThrow(RangeError);
  });
});

describe('stopping for futility', () => {
  const spread = 0.03;
  const planned = 8;
  /** A study that stops where there is little chance left, and claims nothing then. */
  function study(truth: number, trial: number): { readonly seeds: number; readonly claims: boolean } {
    const stream = randomStream(37, trial);
    const pairs: SeedPair[] = [];
    for (;;) {
      pairs.push({ first: truth + spread * stream.normal(), second: 0 });
      if (pairs.length < 3) continue;
      const { gain, interval, uncertainty } = pairedGain(pairs);
      if (pairs.length === planned) return { seeds: planned, claims: interval!.low > 0 || interval!.high < 0 };
      if (chanceToShow(gain, uncertainty!, planned) < 0.1) return { seeds: pairs.length, claims: false };
    }
  }
  const outcomes = (truth: number) => Array.from({ length: 4000 }, (_, trial) => study(truth, trial));

  it('saves seeds where there is no gain, and makes no false claim more likely', () => {
    const found = outcomes(0);
    expect(mean(found.map(({ claims }) => Number(claims)))).toBeLessThan(0.055);
    expect(mean(found.map(({ seeds }) => seeds))).toBeLessThan(6.5);
  });

  it('seldom stops where there is a clear gain', () => {
    const found = outcomes(0.06);
    expect(mean(found.map(({ claims }) => Number(claims)))).toBeGreaterThan(0.93);
  });

  it('knows at the end what was shown', () => {
    const uncertainty = { seedCount: 5, oneSeed: 0.02 ** 2, examples: 0, testExamples: 100 };
    expect(chanceToShow(0.1, uncertainty, 5)).toBe(1);
    expect(chanceToShow(0.001, uncertainty, 5)).toBe(0);
    expect(chanceToShow(0.02, uncertainty, 10)).toBeGreaterThan(chanceToShow(0.01, uncertainty, 10));
  });
});
