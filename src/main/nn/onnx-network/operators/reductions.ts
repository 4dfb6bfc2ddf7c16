/** Reductions over axes, which became an input with opset 18 (of ReduceSum with 13). */
import { LabError } from '../../../../shared/errors.ts';
import type { Value } from '../../../graph/index.ts';
import {
  absolute,
  add,
  argmax,
  cast,
  constant,
  exp,
  log,
  matmul,
  max,
  mean,
  multiply,
  negate,
  reshape,
  sizeAt,
  sqrt,
  subtract,
  sum,
  transpose,
} from '../../../graph/index.ts';
import { elementCount, normaliseAxes, normaliseAxis, reducedShape } from '../../../graph/shape.ts';
import type { HostTensor } from '../host-tensor.ts';
import { hostTensor, requireFew } from '../host-tensor.ts';
import { isHost, transposeOperand } from '../operand.ts';
import type { Operator, Step } from '../step.ts';

function reduceHost(
  x: HostTensor,
  axes: readonly number[],
  keeps: boolean,
  host: (elements: Float64Array) => number,
): HostTensor {
  const others = x.shape.map((_, axis) => axis).filter((axis) => !axes.includes(axis));
  const ordered = transposeOperand(x, [...others, ...axes]) as HostTensor; // of a known tensor
  const length = elementCount(axes.map((axis) => sizeAt(x.shape, axis)));
  return hostTensor(x.kind, reducedShape(x.shape, axes, keeps), (data) => {
    for (let index = 0; index < data.length; index++) {
      data[index] = host(ordered.data.subarray(index * length, (index + 1) * length));
    }
  });
}

function axesOf(step: Step, rank: number): readonly number[] | undefined {
  const given = step.list('axes') ?? step.integers(1);
  const isEmpty = given === undefined || given.length === 0;
  if (isEmpty && step.integer('noop_with_empty_axes', 0) !== 0) return undefined;
  return normaliseAxes(isEmpty ? undefined : given, rank);
}

function reduction(
  build: (x: Value, axes: readonly number[], keeps: boolean) => Value,
  host?: (elements: Float64Array) => number,
): Operator {
  return (step) => {
    const x = step.operand(0);
    const axes = axesOf(step, x.shape.length);
    if (!axes) return x;
    const keeps = step.integer('keepdims', 1) !== 0;
    if (isHost(x) && host) return reduceHost(x, axes, keeps, host);
    const value = step.value(0);
    if (value.dtype === 'float32') return build(value, axes, keeps);
    return cast(build(cast(value, 'float32'), axes, keeps), 'int32');
  };
}

const total = (elements: Float64Array): number => elements.reduce((a, b) => a + b, 0);
const squares = (x: Value, axes: readonly number[], keeps: boolean): Value => sum(multiply(x, x), axes, keeps);

/** log Σ eˣ, without overflow. */
function logSumExp(x: Value, axes: readonly number[], keeps: boolean): Value {
  const largest = max(x, axes, true);
  const whole = add(log(sum(exp(subtract(x, largest)), axes, true)), largest);
  return reshape(whole, reducedShape(x.shape, axes, keeps));
}

const product = (): Value => {
  throw new LabError('bad-spec', 'products along an axis are taken of shapes only: choose a layer before it');
};

const position =
  (sign: 1 | -1): Operator =>
  (step) => {
    const x = step.value(0);
    const axis = normaliseAxis(step.integer('axis', 0), x.shape.length);
    const float = x.dtype === 'float32' ? x : cast(x, 'float32');
    const found = argmax(sign === 1 ? float : negate(float), axis);
    return step.integer('keepdims', 1) === 0 ? found : reshape(found, reducedShape(x.shape, [axis], true));
  };

/** Running sums, as a product with a triangle of ones. */
const runningSum: Operator = (step) => {
  const given = step.value(0);
  const rank = given.shape.length;
  const axis = normaliseAxis(step.number(1) ?? 0, rank);
  const [isExclusive, isReverse] = [step.integer('exclusive', 0) !== 0, step.integer('reverse', 0) !== 0];
  const size = sizeAt(given.shape, axis);
  requireFew(size * size, `a running sum over ${size} places`);
  const triangle = Float32Array.from({ length: size * size }, (_, index) => {
    const [from, to] = [Math.floor(index / size), index % size];
    const isBefore = isReverse ? from > to : from < to;
    return Number(isBefore || (from === to && !isExclusive));
  });
  const x = given.dtype === 'float32' ? given : cast(given, 'float32');
  const last = x.shape.map((_, other) => (other === axis ? rank - 1 : other === rank - 1 ? axis : other));
  const rows = reshape(transpose(x, last), [-1, size]);
  const sums = matmul(rows, constant(step.program, triangle, [size, size]), { exact: true });
  const result = transpose(
    reshape(
      sums,
      last.map((other) => sizeAt(x.shape, other)),
    ),
    last,
  );
  return given.dtype === 'float32' ? result : cast(result, 'int32');
};

export const reductionOperators: Readonly<Record<string, Operator>> = {
  ReduceSum: reduction(sum, total),
  ReduceMean: reduction(mean, (elements) => total(elements) / elements.length),
  ReduceMax: reduction(max, (elements) => elements.reduce((a, b) => Math.max(a, b), -Infinity)),
  ReduceMin: reduction(
    (x, axes, keeps) => negate(max(negate(x), axes, keeps)),
    (elements) => elements.reduce((a, b) => Math.min(a, b), Infinity),
  ),
  ReduceProd: reduction(product, (elements) => elements.reduce((a, b) => a * b, 1)),
  ReduceL1: reduction((x, axes, keeps) => sum(absolute(x), axes, keeps)),
  ReduceL2: reduction((x, axes, keeps) => sqrt(squares(x, axes, keeps))),
  ReduceSumSquare: reduction(squares),
  ReduceLogSum: reduction((x, axes, keeps) => log(sum(x, axes, keeps))),
  ReduceLogSumExp: reduction(logSumExp),
  ArgMax: position(1),
  ArgMin: position(-1),
  CumSum: runningSum,
};
