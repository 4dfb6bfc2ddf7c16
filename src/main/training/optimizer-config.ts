/** From what an experiment says about its optimizer to what an engine carries out. */
import type { OptimizerSpec } from '../../shared/spec/experiment/optimizer.ts';
import type { ScheduleOptions } from '../../shared/spec/experiment/schedule.ts';
import type { OptimizerConfig, Transform } from '../engines/optimizer.ts';

/** The schedule of the learning rate: that of a chain that has one, else the training's own. */
export function scheduleOf({
  optimizer,
  schedule,
}: {
  readonly optimizer: OptimizerSpec;
  readonly schedule: ScheduleOptions;
}): ScheduleOptions {
  const last = optimizer.type === 'chain' ? optimizer.transforms.at(-1) : undefined;
  return last?.type === 'schedule' ? last.schedule : schedule;
}

interface TrainingFields {
  readonly optimizer: OptimizerSpec;
  readonly learningRate: number;
}

export function optimizerConfig({ optimizer, learningRate }: TrainingFields): OptimizerConfig {
  switch (optimizer.type) {
    case 'adamw':
    case 'sgd':
      return optimizer;
    case 'muon': {
      const { matrixLearningRate, ...others } = optimizer;
      return { ...others, matrixRateScale: matrixLearningRate / learningRate };
    }
    case 'chain': {
      const [first] = optimizer.transforms;
      const transforms = optimizer.transforms.filter(
        (one): one is Transform => one.type !== 'clip' && one.type !== 'schedule',
      );
      const clipNorm = first?.type === 'clip' ? first.norm : 0;
      return { type: 'chain', clipNorm, transforms, matrices: optimizer.matrices };
    }
  }
}
