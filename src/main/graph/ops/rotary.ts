/** Rotary position embedding (J. Su et al. 2021, "RoFormer"): pairs of features are turned by an angle that grows with the position. */
import { LabError } from '../../../shared/errors.ts';
import { microsoftDomain } from '../onnx.ts';
import { apply, at, defineOp, requireFloat } from '../op.ts';
import type { Program, Value } from '../program.ts';
import { constant } from '../program.ts';
import { elementCount, sameShape, showShape, sizeAt } from '../shape.ts';
import { negate } from './elementwise.ts';

const rotaryOp = defineOp({
  name: 'rotary',
  infer(inputs) {
    const [x, cosines, sines] = [requireFloat(at(inputs, 0)), requireFloat(at(inputs, 1)), requireFloat(at(inputs, 2))];
    if (x.shape.length !== 4 || sizeAt(x.shape, 3) % 2 !== 0) {
      throw new LabError('shape', `rotation needs [batch, heads, length, an even size], not ${showShape(x.shape)}`);
    }
    const table = [sizeAt(x.shape, 2), sizeAt(x.shape, 3) / 2];
    if (!sameShape(cosines.shape, table) || !sameShape(sines.shape, table)) {
      throw new LabError('shape', `the angles of ${showShape(x.shape)} need the shape ${showShape(table)}`);
    }
    return [x];
  },
  /** The transpose of a rotation is the rotation back. */
  gradient({ inputs }, [gradient]) {
    return [gradient && rotate(gradient, { cosines: at(inputs, 1), sines: negate(at(inputs, 2)) })];
  },
  onnx(emit, inputs) {
    const [x, cosines, sines] = [at(inputs, 0), at(inputs, 1), at(inputs, 2)];
    const first = emit.ints([0]); // rows of the tables are positions from here on
    return [emit.one('RotaryEmbedding', [x, first, cosines, sines], { interleaved: 0 }, microsoftDomain)];
  },
  tfjs(tf, inputs) {
    const [cosines, sines] = [at(inputs, 1), at(inputs, 2)];
    const [left, right] = tf.split(at(inputs, 0), 2, 3);
    return [
      tf.concat(
        [
          tf.sub(tf.mul(left!, cosines), tf.mul(right!, sines)), // split was asked for two
          tf.add(tf.mul(right!, cosines), tf.mul(left!, sines)),
        ],
        3,
      ),
    ];
  },
  flops: ({ outputs }) => 3 * elementCount(at(outputs, 0).shape),
});

export interface RotaryAngles {
  /** [length, size / 2], as are the sines. */
  readonly cosines: Value;
  readonly sines: Value;
}

/** The angle at position p of pair i is p · base^(−2i/size): `size` features of a head, an even number, make size/2 pairs. */
export function rotaryAngles(program: Program, length: number, size: number, base: number): RotaryAngles {
  const pairs = size / 2;
  const table = (f: (angle: number) => number): Value => {
    const at = (index: number): number => f(Math.floor(index / pairs) * base ** (-(index % pairs) / pairs));
    return constant(
      program,
      Float32Array.from({ length: length * pairs }, (_, index) => at(index)),
      [length, pairs],
    );
  };
  return { cosines: table(Math.cos), sines: table(Math.sin) };
}

/**
 * Turns x [batch, heads, length, size]: feature i of the first half and feature i of the second are a pair, as in
 * GPT-NeoX, Llama and ModernBERT. The product of a query and a key then depends on how far apart they are, and not on where.
 * Throws `LabError('shape')`.
 */
export function rotate(x: Value, { cosines, sines }: RotaryAngles): Value {
  return apply(rotaryOp, [x, cosines, sines], {});
}
