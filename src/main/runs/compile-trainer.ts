/** A network with its loss, gradients and optimizer, as an experiment says, ready for steps. */
import type { Engine, Executable } from '../engines/engine.ts';
import type { Program } from '../graph/program.ts';
import { parameterGroups } from '../training/fine-tuning.ts';
import { buildModel } from '../training/model.ts';
import { optimizerConfig } from '../training/optimizer-config.ts';
import type { Place } from './engines.ts';
import type { PreparedRun } from './prepare.ts';
import { unfreezingOf } from './unfreezing-stages.ts';

/** The caller releases the executable, which has no weights yet. Throws `LabError('engine-failed')`. */
export async function compileTrainer(
  engine: Engine,
  prepared: PreparedRun,
  place: Place,
): Promise<{ readonly program: Program; readonly trainer: Executable }> {
  const {
    experiment: { training, freeze },
    model,
  } = prepared;
  const program = buildModel(model, 'training', training.batchSize, freeze);
  const layerwiseLearningRateDecay =
    training.discriminativeFactor === undefined
      ? training.layerwiseLearningRateDecay
      : 1 / training.discriminativeFactor;
  const trainer = await engine.compile(program, {
    ...place,
    optimizer: optimizerConfig(training),
    weightAverage: training.weightAverage,
    parameterGroup: parameterGroups(program, {
      layerwiseLearningRateDecay,
      headScale: training.headLearningRateScale,
      unfreezeEvery: unfreezingOf(prepared, program),
    }),
  });
  return { program, trainer };
}
