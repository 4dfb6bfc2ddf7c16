// How long a run would take: from runs of the same network, from others, and from the machine's speed before there are any.
import { describe, expect, it } from 'vitest';
import { estimateFromSpeed, estimateSeconds } from '../../../src/main/lab/estimate.ts';
import { parseExperiment } from '../../../src/main/runs/experiment.ts';
import { measureSpeed, rememberSpeeds } from '../../../src/main/runs/machine-speed.ts';
import type { RunRecord } from '../../../src/main/lab/store/run-record.ts';

const experimentOf = (changes: object = {}) =>
  parseExperiment({
    value: {
      name: 'words',
      task: { type: 'masked-words' },
      data: 'brown',
      pipeline: { preset: 'bert-tiny' },
      training: { steps: 100, batchSize: 8 },
      ...changes,
    },
    locate: () => 'experiment',
  });

const plan = {
  totalSteps: 100,
  parameters: { total: 1000, trainable: 1000 },
  evaluationBatches: { validation: 6, test: 30 },
  flopsPerStep: 3e9,
};

/** A run that took so many seconds a step. */
function run(perStep: number, createdAt: number, changes: object = {}, parameters = 1000): RunRecord {
  const seconds = { training: perStep * 50, evaluation: 0, baselines: 0, compilation: 0 };
  const record = {
    createdAt,
    spec: experimentOf(changes),
    result: { steps: 50, seconds, parameters: { total: parameters } },
  };
  return record as unknown as RunRecord; // all that is read of it
}

describe('an estimate from runs', () => {
  it('takes the median of runs of the same network and batch, whatever others took', () => {
    const other = run(99, 4, { training: { steps: 10, batchSize: 16 } });
    expect(estimateSeconds([run(1, 1), run(5, 2), run(2, 3), other], experimentOf(), plan)).toEqual({
      seconds: 200,
      basis: 'same-network',
    });
  });

  it('takes others in proportion to parameters and examples', () => {
    const half = run(1, 1, { training: { steps: 10, batchSize: 16 } }, 250); // 2 × examples, ¼ of the parameters
    expect(estimateSeconds([half], experimentOf(), plan)).toEqual({ seconds: 200, basis: 'other-runs' });
  });

  it('has none without runs that came to an end', () => {
    const unfinished = { ...run(1, 1), result: null };
    expect(estimateSeconds([unfinished], experimentOf(), plan)).toEqual({ seconds: null, basis: 'none' });
  });
});

describe('an estimate from the speed of the machine', () => {
  const seconds = (changes: object = {}) => estimateFromSpeed(2e9, experimentOf(changes), plan).seconds;

  it('counts steps, evaluations on the way and the test, a forward pass as a third of a step', () => {
    // 100 steps and (10 × 6 + 30) thirds of a step, of 3 GFLOP each, twice at 2 GFLOP a second.
    expect(seconds()).toBe(3 * (100 + 30));
    expect(seconds({ evaluation: { test: false } })).toBe(3 * (100 + 20));
    expect(seconds({ evaluation: { test: false, maximumBatches: 3 } })).toBe(3 * (100 + 10));
    expect(seconds({ evaluation: { test: false, batchSize: 16 } })).toBe(3 * (100 + 40));
    expect(seconds({ evaluation: { test: false }, training: { steps: 100, batchSize: 8, evaluateEvery: 50 } })).toBe(
      3 * (100 + 4),
    );
    // Two micro-batches in a step: an evaluation batch is half of a third.
    expect(seconds({ evaluation: { test: false }, training: { steps: 100, batchSize: 8, accumulation: 2 } })).toBe(
      3 * (100 + 10),
    );
  });

  it('says on what it is based, and that there is none where nothing could be measured', () => {
    expect(estimateFromSpeed(1e9, experimentOf(), plan).basis).toBe('machine');
    expect(estimateFromSpeed(null, experimentOf(), plan)).toEqual({ seconds: null, basis: 'none' });
  });
});

describe('the speed of a machine', () => {
  it.each(['tokens', 'image', 'frames'] as const)('is measured with a network that reads %s', async (kind) => {
    const speed = await measureSpeed({ engine: 'onnxruntime', kind });
    expect(speed).toBeGreaterThan(1e6); // a machine of 1980; what matters is that steps were taken
    expect(speed).toBeLessThan(1e18);
  });

  it('is measured once for each engine, device and kind, and again after a failure', async () => {
    const asked: string[] = [];
    const speedOf = rememberSpeeds(({ device = 'cpu', kind }) => {
      asked.push(`${device} ${kind}`);
      return device === 'broken' && asked.length < 3 ? Promise.reject(new Error('no driver')) : Promise.resolve(7e9);
    });
    const question = { engine: 'onnxruntime', kind: 'tokens' } as const;
    expect(await Promise.all([speedOf(question), speedOf(question)])).toEqual([7e9, 7e9]);
    expect(await speedOf({ ...question, device: 'broken' })).toBeNull();
    expect(await speedOf({ ...question, device: 'broken' })).toBe(7e9);
    expect(await speedOf({ ...question, kind: 'image' })).toBe(7e9);
    expect(asked).toEqual(['cpu tokens', 'broken tokens', 'broken tokens', 'cpu image']);
  });
});
