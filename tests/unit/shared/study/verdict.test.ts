// The verdict of a study: who is said to have won, and when nothing is claimed.
import { describe, expect, it } from 'vitest';
import { randomStream } from '../../../../src/shared/random.ts';
import { mean } from '../../../../src/shared/stats.ts';
import { pairedGain } from '../../../../src/shared/study/gain.ts';
import type { Verdict } from '../../../../src/shared/study/verdict.ts';
import { gainSentence, headlineOf, settingsWords, verdictOf } from '../../../../src/shared/study/verdict.ts';

function verdict(
  values: Readonly<Record<string, readonly number[]>>,
  direction: 'minimise' | 'maximise' = 'maximise',
): Verdict {
  const found = verdictOf({
    condition: '50-labels',
    direction,
    arms: Object.entries(values).map(([name, list]) => ({ name, title: name, mean: mean(list) })),
    gainOf(arm, other, confidence) {
      const [ours, theirs] = direction === 'maximise' ? [values[arm]!, values[other]!] : [values[other]!, values[arm]!];
      return pairedGain(
        ours.map((first, seed) => ({ first, second: theirs[seed]! })),
        { confidence },
      );
    },
  });
  return found!;
}

const spread = (centre: number, size: number) => [-2, -1, 0, 1, 2].map((step) => centre + (size * step) / 2);
/** The same spread in another order, so that differences have one too. */
const other = (centre: number, size: number) => [1, -2, 2, 0, -1].map((step) => centre + (size * step) / 2);

describe('the verdict', () => {
  it('names the winner, also when it is the baseline', () => {
    const found = verdict({ pretrained: spread(0.41, 0.01), tfIdf: other(0.44, 0.01), scratch: spread(0.33, 0.01) });
    expect(found).toMatchObject({ kind: 'winner', leader: 'tfIdf', rival: 'pretrained' });
    expect(found.sentence).toMatch(
      /^tfIdf wins with 50 labels: 0\.440 against 0\.410 of pretrained \(difference \+0\.030, 95 % CI \+0\.0\d+ to \+0\.0\d+/,
    );
  });

  it('calls the one condition of a study without conditions all labels', () => {
    const words = gainSentence({ gain: 0.1, interval: null, uncertainty: null }, 'pretrained', 'scratch', 'all');
    expect(words).toContain('with all labels: +0.100');
  });

  it('wins by a loss that is smaller', () => {
    const found = verdict({ pretrained: spread(1.2, 0.01), scratch: other(1.6, 0.01) }, 'minimise');
    expect(found).toMatchObject({ kind: 'winner', leader: 'pretrained' });
    expect(found.difference).toBeCloseTo(0.4, 10);
  });

  it('is inconclusive where an interval includes 0, and says how many seeds would do', () => {
    const found = verdict({ pretrained: spread(0.44, 0.02), tfIdf: other(0.43, 0.02), scratch: spread(0.3, 0.01) });
    expect(found).toMatchObject({ kind: 'inconclusive', leader: 'pretrained', rival: 'tfIdf' });
    expect(found.seedsNeeded).toBeGreaterThan(5);
    expect(found.sentence).toContain('No clear winner with 50 labels: pretrained 0.440, tfIdf 0.430');
    expect(found.sentence).toContain(`${found.seedsNeeded} seeds would show a gain of 0.02`);
  });

  it('claims nothing from one seed', () => {
    const found = verdict({ pretrained: [0.9], scratch: [0.1] });
    expect(found.kind).toBe('one-seed');
    expect(found.sentence).toContain('Add seeds');
  });

  it('shares its confidence among the comparisons: of equal arms one is said to win in fewer than 5 % of studies', () => {
    const trials = 1500;
    let claimed = 0;
    for (let trial = 0; trial < trials; trial += 1) {
      const stream = randomStream(31, trial);
      const arm = () => Array.from({ length: 5 }, () => 0.5 + 0.05 * stream.normal());
      const found = verdict({ a: arm(), b: arm(), c: arm(), d: arm() });
      if (found.kind === 'winner') claimed += 1;
    }
    expect(claimed / trials).toBeLessThan(0.05);
  });

  it('has nothing to say of one arm', () => {
    const alone = { condition: 'all', direction: 'maximise' as const, arms: [{ name: 'a', title: 'a', mean: 1 }] };
    expect(verdictOf({ ...alone, gainOf: () => pairedGain([{ first: 1, second: 1 }]) })).toBeUndefined();
  });
});

describe('the headline', () => {
  const titleOf = (arm: string): string => `arm ${arm}`;
  const gain = (low: number, high: number) => ({
    title: 'pretrained',
    reference: 'from scratch',
    interval: { low, high, confidence: 0.95 },
  });

  it('names the winner, whatever pretraining gained', () => {
    expect(headlineOf({ kind: 'winner', leader: 'words', rival: 'a' }, titleOf, gain(0.1, 0.2))).toBe('Arm words wins');
  });

  it('answers the question of the study where no arm wins', () => {
    const open = { kind: 'inconclusive', leader: 'a', rival: 'words' } as const;
    const titles = (arm: string): string => ({ a: 'pretrained' })[arm] ?? `arm ${arm}`;
    expect(headlineOf(open, titles, gain(0.01, 0.1))).toBe('Pretrained beats from scratch, but not clearly arm words');
    const beaten = { ...open, leader: 'words', rival: 'a' };
    expect(headlineOf(beaten, titles, gain(0.01, 0.1))).toBe(
      'Pretrained beats from scratch, but not clearly arm words',
    );
    expect(headlineOf(open, titles, gain(-0.2, -0.1))).toBe('Pretrained is worse than from scratch; no arm wins');
  });

  it('claims nothing from an interval with 0, before all seeds, from one seed, or without a pretrained arm', () => {
    const open = { kind: 'inconclusive', leader: 'a', rival: 'b' } as const;
    expect(headlineOf(open, titleOf, gain(0, 0.1))).toBe('Inconclusive');
    expect(headlineOf(open, titleOf, gain(0.01, 0.1), true)).toBe('Inconclusive');
    expect(headlineOf(open, titleOf, undefined)).toBe('Inconclusive');
    expect(headlineOf({ kind: 'one-seed', leader: 'a', rival: 'words' }, titleOf, gain(0.1, 0.2))).toBe('One seed');
  });
});

describe('sentences', () => {
  it('tell what pretraining gained', () => {
    const of = (low: number, high: number) => ({
      gain: (low + high) / 2,
      interval: { low, high, confidence: 0.95 },
      uncertainty: { seedCount: 5, oneSeed: 0.02 ** 2, examples: 0, testExamples: 100 },
    });
    expect(gainSentence(of(0.02, 0.06), 'pretrained', 'scratch', '50-labels')).toBe(
      'Pretrained against scratch with 50 labels: +0.040 (95 % CI +0.020 to +0.060): better.',
    );
    expect(gainSentence(of(-0.06, -0.02), 'pretrained', 'scratch', '50-labels')).toContain('worse');
    expect(gainSentence(of(-0.02, 0.06), 'pretrained', 'scratch', '50-labels')).toContain(
      'inconclusive. With this spread, 10 seeds would show a gain of 0.02.',
    );
  });

  it('show settings by their last name', () => {
    expect(settingsWords({ 'training.learningRate': 0.001, 'task.pooling': 'mean' })).toBe(
      'learningRate 0.001, pooling mean',
    );
  });
});
