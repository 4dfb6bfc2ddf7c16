/** What every store of weights asks of a state that is given to it, and of the options that it was compiled with. */
import { LabError } from '../../shared/errors.ts';
import type { Parameter, Shape } from '../graph/program.ts';
import { sameShape, showShape } from '../graph/shape.ts';
import type { CompileOptions, ParameterGroup, Tensor } from './engine.ts';
import type { OptimizerConfig } from './optimizer.ts';

/** How a parameter is updated: as the options say, or with its own decay. */
export function groupOf(
  parameter: Parameter,
  { parameterGroup }: Pick<CompileOptions, 'parameterGroup'>,
): ParameterGroup {
  return parameterGroup?.(parameter) ?? { learningRateScale: 1, decay: parameter.decay };
}

/** The numbers of a tensor of a state. Throws `LabError('shape')` when it does not fit the parameter that it is for. */
export function checkedData(name: string, { shape, data }: Tensor, expected: Shape): Float32Array {
  if (!sameShape(shape, expected) || !(data instanceof Float32Array)) {
    throw new LabError(
      'shape',
      `the tensor ${name} has the shape ${showShape(shape)}; the pipeline needs ${showShape(expected)}`,
    );
  }
  return data;
}

/** The parameter and the moment of a key of an optimizer's state. */
export function parseMomentKey(key: string): readonly [parameter: string, moment: string] {
  const slash = key.lastIndexOf('/');
  return [key.slice(0, slash), key.slice(slash + 1)];
}

/** For a checkpoint that was trained with another optimizer. */
export function unknownMoment(key: string, optimizer: OptimizerConfig | undefined): LabError {
  return new LabError(
    'bad-input',
    `the checkpoint holds ${key}, which the optimizer ${optimizer?.type ?? '(none)'} does not keep`,
  );
}
