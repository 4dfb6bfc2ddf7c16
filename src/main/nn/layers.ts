/** The small layers that blocks are made of: a matrix with its bias, a normalisation, an activation. */
import { z } from 'zod';
import { concat, dense, dropout, gelu, layerNormalization, relu, split, tanh } from '../graph/index.ts';
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
    const bias =
      options.bias === false ? undefined : parameter(program, 'bias', [features], { initialiser: { type: 'zeros' } });
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

/**
 * Computes `f` on slices of the rows of a matrix and joins the results. A chain of elementwise passes over a tensor that
 * does not fit the processor's cache waits for memory at every pass; slices stay in the cache from pass to pass, forwards
 * and backwards. `bytesPerRow` is the size of a row of the widest intermediate result; 4 MiB of them to a slice was best
 * where it was measured (`npm run bench -- tiling`).
 */
export function tileRows(
  rows: Value,
  bytesPerRow: number,
  f: (slice: Value) => Value,
  bytesPerTile: number = 4 * 2 ** 20,
): Value {
  const count = sizeAt(rows.shape, 0);
  const tiles = divisorNear(count, (count * bytesPerRow) / bytesPerTile);
  if (tiles === 1) return f(rows);
  return concat(split(rows, 0, tiles).map(f) as [Value, ...Value[]], 0); // as many slices as tiles
}

/** The divisor of n that is nearest to `wanted`, at least 1. */
function divisorNear(n: number, wanted: number): number {
  let best = 1;
  for (let divisor = 1; divisor <= n; divisor++) {
    if (n % divisor === 0 && Math.abs(divisor - wanted) < Math.abs(best - wanted)) best = divisor;
  }
  return best;
}

export const activations = { gelu, relu, tanh, identity: (x: Value): Value => x } as const;

export const activationOption = z.enum(['gelu', 'relu', 'tanh', 'identity']).describe('Nonlinearity');
export const dropoutOption = z.number().min(0).max(0.9).describe('Share of values set to zero while training');
export const initialisationOption = z
  .enum(weightInitialisations)
  .describe('How weights start: truncated normal (deviation 0.02), Glorot & Bengio 2010, He et al. 2015, orthogonal');
