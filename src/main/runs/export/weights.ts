/** The weights of a source that its network reads, apart from what only training or another head needs. */
import { LabError } from '../../../shared/errors.ts';
import { exportProgram } from './network-graph.ts';
import type { ExportSource } from './source.ts';

export interface Weight {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** By the lab's names. Throws `LabError('corrupt')` where one is missing. */
export function weightsOf({ model, weights }: Pick<ExportSource, 'model' | 'weights'>): Map<string, Weight> {
  const { parameters } = exportProgram({ ...model, everyPosition: true }, 1);
  return new Map(
    [...parameters.keys()].map((name) => {
      const tensor = weights.get(name);
      if (!(tensor?.data instanceof Float32Array)) {
        throw new LabError('corrupt', `The checkpoint has no weights for ${name}`, { name });
      }
      return [name, { shape: tensor.shape, data: tensor.data }];
    }),
  );
}
