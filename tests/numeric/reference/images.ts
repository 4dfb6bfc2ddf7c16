/** What the ops on images compute, in float64 and plain loops. Shares no code with the ops. */
import type { OpAttributes } from '../../../src/main/graph/op.ts';
import type { ReferenceOp } from './reference-op.ts';
import type { Tensor64 } from './tensor.ts';
import { forEachIndex, read, sizeOf, tabulate } from './tensor.ts';

const numbers = (value: unknown): readonly number[] => value as readonly number[];

type Sizes = readonly [number, number, number, number];

/** Where a window meets the image: image rows and columns, or outside, for each output place and place in the window. */
function meets(attributes: OpAttributes) {
  const strides = numbers(attributes.strides);
  const padding = numbers(attributes.padding);
  const dilations = numbers(attributes.dilations ?? [1, 1]);
  return (place: number, offset: number, axis: number): number =>
    place * strides[axis]! + offset * dilations[axis]! - padding[axis]!;
}

/** Calls back for every product that a convolution sums: places in x, the kernel and the result. */
function forEachProduct(
  x: readonly number[],
  kernel: readonly number[],
  result: readonly number[],
  attributes: OpAttributes,
  visit: (x: number, kernel: number, result: number) => void,
): void {
  const at = meets(attributes);
  const [batch, out, rows, columns] = result as Sizes;
  const [, inputs, height, width] = x as Sizes;
  const [, channels, kernelRows, kernelColumns] = kernel as Sizes;
  const outPerGroup = kernel[0]! / (attributes.groups as number);
  for (let n = 0; n < batch; n++) {
    for (let o = 0; o < out; o++) {
      const firstChannel = Math.floor(o / outPerGroup) * channels;
      for (let y = 0; y < rows; y++) {
        for (let z = 0; z < columns; z++) {
          const place = ((n * out + o) * rows + y) * columns + z;
          for (let c = 0; c < channels; c++) {
            for (let i = 0; i < kernelRows; i++) {
              for (let j = 0; j < kernelColumns; j++) {
                const row = at(y, i, 0);
                const column = at(z, j, 1);
                if (row < 0 || column < 0 || row >= height || column >= width) continue;
                const pixel = ((n * inputs + firstChannel + c) * height + row) * width + column;
                visit(pixel, ((o * channels + c) * kernelRows + i) * kernelColumns + j, place);
              }
            }
          }
        }
      }
    }
  }
}

function offset(shape: readonly number[], index: readonly number[]): number {
  return index.reduce((position, place, axis) => position * shape[axis]! + place, 0);
}

function extent(size: number, attributes: OpAttributes, axis: number, window: number): number {
  const padding = numbers(attributes.padding);
  const dilation = numbers(attributes.dilations ?? [1, 1])[axis]!;
  const covered = (window - 1) * dilation + 1;
  return Math.floor((size + padding[axis]! + padding[axis + 2]! - covered) / numbers(attributes.strides)[axis]!) + 1;
}

/** For each window of x, the values inside the image with their places, in row-major order. */
function windows(
  x: Tensor64,
  attributes: OpAttributes,
  visit: (result: readonly number[], values: readonly { index: readonly number[]; value: number }[]) => void,
): readonly number[] {
  const window = numbers(attributes.window);
  const at = meets(attributes);
  const sizes = [0, 1].map((axis) => extent(x.shape[axis + 2]!, attributes, axis, window[axis]!));
  const shape = [...x.shape.slice(0, 2), ...sizes];
  forEachIndex(shape, (place) => {
    const [n, c, y, z] = place as readonly [number, number, number, number];
    const values: { index: readonly number[]; value: number }[] = [];
    forEachIndex(window, ([i, j]) => {
      const index = [n, c, at(y, i!, 0), at(z, j!, 1)];
      if (index[2]! < 0 || index[3]! < 0 || index[2]! >= x.shape[2]! || index[3]! >= x.shape[3]!) return;
      values.push({ index, value: read(x, index) });
    });
    visit(place, values);
  });
  return shape;
}

function moments(x: Tensor64): readonly { mean: number; variance: number }[] {
  return Array.from({ length: x.shape[1]! }, (_, channel) => {
    const values: number[] = [];
    forEachIndex(x.shape, (index, position) => {
      if (index[1] === channel) values.push(x.data[position]!);
    });
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    return { mean, variance: values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length };
  });
}

const pooled =
  (combine: (values: readonly number[], window: readonly number[]) => number): ReferenceOp =>
  ([x], attributes) => {
    const data: number[] = [];
    const shape = windows(x!, attributes, (_place, values) => {
      data.push(
        combine(
          values.map(({ value }) => value),
          numbers(attributes.window),
        ),
      );
    });
    return [{ shape, data: Float64Array.from(data) }];
  };

/** ∂/∂x of a convolution, which is what a transposed convolution computes. */
const inputGradient: ReferenceOp = ([gradient, kernel], attributes) => {
  const channels = kernel!.shape[1]! * (attributes.groups as number);
  const shape = [gradient!.shape[0]!, channels, ...numbers(attributes.size)];
  const data = new Float64Array(sizeOf(shape));
  forEachProduct(shape, kernel!.shape, gradient!.shape, attributes, (a, b, c) => {
    data[a]! += gradient!.data[c]! * kernel!.data[b]!;
  });
  return [{ shape, data }];
};

export const imageReferenceOps: Readonly<Record<string, ReferenceOp>> = {
  convolution: ([x, kernel], attributes) => {
    const sizes = [0, 1].map((axis) => extent(x!.shape[axis + 2]!, attributes, axis, kernel!.shape[axis + 2]!));
    const shape = [x!.shape[0]!, kernel!.shape[0]!, ...sizes];
    const data = new Float64Array(sizeOf(shape));
    forEachProduct(x!.shape, kernel!.shape, shape, attributes, (a, b, c) => {
      data[c]! += x!.data[a]! * kernel!.data[b]!;
    });
    return [{ shape, data }];
  },
  'convolution-input-gradient': inputGradient,
  'transposed-convolution': inputGradient,
  'convolution-filter-gradient': ([x, gradient], attributes) => {
    const shape = [gradient!.shape[1]!, x!.shape[1]! / (attributes.groups as number), ...numbers(attributes.size)];
    const data = new Float64Array(sizeOf(shape));
    forEachProduct(x!.shape, shape, gradient!.shape, attributes, (a, b, c) => {
      data[b]! += x!.data[a]! * gradient!.data[c]!;
    });
    return [{ shape, data }];
  },

  'maximum-pooling': pooled((values) => Math.max(...values)),
  'maximum-pooling-gradient': ([x, gradient], attributes) => {
    const data = new Float64Array(x!.data.length);
    windows(x!, attributes, (place, values) => {
      const largest = Math.max(...values.map(({ value }) => value));
      const first = values.find(({ value }) => value === largest)!;
      data[offset(x!.shape, first.index)]! += read(gradient!, place);
    });
    return [{ shape: x!.shape, data }];
  },
  'average-pooling': pooled((values, [rows, columns]) => values.reduce((sum, v) => sum + v, 0) / (rows! * columns!)),
  'average-pooling-gradient': ([gradient], attributes) => {
    const shape = [...gradient!.shape.slice(0, 2), ...numbers(attributes.size)];
    const data = new Float64Array(sizeOf(shape));
    windows({ shape, data: data.slice() }, attributes, (place, values) => {
      for (const { index } of values) {
        data[offset(shape, index)]! += read(gradient!, place) / sizeOf(numbers(attributes.window));
      }
    });
    return [{ shape, data }];
  },

  'channel-affine': ([x, factor, bias]) => [
    tabulate(x!.shape, (index) => read(x!, index) * factor!.data[index[1]!]! + bias!.data[index[1]!]!),
  ],
  'batch-normalization': ([x, gain, bias], { epsilon }) => {
    const statistics = moments(x!);
    const normalised = tabulate(x!.shape, (index) => {
      const { mean, variance } = statistics[index[1]!]!;
      const standardised = (read(x!, index) - mean) / Math.sqrt(variance + (epsilon as number));
      return standardised * gain!.data[index[1]!]! + bias!.data[index[1]!]!;
    });
    const vector = (values: readonly number[]): Tensor64 => ({
      shape: [x!.shape[1]!],
      data: Float64Array.from(values),
    });
    const centred = tabulate(x!.shape, (index) => read(x!, index) - statistics[index[1]!]!.mean);
    const [means, variances] = [statistics.map(({ mean }) => mean), statistics.map(({ variance }) => variance)];
    return [normalised, vector(means), vector(variances), centred];
  },
};
