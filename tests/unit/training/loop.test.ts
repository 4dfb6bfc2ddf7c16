import { describe, expect, it } from 'vitest';
import type { NewRunEvent } from '../../../src/shared/spec/run/events.ts';
import type { Executable, StepOptions } from '../../../src/main/engines/engine.ts';
import type { TrainingProgress } from '../../../src/main/training/checkpoints.ts';
import { initialProgress } from '../../../src/main/training/checkpoints.ts';
import type { TrainingJob, TrainingPlan } from '../../../src/main/training/loop.ts';
import { train } from '../../../src/main/training/loop.ts';

const plan: TrainingPlan = {
  totalSteps: 10,
  batchSize: 4,
  gradientAccumulationSteps: 1,
  seed: 9,
  schedule: (step) => 0.1 / (step + 1),
  evaluateEvery: 4,
  checkpointEvery: 5,
  logEvery: 3,
  patience: Infinity,
  minimumDelta: 0,
  mode: 'min',
};

interface Recorded {
  readonly job: TrainingJob;
  readonly events: NewRunEvent[];
  readonly steps: { readonly batches: number[]; readonly options: StepOptions }[];
  readonly saved: TrainingProgress[];
}

/** An executable that computes nothing: the loss of step n is 1 / n unless `losses` says otherwise. */
function record(
  changes: Partial<TrainingPlan> = {},
  metrics: readonly number[] = [3, 2, 1],
  more: Partial<TrainingJob> & { badStep?: number; overflows?: readonly number[]; from?: number } = {},
): Recorded {
  const events: NewRunEvent[] = [];
  const steps: Recorded['steps'] = [];
  const saved: TrainingProgress[] = [];
  let nextBatch = more.from ?? 0;
  let evaluations = 0;
  const executable: Pick<Executable, 'step'> = {
    step: async (batches, options) => {
      steps.push({ batches: batches.map(({ index }) => index?.[0] ?? NaN), options });
      if (more.overflows?.includes(options.step)) {
        return { scalars: { loss: 5 }, gradientNorm: Infinity, finite: true, skipped: true, lossScale: 8 };
      }
      const finite = options.step !== more.badStep;
      return { scalars: { loss: finite ? 1 / (options.step + 1) : NaN }, gradientNorm: 2, finite };
    },
  };
  const job: TrainingJob = {
    plan: { ...plan, ...changes },
    executable: executable as Executable, // the loop only steps
    batches: { next: async () => ({ index: Int32Array.of(nextBatch++) }), close: () => Promise.resolve() },
    evaluate: async () => {
      const selected = metrics[evaluations++] ?? NaN;
      return { selected, metrics: { loss: selected } };
    },
    save: async (progress) => {
      saved.push(progress);
      return `step-${progress.step}`;
    },
    emit: (event) => events.push(event),
    signal: new AbortController().signal,
    ...more,
  };
  return { job, events, steps, saved };
}

describe('the loop', () => {
  it('steps with the schedule, the seed and consecutive batches', async () => {
    const { job, steps } = record({ gradientAccumulationSteps: 2 });
    const outcome = await train(job, initialProgress);
    expect(outcome).toMatchObject({ status: 'finished', progress: { step: 10, updates: 10, stoppedEarly: false } });
    expect(steps.map(({ batches }) => batches)).toEqual(
      Array.from({ length: 10 }, (_, step) => [2 * step, 2 * step + 1]),
    );
    expect(steps.map(({ options }) => options)).toEqual(
      Array.from({ length: 10 }, (_, step) => ({ learningRate: 0.1 / (step + 1), seed: 9, step })),
    );
  });

  it('logs means, evaluates and saves when it should, and at the end', async () => {
    const { job, events, saved } = record();
    await train(job, initialProgress);
    const seen = events.map(({ type, step }) => `${type} ${step}`);
    expect(seen).toEqual([
      'step 3', 'evaluation 4', 'checkpoint 4', 'checkpoint 5', 'step 6', 'evaluation 8', 'checkpoint 8', 'step 9', 'step 10', 'evaluation 10',
      'checkpoint 10', 'finished 10',
    ]); // prettier-ignore
    expect(events[0]).toMatchObject({
      scalars: { loss: expect.closeTo((1 + 1 / 2 + 1 / 3) / 3, 12) },
      gradientNorm: 2,
      learningRate: 0.1 / 3,
    });
    expect(saved.map(({ step, selection }) => [step, selection.bestStep])).toEqual([[4, 4], [5, 4], [8, 8], [10, 10]]); // prettier-ignore
  });

  it('marks only improvements as best, and saves none for the others', async () => {
    const { job, events, saved } = record({ checkpointEvery: 10 }, [3, 5, 4]);
    await train(job, initialProgress);
    expect(events.filter(({ type }) => type === 'evaluation').map((event) => 'best' in event && event.best)).toEqual([
      true,
      false,
      false,
    ]);
    expect(saved.map(({ step, selection }) => [step, selection.bestStep])).toEqual([[4, 4], [10, 4]]); // prettier-ignore
  });

  it('stops early when the metric has not improved, and stays stopped', async () => {
    const { job, events, saved } = record({ patience: 1 }, [3, 5, 4]);
    const { progress } = await train(job, initialProgress);
    expect(progress).toMatchObject({ step: 8, stoppedEarly: true, selection: { best: 3, bestStep: 4 } });
    expect(events.at(-1)).toEqual({ type: 'finished', step: 8, reason: 'early-stopping' });
    const again = record({ patience: 1 });
    expect(await train(again.job, saved.at(-1)!)).toMatchObject({ status: 'finished', progress: { step: 8 } });
    expect(again.steps).toEqual([]);
  });

  it('has not stopped early when the last step was the last one anyway', async () => {
    const { job, events } = record({ patience: 1 }, [3, 2, 5]);
    await train(job, initialProgress);
    expect(events.at(-1)).toEqual({ type: 'finished', step: 10, reason: 'steps' });
  });

  it('stops at a checkpoint when asked to, and goes on from there', async () => {
    const controller = new AbortController();
    const first = record({}, [3, 2, 1], {
      signal: controller.signal,
      onStep: (step) => { if (step === 6) controller.abort(); },
    }); // prettier-ignore
    const { status, progress } = await train(first.job, initialProgress);
    expect([status, progress.step, first.saved.map(({ step }) => step).at(-1)]).toEqual(['stopped', 6, 6]);
    expect(first.events.at(-1)).toEqual({ type: 'stopped', step: 6 });
    const second = record({}, [2, 1], { from: 6 });
    expect(await train(second.job, progress)).toMatchObject({ status: 'finished', progress: { step: 10 } });
    const whole = record();
    await train(whole.job, initialProgress);
    expect([...first.steps, ...second.steps]).toEqual(whole.steps);
  });

  it('ends with the step, the batch and the last good checkpoint when the loss is not finite', async () => {
    const { job, saved } = record({ gradientAccumulationSteps: 2 }, [3, 2, 1], { badStep: 6 });
    await expect(train(job, initialProgress)).rejects.toMatchObject({
      code: 'non-finite',
      message: expect.stringMatching(/Step 7: loss is NaN \(batches 12 to 13 of seed 9\).*step-5/),
      details: { step: 6, seed: 9, batch: 12, checkpoint: 'step-5' },
    });
    expect(saved.map(({ step }) => step).at(-1)).toBe(5);
  });

  it('goes on after steps that overflowed in half precision, and counts no update for them', async () => {
    const { job, events, steps } = record({}, [3, 2, 1], { overflows: [0, 1, 2, 4] });
    const outcome = await train(job, initialProgress);
    expect(outcome.progress).toMatchObject({ step: 10, updates: 6 });
    expect(steps).toHaveLength(10);
    const points = events.filter((event) => event.type === 'step');
    expect(points.map(({ step, gradientNorm }) => [step, gradientNorm])).toEqual([
      [6, 2],
      [9, 2],
      [10, 2],
    ]); // of the first three steps nothing is left to tell
    expect(points[0]?.scalars.loss).toBeCloseTo((1 / 4 + 1 / 6) / 2);
  });

  it('keeps no weights whose validation loss is NaN', async () => {
    const { job, saved } = record({ checkpointEvery: 4 }, [3, NaN, 1]);
    await expect(train(job, initialProgress)).rejects.toMatchObject({
      code: 'non-finite',
      message: expect.stringMatching(/Step 8: the validation loss is NaN.*step-4/),
      details: { step: 8, seed: 9, checkpoint: 'step-4' },
    });
    expect(saved.map(({ step }) => step)).toEqual([4]);
  });

  it('does not take NaN metrics for the best', async () => {
    const accuracies = [NaN, NaN, 1];
    const evaluate = async (): ReturnType<TrainingJob['evaluate']> => {
      const selected = accuracies.shift() ?? NaN;
      return { selected, metrics: { loss: 1, accuracy: selected } };
    };
    const { job } = record({}, [], { evaluate });
    const { progress } = await train(job, initialProgress);
    expect(progress.selection).toMatchObject({ best: 1, bestStep: 10 });
  });
});
