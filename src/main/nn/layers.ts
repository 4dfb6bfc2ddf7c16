/** The small layers that blocks are made of: a matrix with its bias, a normalisation, an activation. */
import { z } from 'zod';
import {
  concat,
  dense,
  dropout,
  gelu,
  geluTanh,
  layerNormalization,
  multiply,
  relu,
  relu6,
  rmsNormalization,
  silu,
  split,
  squaredRelu,
  tanh,
} from '../graph/index.ts';
import type { Value } from '../graph/program.ts';
import { parameter, withScope } from '../graph/program.ts';
import { sizeAt } from '../graph/shape.ts';
import type { Mode } from './block.ts';
import type { WeightInitialisation } from './initialisers.ts';
import { weightInitialisations, weightInitialiser } from './initialisers.ts';

export interface DenseOptions {
  readonly initialisation?: WeightInitialisation;
  /** Multiplies the initial weights; 0 for zeros. */
  readonly initialScale?: number;
  readonly bias?: boolean;
}

/** x·W + b along the last axis, under the scope `name`: `weight` [in, out], `bias` [out]. */
export function denseLayer(x: Value, name: string, features: number, options: DenseOptions = {}): Value {
  const { weight, bias } = denseParameters(x, name, features, options);
  return withScope(x.program, name, () => dense(x, weight, bias));
}

function denseParameters(
  { program, shape }: Value,
  name: string,
  features: number,
  { initialisation = 'truncated-normal', initialScale = 1, bias: hasBias = true }: DenseOptions,
): { readonly weight: Value; readonly bias: Value | undefined } {
  const inputs = sizeAt(shape, -1);
  return withScope(program, name, () => ({
    weight: parameter(program, 'weight', [inputs, features], {
      initialiser: weightInitialiser(initialisation, inputs, features, initialScale),
    }),
    bias: hasBias ? parameter(program, 'bias', [features], { initialiser: { type: 'zeros' } }) : undefined,
  }));
}

/**
 * A gated linear unit (Dauphin et al. 2016; Shazeer 2020): f(x·V + b) ∘ (x·W + c), under the scope `name` with the parameters
 * `weight` [in, 2 · features], V beside W, and `bias`. The weights are cut in two instead of the product, which is far larger.
 */
export function gatedLayer(
  x: Value,
  name: string,
  features: number,
  f: (x: Value) => Value,
  options: DenseOptions = {},
): Value {
  const { weight, bias } = denseParameters(x, name, 2 * features, options);
  return withScope(x.program, name, () => {
    const [biases, weights] = [bias && split(bias, 0, 2), split(weight, 1, 2)];
    const half = (index: 0 | 1): Value => dense(x, weights[index]!, biases?.[index]); // both were cut in two
    return multiply(f(half(0)), half(1));
  });
}

const normalisationTypes = ['layer', 'rms'] as const;

export interface NormalizationOptions {
  readonly epsilon: number;
  /** RMS normalisation never has a bias. */
  readonly type?: (typeof normalisationTypes)[number];
  readonly bias?: boolean;
}

/**
 * Layer normalisation (Ba et al. 2016) or RMS normalisation (Zhang & Sennrich 2019) along the last axis, under the scope
 * `name`: `gain`, `bias`.
 */
export function normalizationLayer(x: Value, name: string, options: NormalizationOptions): Value {
  const { program } = x;
  const { type = 'layer', bias: hasBias = true, epsilon } = options;
  const shape = [sizeAt(x.shape, -1)];
  return withScope(program, name, () => {
    const gain = parameter(program, 'gain', shape, { initialiser: { type: 'constant', value: 1 } });
    if (type === 'rms') return rmsNormalization(x, gain, epsilon);
    const bias = hasBias ? parameter(program, 'bias', shape, { initialiser: { type: 'zeros' } }) : undefined;
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

export const activations = {
  gelu,
  relu,
  tanh,
  identity: (x: Value): Value => x,
  silu,
  'squared-relu': squaredRelu,
  'gelu-tanh': geluTanh,
  relu6,
} as const;

/** Gated linear units: the function of one half of the features that the other half is multiplied by (Shazeer 2020). */
export const gatedActivations = { geglu: gelu, swiglu: silu } as const;

const plainNames = ['gelu', 'relu', 'tanh', 'identity', 'silu', 'squared-relu', 'gelu-tanh', 'relu6'] as const;

export const activationOption = z
  .enum(plainNames)
  .describe('Nonlinearity. gelu-tanh is the approximation of GELU that GPT-2 was trained with');
export const feedForwardActivationOption = z
  .enum([...plainNames, 'geglu', 'swiglu'])
  .describe(
    'Nonlinearity. geglu and swiglu multiply two projections, one of them through GELU or SiLU (Shazeer 2020); their inner size is 2/3 of the others by default, so that there are as many weights',
  );
export const normalisationTypeOption = z
  .enum(normalisationTypes)
  .describe('layer: mean and variance (Ba et al. 2016); rms: the root mean square alone (Zhang & Sennrich 2019)');
export const dropoutOption = z.number().min(0).max(0.9).describe('Share of values set to zero while training');
export const initialisationOption = z
  .enum(weightInitialisations)
  .describe('How weights start: truncated normal (deviation 0.02), Glorot & Bengio 2010, He et al. 2015, orthogonal');
