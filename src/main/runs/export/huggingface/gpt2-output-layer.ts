/**
 * The output layer of a language model as GPT-2 has it: a matrix and nothing else. Ours has a bias, and a projection where the table
 * has another width. Both become part of the matrix without changing what it computes. The last normalisation is y = g·x̂ + β with
 * Σ x̂ = 0, so with y' = x̂ + 1 instead Σ y' is the number of features d, whatever the text is, and
 * W y + b = (W·g) y' + (b + W β − W g) = (W·g + (b + W (β − g)) 1ᵀ/d) y'.
 */
import type { Weight } from '../weights.ts';
import type { Weights } from './architecture.ts';
import type { TextEncoder } from './encoder.ts';

export interface OutputLayer {
  /** It is the token table as it is. */
  readonly isTied: boolean;
  /** [vocabulary, features]. */
  readonly matrix: Weight;
  /** Of the last normalisation. */
  readonly normalisation: { readonly gain: Weight; readonly bias: Weight };
}

const head = 'head/next-word';

/** Undefined for a network without the head. */
export function outputLayerOf({ names, isTied }: TextEncoder, weights: Weights): OutputLayer | undefined {
  if (!weights.has(`${head}/bias`)) return undefined;
  const table = weights.copy(isTied ? `${names.embedding}/token` : `${head}/table`);
  const normalisation = {
    gain: weights.copy(`${names.encoder}/normalisation/gain`),
    bias: weights.copy(`${names.encoder}/normalisation/bias`),
  };
  const given = weights.copy(`${head}/bias`).data;
  const isProjected = weights.has(`${head}/projection/weight`);
  if (!isProjected && given.every((value) => value === 0)) return { isTied, matrix: table, normalisation };
  const { matrix, bias } = isProjected ? projected(table, given, weights) : { matrix: table.data, bias: given };
  return { isTied: false, ...folded(matrix, bias, normalisation) };
}

interface Layer {
  readonly matrix: ArrayLike<number>;
  readonly bias: ArrayLike<number>;
}

/** T (P x + p) + b as one matrix [vocabulary, features] and one bias. P is kept as [features, width]. */
function projected(table: Weight, bias: ArrayLike<number>, weights: Weights): Layer {
  const projection = weights.copy(`${head}/projection/weight`);
  const offset = weights.copy(`${head}/projection/bias`).data;
  const [tokens = 0, width = 0] = table.shape;
  const [features = 0] = projection.shape;
  const matrix = new Float64Array(tokens * features);
  const whole = Float64Array.from(bias);
  for (let token = 0; token < tokens; token += 1) {
    const row = table.data.subarray(token * width, (token + 1) * width);
    for (let feature = 0; feature < features; feature += 1) {
      matrix[token * features + feature] = dot(row, projection.data.subarray(feature * width, (feature + 1) * width));
    }
    whole[token]! += dot(row, offset);
  }
  return { matrix, bias: whole };
}

function folded(
  matrix: ArrayLike<number>,
  bias: ArrayLike<number>,
  { gain, bias: shift }: OutputLayer['normalisation'],
): Pick<OutputLayer, 'matrix' | 'normalisation'> {
  const features = gain.data.length;
  const data = new Float32Array(matrix.length);
  for (let token = 0; token < bias.length; token += 1) {
    const start = token * features;
    let constant = bias[token]!;
    for (let feature = 0; feature < features; feature += 1) {
      constant += matrix[start + feature]! * (shift.data[feature]! - gain.data[feature]!);
    }
    for (let feature = 0; feature < features; feature += 1) {
      data[start + feature] = matrix[start + feature]! * gain.data[feature]! + constant / features;
    }
  }
  const ones = { shape: [features], data: new Float32Array(features).fill(1) };
  return { matrix: { shape: [bias.length, features], data }, normalisation: { gain: ones, bias: ones } };
}

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let index = 0; index < a.length; index += 1) sum += a[index]! * b[index]!;
  return sum;
}
