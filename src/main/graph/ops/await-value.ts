/** An order between computations that do not read each other's results. */
import { apply, at, defineOp } from '../op.ts';
import type { Value } from '../program.ts';

const awaitValueOp = defineOp({
  name: 'await-value',
  infer: (inputs) => [at(inputs, 0)],
  gradient: (_node, [gradient]) => [gradient, undefined],
  /**
   * A choice between the same two tensors by a comparison of an element of the other one with itself, which no engine foresees. Places
   * of slices are not for graphics cards to compute: there they are not waited for.
   */
  onnx(emit, [x = '', other = ''], { inputs: [value, awaited] }) {
    if (emit.onDevice && value?.dtype !== 'float32') return [x];
    const axes = (awaited?.shape ?? []).map((_, axis) => axis);
    const first = emit.one('Slice', [
      other,
      emit.ints(axes.map(() => 0)),
      emit.ints(axes.map(() => 1)),
      emit.ints(axes),
    ]);
    const element = emit.one('Reshape', [axes.length === 0 ? other : first, emit.ints([1])]);
    return [emit.one('Where', [emit.one('Less', [element, element]), x, x])];
  },
  tfjs: (_tf, inputs) => [at(inputs, 0).clone()],
  flops: () => 0,
});

/** `x` as it is, but not before `other`, a float32 tensor, is computed. */
export function awaitValue(x: Value, other: Value): Value {
  return apply(awaitValueOp, [x, other], {});
}
