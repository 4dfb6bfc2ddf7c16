/** The small layers that blocks are made of: a matrix with its bias, a normalisation, an activation. */
import { z } from 'zod';
import { dense, dropout, gelu, layerNormalization, relu, tanh } from '../graph/index.ts';
import type { Value } from '../graph/program.ts';
import { parameter, withScope } from '../graph/program.ts';
import { sizeAt } from '../graph/shape.ts';
import type { Mode } from './block.ts';
import type { WeightInitialisation } from './initialisers.ts';
import { weightInitialisations, weightInitialiser } from './initialisers.ts';

export interface DenseOptions {
  readonly initialisation?: WeightInitialisation;
  readonly bias?: boolean;
}

/** x·W + b along the last axis, under the scope `name`: `weight` [in, out], `bias` [out]. */
export function denseLayer(x: Value, name: string, features: number, options: DenseOptions = {}): Value {
  const { program } = x;
  const inputs = sizeAt(x.shape, -1);
  return withScope(program, name, () => {
    const initialiser = weightInitialiser(options.initialisation ?? 'truncated-normal', inputs, features);
    const weight = parameter(program, 'weight', [inputs, features], { initialiser });
    const bias = options.bias === false ? undefined : parameter(program, 'bias', [features], { initialiser: { type: 'zeros' } });
    return dense(x, weight, bias);
  });
}

/** Layer normalisation (Ba et al. 2016) along the last axis, under the scope `name`: `gain`, `bias`. */
export function layerNormalizationLayer(x: Value, name: string, epsilon: number): Value {
  const { program } = x;
  const shape = [sizeAt(x.shape, -1)];
  return withScope(program, name, () => {
    const gain = parameter(program, 'gain', shape, { initialiser: { type: 'constant', value: 1 } });
    const bias = parameter(program, 'bias', shape, { initialiser: { type: 'zeros' } });
    return layerNormalization(x, gain, bias, epsilon);
  });
}

/** Dropout (Srivastava et al. 2014) while training, the identity otherwise. */
export function dropoutLayer(x: Value, rate: number, mode: Mode): Value {
  return mode === 'training' && rate > 0 ? dropout(x, rate) : x;
}

export const activations = { gelu, relu, tanh, identity: (x: Value): Value => x } as const;

export type Activation = keyof typeof activations;

export const activationOption = z.enum(['gelu', 'relu', 'tanh', 'identity']).describe('Nonlinearity');
export const dropoutOption = z.number().min(0).max(0.9).describe('Share of values set to zero while training');
export const initialisationOption = z
  .enum(weightInitialisations)
  .describe('How weights start: truncated normal (deviation 0.02), Glorot & Bengio 2010, He et al. 2015, orthogonal');
