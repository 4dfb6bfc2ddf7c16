/**
 * The program of the self-check, and its data: a small Transformer with two heads, recurrences over its states, and a
 * convolutional network beside it, which together use every family of ops.
 */
import type { Program, Value } from '../graph/index.ts';
import {
  add,
  appendGradients,
  attention,
  batchGather,
  batchNormalization,
  columnsOfSteps,
  concat,
  constant,
  convolution2d,
  createProgram,
  crossEntropy,
  dense,
  dropout,
  gather,
  gelu,
  geluTanh,
  globalAveragePooling,
  input,
  layerNormalization,
  linearCrossEntropy,
  max,
  maximumPooling,
  mean,
  multiply,
  output,
  parameter,
  projectColumns,
  recurrence,
  relu,
  reshape,
  scale,
  shift,
  sigmoid,
  slice,
  split,
  tanh,
  transpose,
  where,
  equal,
} from '../graph/index.ts';
import type { Feeds, Tensor } from './engine.ts';

const [batch, length, features, heads, vocabulary, picked] = [2, 4, 6, 2, 7, 2];

/** As many images and channels as fit the blocked kernels of any processor. */
const [images, channels, side] = [16, 16, 3];
const states = 3;

/** Dropout is part of the check: its windows depend on the seed. */
export const selfCheckSeed = 12;

export const selfCheckFeeds: Feeds = {
  tokens: Int32Array.of(1, 3, 3, 0, 6, 1, 2, 5),
  mask: Float32Array.of(1, 1, 1, 0, 1, 1, 1, 1),
  places: Int32Array.of(1, 2, 0, 3),
  labels: Int32Array.of(4, 3, 3, 0),
  weights: Float32Array.of(1, 0.5, 0, 1),
  classes: Int32Array.of(2, 0),
  image: Float32Array.from({ length: images * 2 * side * side }, (_, index) =>
    Math.sin(1.3 * index * (1 + index / 97)),
  ),
  kinds: Int32Array.from({ length: images }, (_, index) => (5 * index) % channels),
};

/** Numbers without a pattern that an error could hide in; gains are around 1. */
export function selfCheckParameters(parameters: readonly Value[]): ReadonlyMap<string, Tensor> {
  return new Map(
    parameters.flatMap((value, place) => {
      if (value.source.kind !== 'parameter') return [];
      const { name, shape } = value.source.parameter;
      const count = shape.reduce((product, size) => product * size, 1);
      const centre = name.endsWith('gain') ? 1 : 0;
      const data = Float32Array.from(
        { length: count },
        (_, index) => centre + 0.5 * Math.sin(1.7 * index + 2.1 * place + 0.3),
      );
      return [[name, { shape, data }] as const];
    }),
  );
}

/** The program of the self-check: a small network with a mask, whose outputs and gradients are known in float64. */
export function buildSelfCheckProgram(): Program {
  const program = createProgram('self-check');
  const weight: NewWeight = (name, ...shape) => parameter(program, name, shape, { initialiser: { type: 'zeros' } });
  const layer = (x: Value, name: string, size: number): Value =>
    dense(x, weight(`${name}/weight`, x.shape.at(-1) ?? 1, size), weight(`${name}/bias`, size));
  const normalise = (x: Value, name: string): Value =>
    layerNormalization(x, weight(`${name}/gain`, features), weight(`${name}/shift`, features), 1e-5);
  const mask = input(program, 'mask', 'float32', [batch, length]);

  const table = weight('embedding', vocabulary, features);
  const positions = slice(weight('positions', length + 1, features), [1, 0], [length + 1, features]);
  const embedded = add(gather(table, input(program, 'tokens', 'int32', [batch, length])), positions);
  const x = dropout(normalise(embedded, 'first'), 0.1);

  const perHead = (value: Value): Value =>
    transpose(reshape(value, [batch, length, heads, features / heads]), [0, 2, 1, 3]);
  const [query, key, value] = split(layer(x, 'attention', 3 * features), -1, 3).map(perHead);
  if (!query || !key || !value) return program; // three parts were asked for
  const bias = reshape(scale(shift(mask, -1), 1e4), [batch, 1, 1, length]);
  const mixed = attention(query, key, value, { scale: 0.6, bias, dropout: 0.2 });
  const attended = add(x, reshape(transpose(mixed, [0, 2, 1, 3]), [batch, length, features]));
  const inner = layer(attended, 'inner', 2 * features);
  const hidden = normalise(add(attended, layer(add(gelu(inner), geluTanh(inner)), 'outer', features)), 'second');

  const chosen = reshape(batchGather(hidden, input(program, 'places', 'int32', [batch, picked])), [-1, features]);
  const labels = input(program, 'labels', 'int32', [batch * picked]);
  const weights = input(program, 'weights', 'float32', [batch * picked]);
  const words = linearCrossEntropy(chosen, table, labels, weights, { bias: weight('words/bias', vocabulary) });

  const column = reshape(mask, [batch, length, 1]);
  const present = where(equal(column, constant(program, 1)), hidden, constant(program, -50));
  const pooled = concat([max(present, [1]), mean(multiply(hidden, column), [1])], 1);
  const gated = multiply(tanh(layer(pooled, 'candidate', 5)), sigmoid(relu(layer(pooled, 'gate', 5))));
  const even = constant(program, new Float32Array(batch).fill(1), [batch]);
  const logits = add(layer(gated, 'classes', 3), layer(concat(finalStates(hidden, mask, weight), 1), 'states', 3));
  const classes = crossEntropy(logits, input(program, 'classes', 'int32', [batch]), even, {
    labelSmoothing: 0.1,
  });

  const loss = add(add(words.loss, scale(classes.loss, 0.5)), imageLoss(program, weight));
  output(program, 'loss', loss);
  appendGradients(program, loss);
  return program;
}

type NewWeight = (name: string, ...shape: number[]) => Value;

/** Of a masked LSTM with peepholes and of a GRU that reads backwards, over `hidden` [batch, length, features]. */
function finalStates(hidden: Value, mask: Value, weight: NewWeight): [Value, Value] {
  const columns = columnsOfSteps(transpose(hidden, [1, 0, 2]));
  const projected = (name: string, gates: number): Value =>
    projectColumns(columns, weight(`${name}/weight`, features, gates * states), weight(`${name}/bias`, gates * states));
  const lstm = recurrence(projected('lstm', 4), weight('lstm/recurrent', states, 4 * states), {
    cell: 'lstm',
    mask: transpose(mask, [1, 0]),
    peepholes: [weight('lstm/input', states), weight('lstm/forget', states), weight('lstm/output', states)],
  });
  const gru = recurrence(projected('gru', 3), weight('gru/recurrent', states, 3 * states), {
    cell: 'gru',
    reverse: true,
    recurrentBias: weight('gru/inner', 3 * states),
  });
  return [lstm.finalHidden, gru.finalHidden];
}

/** Which channel of a small convolutional network answers to an image. */
function imageLoss(program: Program, weight: NewWeight): Value {
  const image = input(program, 'image', 'float32', [images, 2, side, side]);
  const filtered = convolution2d(image, weight('filters', channels, 2, 3, 3), { padding: 'same' });
  const { normalised } = batchNormalization(
    filtered,
    weight('filters/gain', channels),
    weight('filters/shift', channels),
    1e-5,
  );
  const pooled = maximumPooling(tanh(normalised), { window: 2, stride: 1 });
  const features = convolution2d(pooled, weight('second-filters', channels, channels, 2, 2), { stride: 1 });
  const weights = constant(program, new Float32Array(images).fill(1), [images]);
  return crossEntropy(globalAveragePooling(features), input(program, 'kinds', 'int32', [images]), weights).loss;
}
