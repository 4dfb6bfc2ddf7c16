/** How long each group of layers waits until it is trained, where a network is unfrozen layer by layer. */
import { LabError } from '../../shared/errors.ts';
import type { Program } from '../graph/program.ts';
import { layerGroups } from '../training/fine-tuning.ts';
import type { PreparedRun } from './prepare.ts';

/** Steps of a stage of gradual unfreezing. Throws `LabError('bad-spec')` where the lowest layers would never have their turn. */
export function unfreezingOf({ experiment, plan, sampler }: PreparedRun, program: Program): number | undefined {
  const { gradualUnfreezing } = experiment.training;
  if (!gradualUnfreezing) return undefined;
  const { steps, epochs = 1 } = gradualUnfreezing;
  const every =
    steps ??
    Math.max(1, Math.ceil((epochs * sampler.trainingExamples) / (plan.batchSize * plan.gradientAccumulationSteps)));
  const groups = layerGroups(program);
  if (groups.length * every >= plan.totalSteps) {
    throw new LabError(
      'bad-spec',
      `training.gradualUnfreezing: with a stage of ${every} steps ${groups[0] ?? 'the backbone'} would join at step ${groups.length * every} of ${plan.totalSteps}. Train longer, or take shorter stages`,
    );
  }
  return every;
}
