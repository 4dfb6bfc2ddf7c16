// How long a run would take: from runs of the same network, from others, and from the machine's speed before there are any.
import { describe, expect, it, vi } from 'vitest';
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

  it('counts evaluations on the way by their number, and what comes once whatever the length', () => {
    const known = run(1, 1);
    // 50 steps took 50 s, ten evaluations on the way 20 s, those at the end 3 s, baselines 30 s, compiling 4 s, opening 2 s.
    Object.assign(known.result!.seconds, { monitoring: 20, evaluation: 3, baselines: 30, compilation: 4, other: 2 });
    const seconds = (changes: object = {}) => estimateSeconds([known], experimentOf(changes), plan).seconds;
    expect(seconds()).toBe(100 + 20 + 3 + 30 + 4 + 2);
    expect(seconds({ evaluation: { baselines: false } })).toBe(100 + 20 + 3 + 4 + 2);
    expect(seconds({ training: { steps: 100, batchSize: 8, evaluateEvery: 50 } })).toBe(100 + 4 + 3 + 30 + 4 + 2);
    // Of another task nothing is known of the baselines; an evaluation is worth two steps.
    const other = { task: { type: 'next-word' } };
    expect(estimateSeconds([known], experimentOf(other), plan)).toEqual({
      seconds: 100 + 2 * (10 + 2) + 4 + 2,
      basis: 'other-runs',
    });
  });

  it('takes an evaluation of a run that was taken up again to be as long as those at its end', () => {
    const known = run(1, 1);
    Object.assign(known.result!.seconds, { evaluation: 6 });
    expect(estimateSeconds([known], experimentOf(), plan).seconds).toBe(100 + 10 * 3 + 6);
  });

  it('takes others in proportion to the arithmetic of a step where they counted it', () => {
    const known = run(1, 1, { training: { steps: 10, batchSize: 16 } }, 4);
    Object.assign(known.result!, { flopsPerStep: 6e9 }); // twice that of the plan
    expect(estimateSeconds([known], experimentOf(), plan)).toEqual({ seconds: 50, basis: 'other-runs' });
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
    expect(
      seconds({ evaluation: { test: false }, training: { steps: 100, batchSize: 8, gradientAccumulationSteps: 2 } }),
    ).toBe(3 * (100 + 10));
  });

  it('says on what it is based, and that there is none where nothing could be measured', () => {
    expect(estimateFromSpeed(1e9, experimentOf(), plan).basis).toBe('machine');
    expect(estimateFromSpeed(null, experimentOf(), plan)).toEqual({ seconds: null, basis: 'none' });
  });
});

describe('the speed of a machine', () => {
  /**
   * Of a training step of the networks that are measured, counted by hand: two operations for each product, three times (forward, and
   * backward to weights and to inputs) but for what reads data, whose gradient nobody asks for. Elementwise ops are a few percent.
   */
  const flops = {
    // Two layers of a width of 128 over 8 × 64 tokens: projections, attention among 64 positions, feed-forward of 512.
    tokens: 3 * 8 * 64 * 2 * 2 * (4 * 128 ** 2 + 2 * 64 * 128 + 2 * 128 * 512),
    // Convolutions of 5 × 5 and 3 × 3 on maps of 32², 16², 8² and 8², and an embedding, for 16 images.
    image:
      16 * 2 * (2 * 32 ** 2 * 25 * 3 * 32 + 3 * 9 * (16 ** 2 * 32 * 64 + 8 ** 2 * (64 * 96 + 96 * 96)) + 3 * 384 * 256),
    // An LSTM of 96 in both directions over 16 steps of three frames of 40, for 16 recordings.
    frames: 16 * 16 * 2 * 2 * (2 * 4 * 96 * 120 + 3 * 4 * 96 * 96),
  };

  it.each(['tokens', 'image', 'frames'] as const)('is measured with a network that reads %s', async (kind) => {
    // A clock that goes on by so much whenever it is looked at: each step takes that long.
    const speedAt = async (milliseconds: number): Promise<number> => {
      let time = 0;
      const clock = vi.spyOn(performance, 'now').mockImplementation(() => (time += milliseconds));
      const speed = await measureSpeed({ engine: 'onnxruntime', kind });
      clock.mockRestore();
      return speed;
    };
    const speed = await speedAt(1); // a millisecond a step
    expect(speed / 1000 / flops[kind]).toBeCloseTo(1.02, 1);
    expect(await speedAt(10)).toBeCloseTo(speed / 10, 0);
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
