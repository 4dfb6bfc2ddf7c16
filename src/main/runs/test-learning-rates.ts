/** The learning-rate range test of an experiment: short, from the weights that it would begin with, and without a trace. */
import { setImmediate } from 'node:timers/promises';
import type { Experiment } from '../../shared/spec/experiment/index.ts';
import { LabError } from '../../shared/errors.ts';
import type { LearningRateTest } from '../../shared/learning-rate-test.ts';
import { LearningRateCurve, geometricRates } from '../../shared/learning-rate-test.ts';
import type { Feeds, Tensor } from '../engines/engine.ts';
import { requireSelfCheck } from '../engines/self-check.ts';
import { initialParameters } from '../nn/index.ts';
import { requireTransfer, startingState } from '../training/fine-tuning.ts';
import { withLengthBuckets } from '../training/length-buckets.ts';
import { buildModel } from '../training/model.ts';
import type { Workspace } from '../workspace/workspace.ts';
import { findBasis } from './basis.ts';
import { requireExamples } from './check-sides.ts';
import { compileTrainer } from './compile-trainer.ts';
import { loadEngine, placeOf } from './engines.ts';
import type { PreparedRun } from './prepare.ts';
import { prepareRun } from './prepare.ts';
import { takeWeights } from './starting-weights.ts';

export interface LearningRateTestOptions {
  /** Learning rates of the first and of the last step. */
  readonly first: number;
  readonly last: number;
  readonly steps: number;
  readonly signal: AbortSignal;
  /** Steps that are done, and the loss of the last. */
  readonly onStep?: (done: number, loss: number) => void;
}

/**
 * Trains with growing learning rates until the last, or until the loss grows beyond bounds. The batches are those of a run, gradients are
 * accumulated and clipped as its are; only its schedule is replaced, and layers that would join late stay out. Nothing is written.
 * Throws `LabError('bad-spec' | 'not-found' | 'bad-input')` as a run would, `LabError('aborted')`.
 */
export async function testLearningRates(
  workspace: Workspace,
  asked: Experiment,
  { first, last, steps, signal, onStep }: LearningRateTestOptions,
): Promise<LearningRateTest> {
  if (!(first > 0 && last > first)) {
    throw new LabError(
      'bad-input',
      `The last learning rate, ${last}, has to be larger than the first, ${first}, and both above 0`,
    );
  }
  requireTraining(asked);
  const { experiment, material, weights, tokenizer } = await findBasis(workspace, asked);
  const prepared = prepareRun(experiment, material, tokenizer?.file);
  await using held = new AsyncDisposableStack();
  const { sampler, model } = prepared;
  held.defer(() => {
    sampler.close();
  });
  requireExamples(sampler, experiment.task.testFraction);
  const place = placeOf(experiment.engine);
  const engine = await loadEngine(experiment.engine.name);
  await requireSelfCheck(engine, place);
  const { program, trainer } = await compileTrainer(engine, prepared, place);
  const stepper = withLengthBuckets(trainer, {
    model,
    build: (shorter) => buildModel(shorter, 'training', experiment.training.batchSize, experiment.freeze),
    compile: (source) => engine.compile(source, { ...place, shareStateWith: trainer }),
  });
  held.use(stepper); // which releases the trainer, too
  const taken = weights && (await takeWeights(workspace, experiment, sampler.classes, weights, program));
  if (taken) requireTransfer(taken.report, weights.label);
  const initial = initialParameters(program, experiment.seed);
  await trainer.importState(startingState(initial, taken?.parameters ?? new Map<string, Tensor>()));

  const { seed } = experiment;
  const curve = new LearningRateCurve();
  for (const [step, learningRate] of geometricRates(first, last, steps).entries()) {
    if (signal.aborted) throw new LabError('aborted', 'Cancelled');
    const { scalars, finite } = await stepper.step(batchesOf(prepared, step), { learningRate, seed, step });
    const loss = finite ? (scalars.loss ?? NaN) : NaN;
    onStep?.(step + 1, loss);
    if (!curve.add(learningRate, loss)) break;
    await setImmediate(); // a native step blocks the event loop: let signals and messages through
  }
  return curve.result();
}

/** The micro-batches of a step. */
function batchesOf({ experiment, sampler, plan }: PreparedRun, step: number): readonly [Feeds, ...Feeds[]] {
  const { batchSize, gradientAccumulationSteps: count } = plan;
  const batchAt = (index: number): Feeds => sampler.trainingBatch(experiment.seed, step * count + index, batchSize);
  return [batchAt(0), ...Array.from({ length: count - 1 }, (_, index) => batchAt(index + 1))];
}

function requireTraining({ method = 'training' }: Experiment): void {
  if (method === 'training') return;
  throw new LabError('bad-spec', `method: ${method} trains no network, so it has no learning rate`);
}
