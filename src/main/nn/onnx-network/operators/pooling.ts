/** Pooling: of windows, with what ONNX knows of edges, and of everything. */
import { LabError } from '../../../../shared/errors.ts';
import type { Value } from '../../../graph/index.ts';
import {
  averagePooling,
  constant,
  elementCount,
  max,
  maximumPooling,
  mean,
  multiply,
  reshape,
  sizeAt,
  slice,
} from '../../../graph/index.ts';
import { requireFew } from '../host-tensor.ts';
import type { Operator, Step } from '../step.ts';
import type { Windows } from './windows.ts';
import { asImage, extentOf, likeInput, windowsOf } from './windows.ts';

interface Places {
  /** Padding with which exactly the wanted windows fit; what `ceil_mode` adds at the end included. */
  readonly padding: Windows['padding'];
  /** [height, width] of the result. */
  readonly result: readonly [number, number];
}

/** Rounding up lets the last window reach over the end, unless it would begin in the padding there. */
function placesOf({ size, strides, padding }: Windows, image: Value, roundsUp: boolean): Places {
  const axes = ([0, 1] as const).map((axis) => {
    const [own, before, after] = [sizeAt(image.shape, axis + 2), padding[axis], padding[axis + 2]!];
    const room = own + before + after - size[axis];
    let last = roundsUp ? Math.ceil(room / strides[axis]) : Math.floor(room / strides[axis]);
    if (roundsUp && last * strides[axis] >= own + before) last--;
    const needed = last * strides[axis] + size[axis] - own - before;
    return { count: last + 1, after: roundsUp ? Math.max(after, needed) : after };
  }) as [{ count: number; after: number }, { count: number; after: number }]; // one for each axis
  return {
    padding: [padding[0], padding[1], axes[0].after, axes[1].after],
    result: [axes[0].count, axes[1].count],
  };
}

/** Pools with windows that may reach beyond what was needed: whatever lies after the wanted result is cut off. */
function pool(
  kind: typeof maximumPooling,
  image: Value,
  { size, strides }: Windows,
  { padding, result }: Places,
): Value {
  const whole = kind(image, { window: size, stride: strides, padding });
  return slice(whole, [0, 0, 0, 0], [...whole.shape.slice(0, 2), ...result]);
}

function requireDense(step: Step, { dilations }: Windows): void {
  if (dilations.some((dilation) => dilation !== 1)) {
    throw new LabError('bad-spec', `${step.op} with holes in its windows cannot be read: choose a layer before it`);
  }
}

const maximum: Operator = (step) => {
  const x = step.value(0);
  const windows = windowsOf(step, x);
  requireDense(step, windows);
  const image = asImage(x);
  return likeInput(
    pool(maximumPooling, image, windows, placesOf(windows, image, step.integer('ceil_mode', 0) !== 0)),
    x,
  );
};

/** The mean over what lies in the image, or in the image with its own padding; never over what rounding up adds. */
const average: Operator = (step) => {
  const x = step.value(0);
  const windows = windowsOf(step, x);
  requireDense(step, windows);
  const image = asImage(x);
  const places = placesOf(windows, image, step.integer('ceil_mode', 0) !== 0);
  const pooled = pool(averagePooling, image, windows, places);
  requireFew(places.result[0] * places.result[1], 'what is pooled');
  const countsPadding = step.integer('count_include_pad', 0) !== 0;
  const shares = ([0, 1] as const).map((axis) => {
    const own = sizeAt(image.shape, axis + 2);
    const [before, after] = [windows.padding[axis], windows.padding[axis + 2]!];
    const [low, high] = countsPadding ? [-before, own + after] : [0, own];
    return Array.from({ length: places.result[axis] }, (_, place) => {
      const start = place * windows.strides[axis] - before;
      const end = start + extentOf(windows.size[axis], 1);
      return windows.size[axis] / Math.max(1, Math.min(end, high) - Math.max(start, low));
    });
  }) as [number[], number[]]; // one for each axis
  const factors = shares[0].flatMap((row) => shares[1].map((column) => row * column));
  if (factors.every((factor) => factor === 1)) return likeInput(pooled, x);
  const corrected = multiply(pooled, constant(step.program, Float32Array.from(factors), [1, 1, ...places.result]));
  return likeInput(corrected, x);
};

/** Over all places, which stay as axes of size 1. */
const everywhere =
  (reduce: typeof mean): Operator =>
  (step) => {
    const x = step.value(0);
    if (x.shape.length < 3) throw new LabError('bad-spec', 'it needs [batch, channels, …]');
    const [count, channels] = [sizeAt(x.shape, 0), sizeAt(x.shape, 1)];
    const flat = reshape(x, [count, channels, elementCount(x.shape.slice(2))]);
    return reshape(reduce(flat, [2]), [count, channels, ...x.shape.slice(2).map(() => 1)]);
  };

export const poolingOperators: Readonly<Record<string, Operator>> = {
  MaxPool: maximum,
  AveragePool: average,
  GlobalAveragePool: everywhere(mean),
  GlobalMaxPool: everywhere(max),
};
