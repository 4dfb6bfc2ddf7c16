/** Calls that ONNX Runtime computes at the same time, in threads: the same results as one after the other, and nothing left behind. */
import { afterEach, describe, expect, it } from 'vitest';
import { createOnnxRuntimeEngine } from '../../../src/main/engines/onnxruntime/engine.ts';
import { createSessionPool } from '../../../src/main/engines/onnxruntime/session-pool.ts';
import type { Executable } from '../../../src/main/engines/engine.ts';
import { add, createProgram, gather, input, matmul, output, parameter } from '../../../src/main/graph/index.ts';
import type { Program } from '../../../src/main/graph/program.ts';
import { randomStream } from '../../../src/shared/random.ts';

const engine = createOnnxRuntimeEngine();
const opened: Executable[] = [];

/** Rows of a table, each with the sum of all. */
function program(rows: number): Program {
  const built = createProgram(`rows of ${rows}`);
  const table = parameter(built, 'table', [5, 4], { initialiser: { type: 'zeros' } });
  const weight = parameter(built, 'weight', [4, 4], { initialiser: { type: 'zeros' } });
  const found = gather(table, input(built, 'indices', 'int32', [rows]));
  output(built, 'y', add(matmul(found, weight), input(built, 'x', 'float32', [rows, 4])));
  return built;
}

const numbers = (size: number, seed: number): Float32Array => {
  const stream = randomStream(seed);
  return Float32Array.from({ length: size }, () => stream.uniform() - 0.5);
};

const weights = (seed: number) =>
  new Map([
    ['table', { shape: [5, 4], data: numbers(20, seed) }],
    ['weight', { shape: [4, 4], data: numbers(16, seed + 1) }],
  ]);

const feedsOf = (rows: number, seed: number) => ({
  indices: Int32Array.from({ length: rows }, (_, row) => (row + seed) % 5),
  x: numbers(4 * rows, seed),
});

async function open(rows: number, atOnce: number, shareStateWith?: Executable): Promise<Executable> {
  const executable = await engine.compile(program(rows), {
    ...{ threads: 2, atOnce },
    ...(shareStateWith && { shareStateWith }),
  });
  opened.unshift(executable);
  return executable;
}

afterEach(async () => {
  for (const executable of opened.splice(0)) await executable.release();
});

describe('calls at the same time', () => {
  it('give what one call after the other gives, to the bit, in programs that share their weights', async () => {
    const plain = { three: await open(3, 1), seven: await open(7, 1) };
    const three = await open(3, 2);
    const seven = await open(7, 2, three);
    for (const seed of [1, 5]) {
      for (const one of [plain.three, plain.seven, three]) await one.importState({ parameters: weights(seed) });
      const found = await Promise.all(
        Array.from({ length: 12 }, (_, index) =>
          index % 2 === 0 ? three.run(feedsOf(3, index)) : seven.run(feedsOf(7, index)),
        ),
      );
      for (const [index, { y }] of found.entries()) {
        const rows = index % 2 === 0 ? 3 : 7;
        const expected = await (rows === 3 ? plain.three : plain.seven).run(feedsOf(rows, index));
        expect(y).toEqual(expected.y);
      }
    }
  });

  it('say what is wrong with the feeds of one, and go on with others', async () => {
    const three = await open(3, 2);
    await three.importState({ parameters: weights(1) });
    const results = await Promise.allSettled([
      three.run({ indices: Int32Array.of(0, 1, 9), x: numbers(12, 1) }), // there is no tenth row
      three.run({ indices: Int32Array.of(0, 1), x: numbers(12, 1) }),
      three.run(feedsOf(3, 1)),
    ]);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'fulfilled']);
    expect(results[0]).toMatchObject({ reason: { code: 'engine-failed', message: /rows of 3/ } });
    expect(results[1]).toMatchObject({ reason: { code: 'shape' } });
  });

  it('train nothing', async () => {
    const three = await open(3, 2);
    await expect(three.gradients(feedsOf(3, 1))).rejects.toMatchObject({ code: 'internal' });
  });

  it('fail where a program cannot be compiled, with what ONNX Runtime says', async () => {
    const pool = createSessionPool(2, () => ({}));
    const session = pool.open(Uint8Array.of(1, 2, 3), {});
    for (const time of ['first', 'second']) await expect(session.run({}), time).rejects.toThrow(/protobuf/i);
    session.release();
    await pool.end();
  });
});
