/** Ops that move elements about without computing: permuting axes, cutting out, joining, padding. */
import { LabError } from '../../../shared/errors.ts';
import { apply, applyAll, at, defineOp } from '../op.ts';
import type { Program, Shape, Value } from '../program.ts';
import { constant } from '../program.ts';
import { normaliseAxis, sameShape, showShape, sizeAt } from '../shape.ts';
import { broadcastTo, reshape } from './broadcasting.ts';

export { broadcastTo, reshape } from './broadcasting.ts';

const transposeOp = defineOp<{ readonly permutation: readonly number[] }>({
  name: 'transpose',
  infer(inputs, { permutation }) {
    const x = at(inputs, 0);
    if ([...permutation].sort((a, b) => a - b).join() !== x.shape.map((_, axis) => axis).join()) {
      throw new LabError('shape', `(${permutation.join(', ')}) is not a permutation of ${String(x.shape.length)} axes`);
    }
    return [{ dtype: x.dtype, shape: permutation.map((axis) => sizeAt(x.shape, axis)) }];
  },
  gradient: ({ attributes: { permutation } }, [gradient]) => [
    gradient &&
      transpose(
        gradient,
        permutation.map((_, axis) => permutation.indexOf(axis)),
      ),
  ],
  onnx: (emit, inputs, { attributes }) => [emit.one('Transpose', inputs, { perm: attributes.permutation })],
  tfjs: (tf, inputs, { attributes }) => [tf.transpose(at(inputs, 0), [...attributes.permutation])],
  flops: () => 0,
});

/** Axis i of the result is axis `permutation[i]` of `x`. */
export function transpose(x: Value, permutation: readonly number[]): Value {
  const isIdentity = permutation.length === x.shape.length && permutation.every((from, to) => from === to);
  return isIdentity ? x : apply(transposeOp, [x], { permutation });
}

const sliceOp = defineOp<{ readonly starts: readonly number[]; readonly ends: readonly number[] }>({
  name: 'slice',
  infer(inputs, { starts, ends }) {
    const x = at(inputs, 0);
    const fits = x.shape.every((size, axis) => {
      const [start, end] = [starts[axis] ?? -1, ends[axis] ?? -1];
      return start >= 0 && end > start && end <= size;
    });
    if (!fits || starts.length !== x.shape.length || ends.length !== x.shape.length) {
      throw new LabError(
        'shape',
        `there is no slice from ${showShape(starts)} to ${showShape(ends)} in ${showShape(x.shape)}`,
      );
    }
    return [{ dtype: x.dtype, shape: ends.map((end, axis) => end - at(starts, axis)) }];
  },
  gradient({ inputs, attributes: { starts, ends } }, [gradient]) {
    const { shape } = at(inputs, 0);
    return [
      gradient &&
        pad(
          gradient,
          starts,
          ends.map((end, axis) => sizeAt(shape, axis) - end),
        ),
    ];
  },
  onnx(emit, inputs, { inputs: [x], outputs, attributes: { starts, ends } }) {
    const axes = starts.flatMap((_, axis) => (x?.shape[axis] === outputs[0]?.shape[axis] ? [] : [axis]));
    const pick = (list: readonly number[]): string => emit.ints(axes.map((axis) => at(list, axis)));
    const sliced = (whole: string): string => emit.one('Slice', [whole, pick(starts), pick(ends), emit.ints(axes)]);
    const onnxType = x?.dtype === 'int32' ? 6 : x?.dtype === 'bool' ? 9 : 1;
    if (!emit.onDevice || onnxType === 1) return [sliced(at(inputs, 0))];
    // Graphics cards cut floats alone, which hold whole numbers up to 16 million exactly.
    return [emit.one('Cast', [sliced(emit.one('Cast', [at(inputs, 0)], { to: 1 }))], { to: onnxType })];
  },
  tfjs: (tf, inputs, { outputs, attributes }) => [
    tf.slice(at(inputs, 0), [...attributes.starts], [...at(outputs, 0).shape]),
  ],
  flops: () => 0,
});

/** The elements from `starts` up to, but without, `ends`: one of each for every axis. */
export function slice(x: Value, starts: readonly number[], ends: readonly number[]): Value {
  const isAll = starts.length === x.shape.length && starts.every((start) => start === 0) && sameShape(ends, x.shape);
  return isAll ? x : apply(sliceOp, [x], { starts, ends });
}

/** The slice from `start` up to, but without, `end` along one axis. */
export function sliceAxis(x: Value, axis: number, start: number, end: number): Value {
  const normal = normaliseAxis(axis, x.shape.length);
  return slice(
    x,
    x.shape.map((_, other) => (other === normal ? start : 0)),
    x.shape.map((size, other) => (other === normal ? end : size)),
  );
}

const padOp = defineOp<{
  readonly before: readonly number[];
  readonly after: readonly number[];
  readonly value: number;
}>({
  name: 'pad',
  infer(inputs, { before, after }) {
    const x = at(inputs, 0);
    const amounts = [...before, ...after];
    if (before.length !== x.shape.length || after.length !== x.shape.length || amounts.some((amount) => amount < 0)) {
      throw new LabError(
        'shape',
        `${showShape(x.shape)} cannot be padded with ${showShape(before)} and ${showShape(after)}`,
      );
    }
    return [{ dtype: x.dtype, shape: x.shape.map((size, axis) => at(before, axis) + size + at(after, axis)) }];
  },
  gradient({ inputs, attributes: { before } }, [gradient]) {
    const { shape } = at(inputs, 0);
    return [
      gradient &&
        slice(
          gradient,
          before,
          before.map((start, axis) => start + sizeAt(shape, axis)),
        ),
    ];
  },
  onnx(emit, inputs, { inputs: [x], attributes: { before, after, value } }) {
    const filler = x?.dtype === 'int32' ? emit.int32([value], []) : emit.float(value);
    return [emit.one('Pad', [at(inputs, 0), emit.ints([...before, ...after]), filler])];
  },
  tfjs: (tf, inputs, { attributes: { before, after, value } }) => [
    tf.pad(
      at(inputs, 0),
      before.map((amount, axis) => [amount, at(after, axis)]),
      value,
    ),
  ],
  flops: () => 0,
});

/** Adds `before[axis]` and `after[axis]` elements of the given value around `x`. */
export function pad(x: Value, before: readonly number[], after: readonly number[], value = 0): Value {
  const isNothing = before.length === x.shape.length && [...before, ...after].every((amount) => amount === 0);
  return isNothing ? x : apply(padOp, [x], { before, after, value });
}

const concatOp = defineOp<{ readonly axis: number }>({
  name: 'concat',
  infer(inputs, { axis }) {
    const first = at(inputs, 0);
    const others = (shape: Shape): Shape => shape.filter((_, other) => other !== axis);
    for (const { dtype, shape } of inputs) {
      if (
        dtype !== first.dtype ||
        shape.length !== first.shape.length ||
        !sameShape(others(shape), others(first.shape))
      ) {
        throw new LabError('shape', `only tensors that agree in all axes but ${String(axis)} can be concatenated`);
      }
    }
    const total = inputs.reduce((sum, { shape }) => sum + sizeAt(shape, axis), 0);
    return [{ dtype: first.dtype, shape: first.shape.map((size, other) => (other === axis ? total : size)) }];
  },
  gradient({ inputs, attributes: { axis } }, [gradient]) {
    return gradient
      ? split(
          gradient,
          axis,
          inputs.map(({ shape }) => sizeAt(shape, axis)),
        )
      : [];
  },
  onnx: (emit, inputs, { attributes: { axis } }) => [emit.one('Concat', inputs, { axis })],
  tfjs: (tf, inputs, { attributes: { axis } }) => [tf.concat([...inputs], axis)],
  flops: () => 0,
});

/** Joins tensors along an existing axis. */
export function concat(values: readonly [Value, ...Value[]], axis: number): Value {
  if (values.length === 1) return values[0];
  return apply(concatOp, values, { axis: normaliseAxis(axis, values[0].shape.length) });
}

/** Joins tensors of one shape along a new axis. */
export function stack(values: readonly [Value, ...Value[]], axis = 0): Value {
  const [first, ...rest] = values;
  const normal = normaliseAxis(axis, first.shape.length + 1);
  return concat([expandDimensions(first, normal), ...rest.map((value) => expandDimensions(value, normal))], normal);
}

const splitOp = defineOp<{ readonly axis: number; readonly sizes: readonly number[] }>({
  name: 'split',
  infer(inputs, { axis, sizes }) {
    const x = at(inputs, 0);
    const total = sizes.reduce((sum, size) => sum + size, 0);
    if (total !== sizeAt(x.shape, axis) || !sizes.every((size) => Number.isInteger(size) && size > 0)) {
      throw new LabError(
        'shape',
        `axis ${String(axis)} of ${showShape(x.shape)} cannot be split into ${showShape(sizes)}`,
      );
    }
    return sizes.map((size) => ({ dtype: x.dtype, shape: x.shape.map((old, other) => (other === axis ? size : old)) }));
  },
  gradient({ inputs, outputs, attributes: { axis } }, gradients) {
    const { program } = at(inputs, 0);
    const parts = outputs.map((output, index) => gradients[index] ?? zeros(program, output.shape));
    return [concat([at(parts, 0), ...parts.slice(1)], axis)];
  },
  onnx: (emit, inputs, { attributes: { axis, sizes } }) =>
    emit.node('Split', [at(inputs, 0), emit.ints(sizes)], { attributes: { axis }, outputs: sizes.length }),
  tfjs: (tf, inputs, { attributes: { axis, sizes } }) => tf.split(at(inputs, 0), [...sizes], axis),
  flops: () => 0,
});

/** Cuts along one axis into parts of the given sizes, or into so many equal parts. */
export function split(x: Value, axis: number, parts: readonly number[] | number): readonly Value[] {
  const normal = normaliseAxis(axis, x.shape.length);
  const sizes =
    typeof parts === 'number' ? Array.from({ length: parts }, () => sizeAt(x.shape, normal) / parts) : parts;
  return sizes.length === 1 && sizes[0] === sizeAt(x.shape, normal)
    ? [x]
    : applyAll(splitOp, [x], { axis: normal, sizes });
}

/** Adds an axis of size 1, at the given place in the new shape. */
export function expandDimensions(x: Value, axis: number): Value {
  const normal = normaliseAxis(axis, x.shape.length + 1);
  return reshape(x, x.shape.toSpliced(normal, 0, 1));
}

/** A float32 tensor of zeros. */
export function zeros(program: Program, shape: Shape): Value {
  return broadcastTo(constant(program, 0), shape);
}
