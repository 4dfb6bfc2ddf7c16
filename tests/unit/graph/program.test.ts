/** Building programs: shape errors that say where, sharing of parameters, names. */
import { describe, expect, it } from 'vitest';
import type { Value } from '../../../src/main/graph/index.ts';
import { gradientsOf } from '../../../src/main/graph/autodiff.ts';
import {
  add,
  appendGradients,
  assign,
  attention,
  concat,
  constant,
  createProgram,
  crossEntropy,
  dense,
  gather,
  input,
  layerNormalization,
  linearCrossEntropy,
  matmul,
  output,
  parameter,
  reshape,
  slice,
  split,
  sum,
  transpose,
  withScope,
} from '../../../src/main/graph/index.ts';
import { programFlops } from '../../../src/main/graph/op.ts';
import type { LabError } from '../../../src/shared/errors.ts';
import { isLabError } from '../../../src/shared/errors.ts';

function errorOf(run: () => unknown): LabError {
  try {
    run();
  } catch (error) {
    if (isLabError(error)) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

const floats = (program: ReturnType<typeof createProgram>, ...shapes: (readonly number[])[]): readonly Value[] =>
  shapes.map((shape, index) => input(program, `x${String(index)}`, 'float32', shape));

describe('a shape error', () => {
  it('names the block path, the op and both shapes', () => {
    const program = createProgram('test');
    const [a, b] = floats(program, [2, 3], [4, 5]);
    const error = errorOf(() => withScope(program, 'encoder', () => withScope(program, 'layer.0', () => add(a!, b!))));
    expect(error.code).toBe('shape');
    expect(error.message).toBe(
      'encoder/layer.0: add: the shapes [2, 3] and [4, 5] do not broadcast (inputs [2, 3] and [4, 5])',
    );
    expect(error.details).toMatchObject({
      path: 'encoder/layer.0',
      op: 'add',
      shapes: [
        [2, 3],
        [4, 5],
      ],
    });
  });

  it.each<[string, (values: readonly Value[]) => unknown, string]>([
    [
      'products whose inner sizes differ',
      ([a, b]) => matmul(a!, b!),
      'the inner sizes of [2, 3] and [4, 5] differ: 3 and 4',
    ],
    ['stacks of different numbers', ([, , c, d]) => matmul(c!, d!), '[2, 3, 4] and [3, 4, 5] are not matrices'],
    [
      'a weight for other features',
      ([a, b, , , e]) => dense(a!, b!, e),
      'a dense layer needs x [rows, in], weight [in, out] and bias [out]',
    ],
    ['reshaping to another size', ([a]) => reshape(a!, [4, 2]), '[2, 3] cannot be reshaped to [4, 2]'],
    ['a free size that does not divide', ([a]) => reshape(a!, [4, -1]), '[2, 3] cannot be reshaped to [4, 1.5]'],
    ['a permutation of other axes', ([a]) => transpose(a!, [0, 2]), '(0, 2) is not a permutation of 2 axes'],
    ['a slice past the end', ([a]) => slice(a!, [0, 2], [2, 4]), 'there is no slice from [0, 2] to [2, 4] in [2, 3]'],
    ['parts that do not add up', ([a]) => split(a!, 1, 2), 'axis 1 of [2, 3] cannot be split into [1.5, 1.5]'],
    [
      'joining what differs elsewhere',
      ([a, b]) => concat([a!, b!], 0),
      'only tensors that agree in all axes but 0 can be concatenated',
    ],
    ['an axis that is not there', ([a]) => sum(a!, [2]), 'there is no axis 2 in a tensor of rank 2'],
    ['float indices', ([a, b]) => gather(a!, b!), 'the indices is float32, not int32'],
    ['a gain of another size', ([a, , , , e]) => layerNormalization(a!, e!, e, 1e-5), 'need the shape [3]'],
    ['keys that do not match', ([, , c, d]) => attention(c!, d!, d!, { scale: 1 }), 'attention needs queries'],
  ])('is thrown for %s', (_title, build, message) => {
    const program = createProgram('test');
    const values = floats(program, [2, 3], [4, 5], [2, 3, 4], [3, 4, 5], [7]);
    const error = errorOf(() => build(values));
    expect(error.code).toBe('shape');
    expect(error.message).toContain(message);
  });

  it('is thrown for labels that do not match, in both losses', () => {
    const program = createProgram('test');
    const [logits, weights] = floats(program, [4, 5], [3]);
    const labels = input(program, 'labels', 'int32', [3]);
    expect(errorOf(() => crossEntropy(logits!, labels, weights!)).message).toContain('cross-entropy needs logits');
    expect(errorOf(() => linearCrossEntropy(logits!, logits!, labels, weights!)).message).toContain(
      'linear cross-entropy needs',
    );
  });
});

describe('a program', () => {
  const options = { initialiser: { type: 'zeros' } } as const;

  it('shares parameters of one name and refuses two shapes for it', () => {
    const program = createProgram('test');
    const build = (shape: readonly number[]): Value =>
      withScope(program, 'block', () => parameter(program, 'weight', shape, options));
    const first = build([2, 3]);
    expect(build([2, 3])).toBe(first);
    expect([...program.parameters.keys()]).toEqual(['block/weight']);
    expect(errorOf(() => build([3, 2])).message).toBe(
      'parameter block/weight is shared, but was declared as [2, 3] and now as [3, 2]',
    );
  });

  it('decays matrices and not vectors, unless told otherwise', () => {
    const program = createProgram('test');
    parameter(program, 'matrix', [2, 3], options);
    parameter(program, 'vector', [3], options);
    parameter(program, 'exempt', [2, 3], { ...options, decay: false });
    parameter(program, 'state', [2, 3], { ...options, role: 'state' });
    expect([...program.parameters.values()].map(({ name, decay, trainable }) => [name, decay, trainable])).toEqual([
      ['matrix', true, true],
      ['vector', false, true],
      ['exempt', false, true],
      ['state', false, false],
    ]);
  });

  it('refuses a second input or output of one name, and sizes that are none', () => {
    const program = createProgram('test');
    const x = input(program, 'x', 'float32', [2]);
    output(program, 'y', x);
    expect(errorOf(() => input(program, 'x', 'float32', [2])).code).toBe('conflict');
    expect(
      errorOf(() => {
        output(program, 'y', x);
      }).code,
    ).toBe('conflict');
    expect(errorOf(() => input(program, 'z', 'float32', [2, 0])).message).toContain('must be a positive integer');
  });

  it('assigns only states, and only what fits', () => {
    const program = createProgram('test');
    const weight = parameter(program, 'weight', [2], options);
    const state = parameter(program, 'state', [2], { ...options, role: 'state' });
    expect(
      errorOf(() => {
        assign(weight, state);
      }).code,
    ).toBe('internal');
    expect(
      errorOf(() => {
        assign(state, constant(program, 1));
      }).message,
    ).toContain('[2], its next value []');
  });

  it('merges equal constants', () => {
    const program = createProgram('test');
    expect(constant(program, 2)).toBe(constant(program, Float32Array.of(2), []));
    expect(constant(program, Int32Array.of(2), [])).not.toBe(constant(program, 2));
    expect(errorOf(() => constant(program, Float32Array.of(1, 2), [3])).code).toBe('shape');
  });

  it('counts the floating-point operations of what is read', () => {
    const program = createProgram('test');
    const [x, w] = floats(program, [8, 16], [16, 4]);
    output(program, 'product', matmul(x!, w!));
    matmul(x!, w!, { scale: 2 });
    expect(programFlops(program)).toBe(2 * 8 * 16 * 4);
  });
});

describe('differentiation', () => {
  it('refuses anything but a float scalar', () => {
    const program = createProgram('test');
    const [x] = floats(program, [2]);
    expect(errorOf(() => gradientsOf(x!, [x!])).message).toContain('only a float32 scalar can be differentiated');
  });

  it('refuses values of two programs', () => {
    const [a] = floats(createProgram('one'), [2]);
    const [b] = floats(createProgram('two'), [2]);
    expect(errorOf(() => add(a!, b!)).message).toContain('different programs');
  });

  it('leaves out parameters that the loss does not depend on', () => {
    const program = createProgram('test');
    const used = parameter(program, 'used', [2], { initialiser: { type: 'zeros' } });
    parameter(program, 'unused', [2], { initialiser: { type: 'zeros' } });
    expect(appendGradients(program, sum(used)).map(({ parameter: { name } }) => name)).toEqual(['used']);
  });
});
