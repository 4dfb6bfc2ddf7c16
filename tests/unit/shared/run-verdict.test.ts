// What a run's course means: each rule where it holds, where it just does not, and which comes first.
import { describe, expect, it } from 'vitest';
import type { RunCourse } from '../../../src/shared/run-verdict.ts';
import { runVerdicts } from '../../../src/shared/run-verdict.ts';

const curve = (values: readonly (number | null)[], every = 10) => ({
  steps: values.map((_, index) => (index + 1) * every),
  values,
});
const noise = (index: number): number => (((index * 7919) % 11) - 5) / 100;
const falling = (count: number, floor = 1): number[] =>
  Array.from({ length: count }, (_, index) => floor + 3 * Math.exp(-index / (count / 6)) + noise(index));

const good: RunCourse = {
  training: curve(falling(100)),
  validation: curve([3, 2, 1.5, 1.3, 1.25, 1.24, 1.24, 1.239, 1.239, 1.239], 100),
  metrics: { accuracy: 0.8, loss: 1.239 },
  baselines: [
    { name: 'unigram', metrics: { accuracy: 0.3, loss: 4 } },
    { name: 'majority', metrics: { accuracy: 0.1 } },
  ],
  learningRate: 3e-3,
};
const kinds = (course: Partial<RunCourse>) => runVerdicts({ ...good, ...course }).map(({ kind }) => kind);
const first = (course: Partial<RunCourse>) => runVerdicts({ ...good, ...course })[0]!;

describe('the verdict on a run', () => {
  it('names the best baseline that it beats', () => {
    expect(runVerdicts(good)).toEqual([
      { kind: 'ahead', sentence: 'Better than the baseline “unigram”: accuracy 80.0 % against 30.0 %.', advice: '' },
    ]);
  });

  it('writes a metric as it stands within a sentence', () => {
    const told = (metric: string) =>
      first({ metrics: { [metric]: 3 }, baselines: [{ name: 'e', metrics: { [metric]: 2 } }] }).sentence;
    expect(told('rmse')).toContain('RMSE 3.000');
    expect(told('macroF1')).toContain('macro F1 3.000');
  });

  it('is no better than a baseline where it is as good or worse, with a metric of which less is better as well', () => {
    const { kind, sentence, advice } = first({ metrics: { accuracy: 0.3, loss: 4 } });
    expect([kind, sentence]).toEqual([
      'below-baseline',
      'No better than the baseline “unigram”: accuracy 30.0 % against 30.0 %.',
    ]);
    expect(advice).toMatch(/^Train longer, raise/);
    const read = {
      metrics: { characterErrorRate: 0.9 },
      baselines: [{ name: 'e', metrics: { characterErrorRate: 0.8 } }],
    };
    expect(first(read).kind).toBe('below-baseline');
    expect(kinds({ ...read, metrics: { characterErrorRate: 0.7 } })).toEqual(['ahead']);
    expect(kinds({ metrics: { loss: 5 }, baselines: [{ name: 'unigram', metrics: { loss: 4 } }] })).toEqual([
      'below-baseline',
    ]);
  });

  it('says nothing of baselines before the end, or where nothing can be compared', () => {
    expect(kinds({ metrics: null })).toEqual([]);
    expect(kinds({ baselines: [] })).toEqual([]);
    const perfect = (metric: string, value: number) =>
      kinds({ metrics: { [metric]: value }, baselines: [{ name: 'e', metrics: { [metric]: value } }] });
    expect([perfect('accuracy', 1), perfect('characterErrorRate', 0)]).toEqual([[], []]); // nothing is left to gain
    expect(perfect('accuracy', 0.99)).toEqual(['below-baseline']);
    expect(kinds({ metrics: { accuracy: null } })).toEqual([]);
  });

  it('finds overfitting by a validation loss that rises while the training loss falls, and since when', () => {
    const validation = curve([3, 2, 1.5, 1.52, 1.6, 1.7], 100);
    const training = curve(Array.from({ length: 60 }, (_, index) => 3 - index / 30 + noise(index)));
    const { sentence, advice } = first({ validation, training, metrics: null });
    expect(sentence).toBe(
      'Overfitting since step 300: the validation loss rose from 1.500 to 1.700 while the training loss fell.',
    );
    expect(advice).toContain('step 300');
    expect(kinds({ validation: curve([3, 2, 1.5, 1.52, 1.53, 1.55], 100), training, metrics: null })).toEqual([]);
    expect(kinds({ validation: curve([3, 2, 1.5, 1.7], 100), training, metrics: null })).toEqual([]); // one is noise
    const flat = curve(Array.from({ length: 60 }, (_, index) => 2 + noise(index)));
    expect(kinds({ validation, training: flat, metrics: null })).toEqual([]);
  });

  it('finds a learning rate that is too high, by a loss that rises for good or is no number', () => {
    const risen = [...falling(60), ...Array.from({ length: 40 }, (_, index) => 3.5 + noise(index))];
    const { kind, sentence, advice } = first({ training: curve(risen), metrics: null });
    expect(kind).toBe('diverged');
    expect(sentence).toMatch(/^The learning rate is too high: the training loss rose from 1\.\d+ at step \d+ to 3\.5/);
    expect(advice).toBe('Take a third of it: 0.001.');
    const broken = curve([...falling(30), null, null, null]);
    expect(first({ training: broken, metrics: null }).sentence).toBe(
      'The learning rate is too high: from step 310 on, the training loss was no number.',
    );
    const spike = falling(100).map((value, index) => (index === 60 ? 50 : value));
    expect(kinds({ training: curve(spike), metrics: null })).toEqual([]);
    expect(kinds({ training: curve([1, 2, 3]), metrics: null })).toEqual([]); // too short to tell
  });

  it('says that more steps would gain more where the loss still falls at the end', () => {
    const validation = curve([4, 3.5, 3, 2.6, 2.2, 1.9], 100);
    expect(kinds({ validation })).toEqual(['ahead', 'unfinished']);
    expect(first({ validation, metrics: { accuracy: 0.2 } }).advice).toBe('Train longer: the loss was still falling.');
  });
});
