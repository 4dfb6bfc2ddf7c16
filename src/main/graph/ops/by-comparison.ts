/**
 * Reading and adding at computed places, for devices whose providers lack ONNX's ops for that or add at repeated indices in an
 * order of their own: places are found by comparing each with all that there are. Sums come in the order of their rows, so a
 * step gives the same bits every time.
 */
import type { Shape } from '../program.ts';
import { elementCount, sizeAt } from '../shape.ts';
import type { OnnxEmitter } from '../types.ts';

const float32 = 1; // TensorProto.DataType.FLOAT
/** Elements of a table of ones and zeros that is made at once: 16 MB. */
const mostCompared = 4 * 1024 * 1024;

const range = (count: number): readonly number[] => Array.from({ length: count }, (_, place) => place);

/** 1 where the index is the place, else 0: [...indices, depth]. */
export function oneHotByComparison(emit: OnnxEmitter, indices: string, shape: Shape, depth: number): string {
  const column = emit.one('Reshape', [indices, emit.ints([...shape, 1])]);
  return emit.one('Cast', [emit.one('Equal', [column, emit.int32(range(depth))])], { to: float32 });
}

/** One element of each row of x [rows, width] at indices [rows]. */
export function pickByComparison(
  emit: OnnxEmitter,
  x: string,
  indices: string,
  [rows, width]: readonly [number, number],
): string {
  const isPlace = isPlaceOf(emit, indices, rows, width);
  return emit.one('ReduceSum', [emit.one('Where', [isPlace, x, emit.float(0)]), emit.ints([1])], { keepdims: 0 });
}

/** x [rows, width] with amounts [rows] added at indices [rows], one in each row. */
export function addByComparison(
  emit: OnnxEmitter,
  x: string,
  indices: string,
  amounts: string,
  [rows, width]: readonly [number, number],
): string {
  const column = emit.one('Reshape', [amounts, emit.ints([rows, 1])]);
  return emit.one('Add', [x, emit.one('Where', [isPlaceOf(emit, indices, rows, width), column, emit.float(0)])]);
}

function isPlaceOf(emit: OnnxEmitter, indices: string, rows: number, width: number): string {
  const column = emit.one('Reshape', [indices, emit.ints([rows, 1])]);
  return emit.one('Equal', [column, emit.int32(range(width))]);
}

/** Positions of each example: x [batch, length, ...] at indices [batch, count], by their places among all positions. */
export function gatherOfEach(emit: OnnxEmitter, x: string, indices: string, shape: Shape): string {
  const [batch, length] = [sizeAt(shape, 0), sizeAt(shape, 1)];
  const first = emit.int32(
    range(batch).map((example) => example * length),
    [batch, 1],
  );
  const positions = emit.one('Reshape', [x, emit.ints([batch * length, ...shape.slice(2)])]);
  return emit.one('Gather', [positions, emit.one('Add', [indices, first])], { axis: 0 });
}

/** A table of the shape that is zero but for rows added at their indices, as products of ones and zeros with the rows. */
export function scatterByProducts(
  emit: OnnxEmitter,
  rows: string,
  indices: string,
  indexShape: Shape,
  shape: Shape,
): string {
  const count = elementCount(indexShape);
  const [size, width] = [sizeAt(shape, 0), elementCount(shape.slice(1))];
  const flat = emit.one('Reshape', [rows, emit.ints([count, width])]);
  const places = emit.one('Reshape', [indices, emit.ints([1, count])]);
  const atOnce = Math.max(1, Math.min(size, Math.floor(mostCompared / count)));
  const parts: string[] = [];
  for (let start = 0; start < size; start += atOnce) {
    const some = Math.min(atOnce, size - start);
    const own = start === 0 ? places : emit.one('Sub', [places, emit.int32([start])]);
    const isOwn = emit.one('Equal', [emit.int32(range(some), [some, 1]), own]);
    parts.push(emit.one('MatMul', [emit.one('Cast', [isOwn], { to: float32 }), flat]));
  }
  const [only = ''] = parts;
  const table = parts.length === 1 ? only : emit.one('Concat', parts, { axis: 0 });
  return emit.one('Reshape', [table, emit.ints(shape)]);
}
