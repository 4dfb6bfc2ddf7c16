/**
 * Resizing along each axis by itself: every place of the result is a weighted sum of places, which is a product with a small
 * matrix; whole-number enlargement repeats instead.
 */
import { LabError } from '../../../../shared/errors.ts';
import type { Value } from '../../../graph/index.ts';
import { broadcastTo, constant, matmul, reshape, sizeAt, transpose } from '../../../graph/index.ts';
import { requireFew } from '../host-tensor.ts';
import type { Operator, Step } from '../step.ts';

interface Scaling {
  readonly from: number;
  readonly to: number;
  /** As given, where it was; sizes alone mean to / from. */
  readonly scale: number;
}

/** Where a place of the result lies in the input, by the name of the rule. */
const coordinates: Readonly<Record<string, (place: number, scaling: Scaling) => number>> = {
  half_pixel: (place, { scale }) => (place + 0.5) / scale - 0.5,
  asymmetric: (place, { scale }) => place / scale,
  align_corners: (place, { from, to }) => (to === 1 ? 0 : (place * (from - 1)) / (to - 1)),
  pytorch_half_pixel: (place, { to, scale }) => (to > 1 ? (place + 0.5) / scale - 0.5 : 0),
  half_pixel_symmetric(place, { from, to, scale }) {
    const adjustment = to / (from * scale);
    return (from / 2) * (1 - adjustment) + (place + 0.5) / scale - 0.5;
  },
  tf_half_pixel_for_nn: (place, { scale }) => (place + 0.5) / scale,
};

const roundings: Readonly<Record<string, (x: number) => number>> = {
  round_prefer_floor: (x) => Math.ceil(x - 0.5),
  round_prefer_ceil: (x) => Math.floor(x + 0.5),
  floor: Math.floor,
  ceil: Math.ceil,
};

/** Weights of neighbouring places around a coordinate. */
type Kernel = (coordinate: number) => readonly (readonly [place: number, weight: number])[];

function cubicWeight(distance: number, a: number): number {
  const x = Math.abs(distance);
  if (x <= 1) return (a + 2) * x ** 3 - (a + 3) * x ** 2 + 1;
  return x < 2 ? a * x ** 3 - 5 * a * x ** 2 + 8 * a * x - 4 * a : 0;
}

function kernelOf(step: Step, mode: string): Kernel {
  if (mode === 'nearest') {
    const word = step.opset < 11 ? 'floor' : step.text('nearest_mode', 'round_prefer_floor');
    const round = roundings[word];
    if (!round) throw new LabError('bad-spec', `the rounding '${word}' is not known`);
    return (coordinate) => [[round(coordinate), 1]];
  }
  if (mode === 'linear') {
    return (coordinate) => {
      const low = Math.floor(coordinate);
      return [
        [low, 1 - (coordinate - low)],
        [low + 1, coordinate - low],
      ];
    };
  }
  if (mode === 'cubic') {
    const a = step.float('cubic_coeff_a', -0.75);
    return (coordinate) => {
      const low = Math.floor(coordinate);
      return [-1, 0, 1, 2].map((offset) => [low + offset, cubicWeight(coordinate - low - offset, a)] as const);
    };
  }
  throw new LabError('bad-spec', `resizing of the kind '${mode}' cannot be read`);
}

/** [to, from]: row i has the weights with which place i is put together; beyond the edge lies the edge. */
function interpolation(
  scaling: Scaling,
  at: (place: number, scaling: Scaling) => number,
  kernel: Kernel,
): Float32Array {
  const { from, to } = scaling;
  requireFew(from * to, `a resizing from ${from} to ${to} places`);
  const matrix = new Float32Array(from * to);
  for (let place = 0; place < to; place++) {
    for (const [source, weight] of kernel(at(place, scaling))) {
      matrix[place * from + Math.min(Math.max(source, 0), from - 1)]! += weight;
    }
  }
  return matrix;
}

/** Whether every place comes so many times, one after the other. */
function isRepetition(matrix: Float32Array, { from, to }: Scaling): boolean {
  const times = to / from;
  if (!Number.isInteger(times)) return false;
  return matrix.every(
    (weight, index) => weight === Number(Math.floor(Math.floor(index / from) / times) === index % from),
  );
}

function resizeAxis(x: Value, axis: number, scaling: Scaling, matrix: Float32Array): Value {
  const { from, to } = scaling;
  if (isRepetition(matrix, scaling)) {
    const times = to / from;
    const apart = reshape(x, x.shape.toSpliced(axis + 1, 0, 1));
    return reshape(broadcastTo(apart, x.shape.toSpliced(axis + 1, 0, times)), x.shape.with(axis, to));
  }
  const last = x.shape.length - 1;
  const swapped = x.shape.map((_, other) => (other === axis ? last : other === last ? axis : other));
  const rows = transpose(x, swapped);
  const weights = constant(x.program, matrix, [to, from]);
  const product = matmul(reshape(rows, [-1, from]), weights, { transposeB: true, exact: true });
  return transpose(reshape(product, [...rows.shape.slice(0, -1), to]), swapped);
}

/** Scales are input 1 of Upsample and of Resize 10, inputs 2 or sizes as input 3 since opset 11. */
const resize: Operator = (step) => {
  const x = step.value(0);
  const rank = x.shape.length;
  const isOld = step.op === 'Upsample' || step.opset < 11;
  const axes = step.list('axes') ?? [...x.shape.keys()];
  const scales = step.list('scales') ?? step.integers(isOld ? 1 : 2) ?? [];
  const sizes = isOld ? [] : (step.integers(3) ?? []);
  const rule = step.text('coordinate_transformation_mode', isOld ? 'asymmetric' : 'half_pixel');
  const at = coordinates[rule];
  if (!at) throw new LabError('bad-spec', `resizing by the rule '${rule}' cannot be read`);
  if (step.integer('antialias', 0) !== 0) throw new LabError('bad-spec', 'resizing with antialiasing cannot be read');
  const mode = step.text('mode', 'nearest');
  const kernel = kernelOf(step, mode === 'bilinear' || mode === 'trilinear' ? 'linear' : mode);
  return axes.reduce((value, given, index) => {
    const axis = given < 0 ? given + rank : given;
    const from = sizeAt(value.shape, axis);
    const size = sizes[index];
    const to = size ?? Math.floor(from * (scales[index] ?? 1));
    // A batch that was written down as one stays what it is.
    if (to === from || (axis === 0 && step.batches?.declared === to)) return value;
    const scaling = { from, to, scale: size === undefined ? (scales[index] ?? 1) : to / from };
    return resizeAxis(value, axis, scaling, interpolation(scaling, at, kernel));
  }, x);
};

export const resizeOperators: Readonly<Record<string, Operator>> = { Resize: resize, Upsample: resize };
