/** Properties over random shapes: broadcasting, reductions, permutations, slices and products on both engines. */
import fc from 'fast-check';
import { describe, it } from 'vitest';
import {
  add,
  broadcastTo,
  divide,
  matmul,
  mean,
  multiply,
  pad,
  slice,
  sum,
  transpose,
} from '../../src/main/graph/index.ts';
import { checkCase } from './harness.ts';

const parameters = { numRuns: 12, seed: 20240611 };
const size = fc.integer({ min: 1, max: 4 });
const shape = (minLength: number, maxLength: number) => fc.array(size, { minLength, maxLength });

/** Two shapes that broadcast: the second drops leading axes and has some axes of size 1. */
const broadcastPair = shape(1, 4).chain((full) =>
  fc.record({
    full: fc.constant(full),
    partner: fc
      .tuple(fc.array(fc.boolean(), { minLength: full.length, maxLength: full.length }), fc.nat(full.length))
      .map(([ones, from]) => full.map((length, axis) => (ones[axis] === true ? 1 : length)).slice(from)),
    swap: fc.boolean(),
  }),
);

describe('random shapes', () => {
  it('broadcast in arithmetic, and sum back in its gradient', async () => {
    await fc.assert(
      fc.asyncProperty(broadcastPair, async ({ full, partner, swap }) => {
        const [a, b] = swap ? [partner, full] : [full, partner];
        await checkCase({
          op: 'multiply',
          title: '',
          inputs: { a: { shape: a }, b: { shape: b, awayFromZero: 0.5 } },
          build: (values) => {
            const [left, right] = [values.a!, values.b!];
            return add(multiply(left, right), divide(left, right));
          },
        });
      }),
      parameters,
    );
  });

  it('broadcast explicitly', async () => {
    await fc.assert(
      fc.asyncProperty(broadcastPair, async ({ full, partner }) => {
        fc.pre(full.join() !== partner.join());
        await checkCase({
          op: 'broadcast',
          title: '',
          inputs: { x: { shape: partner } },
          build: ({ x }) => broadcastTo(x!, full),
        });
      }),
      parameters,
    );
  });

  it('are reduced over any axes', async () => {
    const reduction = shape(1, 4).chain((full) =>
      fc.record({
        full: fc.constant(full),
        axes: fc.subarray(
          full.map((_, axis) => axis),
          { minLength: 1 },
        ),
        keep: fc.boolean(),
      }),
    );
    await fc.assert(
      fc.asyncProperty(reduction, async ({ full, axes, keep }) => {
        await checkCase({
          op: 'mean',
          title: '',
          inputs: { x: { shape: full } },
          build: ({ x }) => [sum(x!, axes, keep), mean(x!, axes, keep)],
        });
      }),
      parameters,
    );
  });

  it('are permuted, sliced and padded', async () => {
    const movement = shape(1, 4).chain((full) =>
      fc.record({
        full: fc.constant(full),
        permutation: fc.shuffledSubarray(
          full.map((_, axis) => axis),
          { minLength: full.length },
        ),
        cuts: fc.tuple(...full.map((length) => fc.tuple(fc.nat(length - 1), fc.nat(length - 1)))),
        padding: fc.array(fc.nat(2), { minLength: full.length, maxLength: full.length }),
      }),
    );
    await fc.assert(
      fc.asyncProperty(movement, async ({ full, permutation, cuts, padding }) => {
        const starts = cuts.map(([a, b]) => Math.min(a, b));
        const ends = cuts.map(([a, b]) => Math.max(a, b) + 1);
        const amounts = padding.with(0, padding[0]! + 1);
        await checkCase({
          op: 'pad',
          title: '',
          inputs: { x: { shape: full } },
          build: ({ x }) => transpose(pad(slice(x!, starts, ends), amounts, padding), permutation),
        });
      }),
      parameters,
    );
  });

  it('are multiplied as matrices in every orientation', async () => {
    const product = fc.record({
      batch: shape(0, 2),
      rows: size,
      inner: size,
      columns: size,
      transposeA: fc.boolean(),
      transposeB: fc.boolean(),
      scale: fc.constantFrom(1, 0.5, -2),
    });
    await fc.assert(
      fc.asyncProperty(product, async ({ batch, rows, inner, columns, ...options }) => {
        await checkCase({
          op: 'matmul',
          title: '',
          inputs: {
            a: { shape: [...batch, ...(options.transposeA ? [inner, rows] : [rows, inner])] },
            b: { shape: [...batch, ...(options.transposeB ? [columns, inner] : [inner, columns])] },
          },
          build: (values) => matmul(values.a!, values.b!, options),
        });
      }),
      parameters,
    );
  });
});
