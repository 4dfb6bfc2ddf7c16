// Studies of ten thousand runs: what is done for every run must not look at all the others, or it takes hours.
import { describe, expect, it } from 'vitest';
import type { RunResult } from '../../../src/shared/spec/run/result.ts';
import { mean } from '../../../src/shared/stats.ts';
import { parseSpecText } from '../../../src/main/runs/spec-file.ts';
import type { StudyCell } from '../../../src/main/runs/study-plan.ts';
import { parseStudy, planStudy } from '../../../src/main/runs/study-plan.ts';
import { isRunOf } from '../../../src/main/runs/find-runs.ts';
import type { FinishedCell } from '../../../src/main/runs/study-summary.ts';
import { summariseStudy } from '../../../src/main/runs/study-summary.ts';
import { animalsStudy } from '../../tiny-study.ts';

const seeds = Array.from({ length: 2500 }, (_, index) => index + 1);

function plan(of: readonly number[], more = ''): readonly StudyCell[] {
  const source = parseSpecText(animalsStudy('large', of, more), 'study.yaml');
  return planStudy(parseStudy(source), source);
}

describe('a plan of many seeds', () => {
  it.each(['', 'splits: per-seed', 'tune: {training.learningRate: [1e-3, 1e-2]}\ntuneOn: every-seed'])(
    'has the experiments that each seed has alone (%s)',
    (more) => {
      const all = plan(seeds, more);
      expect(all).toHaveLength(10_000);
      expect(new Set(all.map(({ experiment }) => experiment.name)).size).toBe(10_000);
      for (const seed of [1, 2, 1234, 2500]) {
        const own = all.filter((cell) => cell.seed === seed);
        expect(own).toEqual(plan([seed], more));
      }
    },
  );

  it('tells runs of one seed from those of another', () => {
    const [first, second] = plan([1, 2]);
    expect(isRunOf(structuredClone(first!.experiment), first!.experiment)).toBe(true);
    expect(isRunOf({ ...first!.experiment, name: second!.experiment.name }, second!.experiment)).toBe(false);
    // As a lab of before wrote it: without what has a default.
    const { freeze: _freeze, ...old } = first!.experiment;
    expect(isRunOf(old, first!.experiment)).toBe(true);
  });
});

/** With values that the seed, the arm and the condition say. */
function finished({ condition, arm, seed }: StudyCell): FinishedCell {
  const value = 0.5 + (arm === 'pretrained' ? 0.1 : 0) + (condition === '40-labels' ? 0.2 : 0) + (seed % 100) / 1000;
  const result: RunResult = {
    formatVersion: 1,
    id: `${condition}.${arm}.${seed}`,
    name: 'large',
    finishedAt: '2026-01-01T00:00:00.000Z',
    reason: 'steps',
    steps: 6,
    bestStep: 6,
    selection: { metric: 'accuracy', direction: 'maximise' },
    validation: { metrics: { accuracy: value } },
    test: { metrics: { accuracy: value } },
    examples: { training: condition === '40-labels' ? 40 : 10, validation: 10, test: 20 },
    baselines: [],
    parameters: { total: 1, trainable: 1 },
    engine: { name: 'onnxruntime', device: 'cpu', deviceName: 'none', threads: 1 },
    seconds: { training: 1, evaluation: 0, baselines: 0, compilation: 0 },
    examplesPerSecond: 48,
  };
  return { cell: { condition, arm, seed }, result };
}

it('sums up ten thousand runs', () => {
  const source = parseSpecText(animalsStudy('large', seeds), 'study.yaml');
  const study = parseStudy(source);
  const cells = planStudy(study, source).map(finished);
  const { arms, gains, labelsSaved, runs } = summariseStudy(study, cells);
  expect(runs).toHaveLength(10_000);
  expect(arms.map(({ condition, arm, mean: found }) => [condition, arm, found])).toEqual(
    ['10-labels', '40-labels'].flatMap((condition) =>
      ['pretrained', 'scratch'].map((arm) => {
        const own = cells.filter(({ cell }) => cell.condition === condition && cell.arm === arm);
        return [condition, arm, mean(own.map(({ result }) => result.test!.metrics.accuracy!))];
      }),
    ),
  );
  for (const { gain } of gains) expect(gain).toBeCloseTo(0.1, 12);
  expect(labelsSaved.map(({ condition }) => condition)).toEqual(['10-labels', '40-labels']);
  // Half-way between the budgets on a logarithmic scale of labels.
  expect(labelsSaved[0]!.needed).toMatchObject({ bound: 'exact', labels: expect.closeTo(20, 6) });
});
