/** From what an experiment says about its optimizer to what an engine carries out. */
import type { OptimizerSpec } from '../../shared/spec/experiment/optimizer.ts';
import type { OptimizerConfig, Transform } from '../engines/optimizer.ts';

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
      const transforms = optimizer.transforms.filter((one): one is Transform => one.type !== 'clip');
      const clipNorm = first?.type === 'clip' ? first.norm : 0;
      return { type: 'chain', clipNorm, transforms, matrices: optimizer.matrices };
    }
  }
}
