/** Shapes: asking for them, computing with them, and giving tensors another one. */
import { LabError } from '../../../../shared/errors.ts';
import type { Shape } from '../../../graph/index.ts';
import { elementCount } from '../../../graph/index.ts';
import { broadcastShapes, normaliseAxis, showShape } from '../../../graph/shape.ts';
import { hostList, hostScalar, hostTensor, stridesOf } from '../host-tensor.ts';
import { broadcastOperand, reshapeOperand, transposeOperand } from '../operand.ts';
import type { Operator, Step } from '../step.ts';

/** A slice of the shape since opset 15. */
const shapeOf: Operator = (step) => {
  const { shape } = step.operand(0);
  return hostList(shape.slice(step.integer('start', 0), step.integer('end', shape.length)));
};

const reshapeTo: Operator = (step) => {
  const x = step.operand(0);
  const wanted = step.list('shape') ?? step.integers(1) ?? [];
  const keepsZeros = step.integer('allowzero', 0) !== 0;
  const sizes = wanted.map((size, axis) => (size === 0 && !keepsZeros ? (x.shape[axis] ?? 0) : size));
  return reshapeOperand(x, fittedShape(step, elementCount(x.shape), sizes));
};

/**
 * The shape with what −1 stands for. A network that was written down for a fixed batch says so in its shapes: where they do not
 * fit, their first axis, in which batches lie, is made to.
 */
function fittedShape({ batches }: Step, count: number, sizes: readonly number[]): Shape {
  const known = elementCount(sizes.filter((size) => size !== -1));
  const open = sizes.indexOf(-1);
  const first = sizes[0] ?? 1;
  const times = batches?.times ?? 1;
  const hasBatchFirst = batches !== undefined && first > 0 && first % batches.declared === 0;
  if (open === -1) {
    return known !== count && hasBatchFirst && known * times === count ? [first * times, ...sizes.slice(1)] : sizes;
  }
  const isFirst = open > 0 && hasBatchFirst && first === batches.declared && times > 1 && count % (known * times) === 0;
  const whole = isFirst ? [first * times, ...sizes.slice(1)] : sizes;
  const rest = count / (isFirst ? known * times : known);
  if (!Number.isInteger(rest)) {
    throw new LabError('shape', `${count} elements cannot have the shape ${showShape(sizes)}`);
  }
  return whole.with(open, rest);
}

const flatten: Operator = (step) => {
  const x = step.operand(0);
  const given = step.integer('axis', 1);
  const axis = given < 0 ? given + x.shape.length : given;
  return reshapeOperand(x, [elementCount(x.shape.slice(0, axis)), elementCount(x.shape.slice(axis))]);
};

/** Axes are an attribute before opset 13. */
const squeeze: Operator = (step) => {
  const x = step.operand(0);
  const given = step.list('axes') ?? step.integers(1);
  const axes = given?.map((axis) => normaliseAxis(axis, x.shape.length));
  const wrong = axes?.find((axis) => x.shape[axis] !== 1);
  if (wrong !== undefined) {
    const hint =
      wrong === 0 ? ': the network was written down for a batch of one. Export it for batches of any size' : '';
    throw new LabError('shape', `axis ${wrong} of ${showShape(x.shape)} has more than one place${hint}`);
  }
  return reshapeOperand(
    x,
    x.shape.filter((size, axis) => (axes ? !axes.includes(axis) : size !== 1)),
  );
};

const unsqueeze: Operator = (step) => {
  const x = step.operand(0);
  const given = step.list('axes') ?? step.integers(1) ?? [];
  const rank = x.shape.length + given.length;
  const added = new Set(given.map((axis) => normaliseAxis(axis, rank)));
  const rest = [...x.shape];
  return reshapeOperand(
    x,
    Array.from({ length: rank }, (_, axis) => (added.has(axis) ? 1 : rest.shift()!)), // as many as axes that were not added
  );
};

const transposeTo: Operator = (step) => {
  const x = step.operand(0);
  return transposeOperand(x, step.list('perm') ?? x.shape.map((_, axis) => x.shape.length - 1 - axis));
};

const expand: Operator = (step) => {
  const x = step.operand(0);
  return broadcastOperand(x, broadcastShapes(x.shape, step.integers(1) ?? []));
};

const tile: Operator = (step) => {
  const x = step.operand(0);
  const repeats = step.integers(1) ?? [];
  const apart = broadcastOperand(
    reshapeOperand(
      x,
      x.shape.flatMap((size) => [1, size]),
    ),
    x.shape.flatMap((size, axis) => [repeats[axis] ?? 1, size]),
  );
  return reshapeOperand(
    apart,
    x.shape.map((size, axis) => size * (repeats[axis] ?? 1)),
  );
};

/** Channels to places: DCR takes the blocks first, CRD the channels (opset 11). */
const depthToSpace: Operator = (step) => {
  const x = step.operand(0);
  const block = step.integer('blocksize', 1);
  const [count, channels, height, width] = imageSizes(x.shape);
  const depth = channels / block ** 2;
  const isBlockFirst = step.text('mode', 'DCR') === 'DCR';
  const apart = isBlockFirst ? [count, block, block, depth] : [count, depth, block, block];
  const order = isBlockFirst ? [0, 3, 4, 1, 5, 2] : [0, 1, 4, 2, 5, 3];
  const moved = transposeOperand(reshapeOperand(x, [...apart, height, width]), order);
  return reshapeOperand(moved, [count, depth, height * block, width * block]);
};

const spaceToDepth: Operator = (step) => {
  const x = step.operand(0);
  const block = step.integer('blocksize', 1);
  const [count, channels, height, width] = imageSizes(x.shape);
  const apart = reshapeOperand(x, [count, channels, height / block, block, width / block, block]);
  const moved = transposeOperand(apart, [0, 3, 5, 1, 2, 4]);
  return reshapeOperand(moved, [count, channels * block ** 2, height / block, width / block]);
};

function imageSizes(shape: Shape): readonly [number, number, number, number] {
  if (shape.length !== 4) throw new LabError('shape', `needs [N, C, H, W], got ${showShape(shape)}`);
  return shape as unknown as readonly [number, number, number, number]; // its length is checked
}

const constantOfShape: Operator = (step) => {
  const value = step.inputs[1] ? step.known(1) : hostScalar(0, 'float');
  return hostTensor(value.kind, step.integers(0) ?? [], (data) => data.fill(value.data[0] ?? 0));
};

const range: Operator = (step) => {
  const [start, limit, delta] = [step.number(0)!, step.number(1)!, step.number(2)!]; // the op has three inputs
  const count = Math.max(0, Math.ceil((limit - start) / delta));
  return hostTensor(step.known(0).kind, [count], (data) => {
    for (let index = 0; index < count; index++) data[index] = start + index * delta;
  });
};

/** Places of what is not zero, [rank, count]. */
const nonZero: Operator = (step) => {
  const { shape, data } = step.known(0);
  const strides = stridesOf(shape);
  const places = [...data.keys()].filter((position) => data[position] !== 0);
  const rows = shape.flatMap((size, axis) => places.map((place) => Math.floor(place / strides[axis]!) % size));
  return { kind: 'integer', shape: [shape.length, places.length], data: Float64Array.from(rows) };
};

const eye: Operator = (step) => {
  const { shape } = step.operand(0);
  const [rows, columns] = [shape[0] ?? 1, shape[1] ?? 1];
  const offset = step.integer('k', 0);
  return hostTensor('float', [rows, columns], (data) => {
    for (let row = 0; row < rows; row++) {
      if (row + offset >= 0 && row + offset < columns) data[row * columns + row + offset] = 1;
    }
  });
};

export const shapeOperators: Readonly<Record<string, Operator>> = {
  Shape: shapeOf,
  Size: (step) => hostScalar(elementCount(step.operand(0).shape)),
  Reshape: reshapeTo,
  Flatten: flatten,
  Squeeze: squeeze,
  Unsqueeze: unsqueeze,
  Transpose: transposeTo,
  Expand: expand,
  Tile: tile,
  DepthToSpace: depthToSpace,
  SpaceToDepth: spaceToDepth,
  ConstantOfShape: constantOfShape,
  Range: range,
  NonZero: nonZero,
  EyeLike: eye,
};
