/**
 * Reading and writing at computed places: rows of a table, positions of a sequence, one class of each example.
 *
 * Adding at repeated indices is where runtimes go wrong: ONNX Runtime's ScatterND with addition loses updates when more
 * than one thread runs. Gradients of rows therefore leave the program as `RowGradient`s where they can, are one-hot
 * products where that is cheap, and use ScatterElements, which is right, everywhere else.
 */
import { LabError } from '../../../shared/errors.ts';
import { apply, at, defineOp, requireDtype, requireFloat } from '../op.ts';
import type { Shape, Value } from '../program.ts';
import { elementCount, sameShape, showShape, sizeAt } from '../shape.ts';
import { reshape } from './broadcasting.ts';
import {
  addByComparison,
  gatherOfEach,
  oneHotByComparison,
  pickByComparison,
  scatterByProducts,
} from './by-comparison.ts';
import { matmul } from './matmul.ts';
import { zeros } from './shape.ts';
import { tfjsPlaces } from './tfjs-places.ts';

const onnxInt64 = 7; // TensorProto.DataType.INT64

const gatherOp = defineOp({
  name: 'gather',
  infer(inputs) {
    const table = at(inputs, 0);
    const indices = requireDtype(at(inputs, 1), 'int32', 'the indices');
    if (table.shape.length === 0) throw new LabError('shape', 'a scalar has no rows to gather');
    return [{ dtype: table.dtype, shape: [...indices.shape, ...table.shape.slice(1)] }];
  },
  gradient: ({ inputs }, [gradient]) => [gradient && { kind: 'rows', indices: at(inputs, 1), rows: gradient }],
  onnx: (emit, inputs) => [emit.one('Gather', inputs, { axis: 0 })],
  tfjs: (tf, inputs) => [tf.gather(at(inputs, 0), at(inputs, 1))],
  flops: () => 0,
});

/**
 * Rows of a table [V, ...row] at int32 indices of any shape → [...indices, ...row]. The gradient is a `RowGradient`:
 * for a parameter the optimizer adds the rows, touching only those that were used.
 */
export function gather(table: Value, indices: Value): Value {
  return apply(gatherOp, [table, indices], {});
}

const scatterRowsOp = defineOp<{ readonly shape: Shape }>({
  name: 'scatter-rows',
  infer(inputs, { shape }) {
    const rows = requireFloat(at(inputs, 0), 'the rows');
    const indices = requireDtype(at(inputs, 1), 'int32', 'the indices');
    if (shape.length === 0 || !sameShape(rows.shape, [...indices.shape, ...shape.slice(1)])) {
      throw new LabError('shape', `rows of ${showShape(rows.shape)} do not fit a table of ${showShape(shape)}`);
    }
    return [{ dtype: 'float32', shape }];
  },
  gradient: ({ inputs }, [gradient]) => [gradient && gather(gradient, at(inputs, 1))],
  onnx(emit, inputs, { inputs: [, indices], attributes: { shape } }) {
    if (emit.onDevice) return [scatterByProducts(emit, at(inputs, 0), at(inputs, 1), indices?.shape ?? [], shape)];
    const count = elementCount(indices?.shape ?? []);
    const [size, width] = [sizeAt(shape, 0), elementCount(shape.slice(1))];
    const column = emit.one('Reshape', [at(inputs, 1), emit.ints([count, 1])]);
    const table = emit.one('ScatterElements', [
      emit.one('Expand', [emit.float(0), emit.ints([size, width])]),
      emit.one('Expand', [column, emit.ints([count, width])]),
      emit.one('Reshape', [at(inputs, 0), emit.ints([count, width])]),
    ], { axis: 0, reduction: 'add' }); // prettier-ignore
    return [emit.one('Reshape', [table, emit.ints(shape)])];
  },
  tfjs(tf, inputs, { attributes: { shape } }) {
    const indices = tf.reshape(at(inputs, 1), [-1, 1]);
    const rows = tf.reshape(at(inputs, 0), [sizeAt(indices.shape, 0), elementCount(shape.slice(1))]);
    return [tf.reshape(tf.scatterND(indices, rows, [sizeAt(shape, 0), sizeAt(rows.shape, 1)]), [...shape])];
  },
  flops: ({ inputs }) => elementCount(at(inputs, 0).shape),
});

/** A table of the given shape that is zero but for the rows added at their indices; indices may repeat. */
export function scatterRows(rows: Value, indices: Value, shape: Shape): Value {
  return apply(scatterRowsOp, [rows, indices], { shape });
}

const oneHotOp = defineOp<{ readonly depth: number }>({
  name: 'one-hot',
  infer: (inputs, { depth }) => [
    { dtype: 'float32', shape: [...requireDtype(at(inputs, 0), 'int32', 'the indices').shape, depth] },
  ],
  onnx(emit, inputs, { inputs: [indices], attributes: { depth } }) {
    if (emit.onDevice) return [oneHotByComparison(emit, at(inputs, 0), indices?.shape ?? [], depth)];
    const places = emit.one('Cast', inputs, { to: onnxInt64 });
    return [emit.one('OneHot', [places, emit.ints([depth], []), emit.floats([0, 1])])];
  },
  tfjs: (tf, inputs, { attributes: { depth } }) => [tf.oneHot(at(inputs, 0), depth, 1, 0, 'float32')],
  flops: () => 0,
});

/** [...indices, depth], float32: 1 at the index, 0 elsewhere. */
export function oneHot(indices: Value, depth: number): Value {
  return apply(oneHotOp, [indices], { depth });
}

const batchGatherOp = defineOp({
  name: 'batch-gather',
  infer(inputs) {
    const x = at(inputs, 0);
    const indices = requireDtype(at(inputs, 1), 'int32', 'the indices');
    if (x.shape.length < 2 || indices.shape.length !== 2 || x.shape[0] !== indices.shape[0]) {
      throw new LabError('shape', 'gathering in each batch needs x [batch, length, ...] and indices [batch, count]');
    }
    return [{ dtype: x.dtype, shape: [...indices.shape, ...x.shape.slice(2)] }];
  },
  gradient({ inputs }, [gradient]) {
    const [x, indices] = [at(inputs, 0), at(inputs, 1)];
    if (!gradient) return [];
    const [batch, length, count] = [sizeAt(x.shape, 0), sizeAt(x.shape, 1), sizeAt(indices.shape, 1)];
    const rows = reshape(gradient, [batch, count, -1]);
    return [reshape(matmul(oneHot(indices, length), rows, { transposeA: true, exact: true }), x.shape)];
  },
  onnx(emit, inputs, { inputs: [x, indices] }) {
    if (emit.onDevice) return [gatherOfEach(emit, at(inputs, 0), at(inputs, 1), x?.shape ?? [])];
    const places = emit.one('Cast', [at(inputs, 1)], { to: onnxInt64 });
    const column = emit.one('Reshape', [places, emit.ints([...(indices?.shape ?? []), 1])]);
    return [emit.one('GatherND', [at(inputs, 0), column], { batch_dims: 1 })];
  },
  tfjs: (tf, inputs) => [tf.gather(at(inputs, 0), at(inputs, 1), 1, 1)],
  flops: () => 0,
});

/** Positions of each sequence: x [batch, length, ...] at int32 indices [batch, count] → [batch, count, ...]. */
export function batchGather(x: Value, indices: Value): Value {
  return apply(batchGatherOp, [x, indices], {});
}

const pickOp = defineOp({
  name: 'pick',
  infer(inputs) {
    const x = requireFloat(at(inputs, 0));
    requirePlaces(x.shape, requireDtype(at(inputs, 1), 'int32', 'the indices').shape);
    return [{ dtype: 'float32', shape: x.shape.slice(0, 1) }];
  },
  gradient({ inputs }, [gradient]) {
    const x = at(inputs, 0);
    return [gradient && addAt(zeros(x.program, x.shape), at(inputs, 1), gradient)];
  },
  onnx(emit, inputs, { inputs: [x], outputs }) {
    if (emit.onDevice) return [pickByComparison(emit, at(inputs, 0), at(inputs, 1), matrixOf(x?.shape ?? []))];
    const column = emit.one('Reshape', [at(inputs, 1), emit.ints([...at(outputs, 0).shape, 1])]);
    const picked = emit.one('GatherElements', [at(inputs, 0), column], { axis: 1 });
    return [emit.one('Reshape', [picked, emit.ints(at(outputs, 0).shape)])];
  },
  tfjs: (tf, inputs) => [tf.gatherND(at(inputs, 0), tfjsPlaces(tf, at(inputs, 1)))],
  flops: () => 0,
});

/** One element of each row: x [N, V] at int32 indices [N] → [N]. */
export function pick(x: Value, indices: Value): Value {
  return apply(pickOp, [x, indices], {});
}

const addAtOp = defineOp({
  name: 'add-at',
  infer(inputs) {
    const x = requireFloat(at(inputs, 0));
    requirePlaces(x.shape, requireDtype(at(inputs, 1), 'int32', 'the indices').shape);
    requirePlaces(x.shape, requireFloat(at(inputs, 2), 'what is added').shape);
    return [x];
  },
  gradient: ({ inputs }, [gradient], needed) => [
    gradient,
    undefined,
    gradient && needed[2] ? pick(gradient, at(inputs, 1)) : undefined,
  ],
  onnx(emit, inputs, { inputs: [x, indices] }) {
    if (emit.onDevice) {
      return [addByComparison(emit, at(inputs, 0), at(inputs, 1), at(inputs, 2), matrixOf(x?.shape ?? []))];
    }
    const column = emit.ints([...(indices?.shape ?? []), 1]);
    return [
      emit.one(
        'ScatterElements',
        [at(inputs, 0), emit.one('Reshape', [at(inputs, 1), column]), emit.one('Reshape', [at(inputs, 2), column])],
        { axis: 1, reduction: 'add' },
      ),
    ];
  },
  tfjs(tf, inputs) {
    const x = at(inputs, 0);
    return [tf.add(x, tf.scatterND(tfjsPlaces(tf, at(inputs, 1)), at(inputs, 2), x.shape))];
  },
  flops: ({ inputs }) => elementCount(at(inputs, 1).shape),
});

/** x [N, V] with amounts [N] added at int32 indices [N], one in each row. */
export function addAt(x: Value, indices: Value, amounts: Value): Value {
  return apply(addAtOp, [x, indices, amounts], {});
}

function matrixOf(shape: Shape): readonly [number, number] {
  return [sizeAt(shape, 0), sizeAt(shape, 1)];
}

function requirePlaces(x: Shape, places: Shape): void {
  if (x.length !== 2 || !sameShape(x.slice(0, 1), places)) {
    throw new LabError('shape', 'x needs the shape [N, V] and there must be one index for each of its N rows');
  }
}
