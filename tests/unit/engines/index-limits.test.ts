// Places that a program is fed: a graphics card reads what lies outside of a table without a word, so they are looked at before.
import { describe, expect, it } from 'vitest';
import { createOnnxRuntimeEngine } from '../../../src/main/engines/onnxruntime/engine.ts';
import { indexLimits } from '../../../src/main/engines/resident/index-limits.ts';
import type { Program } from '../../../src/main/graph/index.ts';
import {
  createProgram,
  crossEntropy,
  dense,
  gather,
  input,
  output,
  parameter,
  reshape,
} from '../../../src/main/graph/index.ts';

const zeros = { initialiser: { type: 'zeros' } } as const;

function classifier(): Program {
  const program = createProgram('classifier');
  const tokens = input(program, 'tokens', 'int32', [2, 3]);
  const embedded = gather(parameter(program, 'table', [7, 4], zeros), reshape(tokens, [6]));
  const logits = dense(reshape(embedded, [2, 12]), parameter(program, 'weight', [12, 5], zeros));
  const labels = input(program, 'labels', 'int32', [2]);
  output(program, 'loss', crossEntropy(logits, labels, input(program, 'weights', 'float32', [2])).loss);
  return program;
}

describe('places that a program is fed', () => {
  it('are those of its tables and of its classes', () => {
    expect(indexLimits(classifier())).toEqual(
      new Map([
        ['tokens', 7],
        ['labels', 5],
      ]),
    );
  });

  it.each([
    ['tokens', { tokens: Int32Array.of(0, 1, 2, 3, 4, 7), labels: Int32Array.of(0, 4) }],
    ['labels', { tokens: Int32Array.of(0, 1, 2, 3, 4, 6), labels: Int32Array.of(0, 5) }],
  ])('are refused where they lie outside: %s', async (name, feeds) => {
    const engine = createOnnxRuntimeEngine();
    const weights = Float32Array.of(1, 1);
    for (const resident of [false, true]) {
      await using executable = await engine.compile(classifier(), { threads: 1, resident });
      await expect(executable.run({ ...feeds, weights })).rejects.toMatchObject({
        code: 'engine-failed',
        ...(resident && { message: expect.stringContaining(`'${name}'`) }),
      });
      await expect(
        executable.run({ tokens: Int32Array.of(0, 1, 2, 3, 4, 6), labels: Int32Array.of(0, 4), weights }),
      ).resolves.toBeDefined();
    }
  });
});
