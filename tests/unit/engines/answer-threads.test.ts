/** What is asked one question at a time: as many threads as a program deserves, none of which waits at another one's cost. */
import { InferenceSession } from 'onnxruntime-node';
import { afterEach, beforeAll, expect, it, vi } from 'vitest';
import { threadsForAnswer } from '../../../src/main/engines/answer-threads.ts';
import type { Feeds } from '../../../src/main/engines/engine.ts';
import { channelBlock } from '../../../src/main/engines/onnxruntime/channel-block.ts';
import { createOnnxRuntimeEngine } from '../../../src/main/engines/onnxruntime/engine.ts';
import { keepSessions } from '../../../src/main/engines/onnxruntime/sessions.ts';
import { createProgram, input, matmul, output } from '../../../src/main/graph/index.ts';
import type { Program } from '../../../src/main/graph/program.ts';
import { initialParameters, resolvePipeline } from '../../../src/main/nn/index.ts';
import { openBatches } from '../../../src/main/runs/batch/open-batches.ts';
import { openNetwork } from '../../../src/main/runs/open-trained.ts';
import { findTask } from '../../../src/main/tasks/index.ts';
import type { Model } from '../../../src/main/training/model.ts';
import { buildModel } from '../../../src/main/training/model.ts';

/** [1, inner] · [inner, columns] and nothing else: 2 · inner · columns operations. */
function product(inner: number, columns: number): Program {
  const program = createProgram('product');
  const left = input(program, 'left', 'float32', [1, inner]);
  output(program, 'y', matmul(left, input(program, 'right', 'float32', [inner, columns])));
  return program;
}

it('is one thread for little, and one more for every 32 million operations', () => {
  expect(threadsForAnswer(product(10, 10), 8)).toBe(1);
  expect(threadsForAnswer(product(4000, 7999), 8)).toBe(1);
  expect(threadsForAnswer(product(4000, 8000), 8)).toBe(2);
  expect(threadsForAnswer(product(4000, 20_000), 8)).toBe(5);
  expect(threadsForAnswer(product(4000, 400_000), 8)).toBe(8);
  expect(threadsForAnswer(product(4000, 400_000), 1)).toBe(1);
});

const task = findTask('text-classification');
const model: Model = {
  task,
  options: task.options.parse({ length: 128 }),
  pipeline: resolvePipeline({ preset: 'modern-tiny', options: {} }),
  facts: { input: { kind: 'tokens', length: 128, vocabularySize: 50 }, classes: ['one', 'other'] },
};
const build = (shown: Model, size = 1): Program => buildModel(shown, 'prediction', size);
const stored = { step: 0, weights: initialParameters(build(model), 1) };
const engine = { name: 'onnxruntime', device: 'cpu', threads: 2 } as const;

/** A text of so many tokens. */
const textOf = (length: number): Feeds => ({
  tokens: Int32Array.from({ length: 128 }, (_, place) => (place < length ? 5 + (place % 40) : 0)),
  segments: new Int32Array(128),
  mask: Float32Array.from({ length: 128 }, (_, place) => (place < length ? 1 : 0)),
});

beforeAll(async () => {
  keepSessions(0, 0); // another test of the process may have had some kept, which are not created again
  await channelBlock(); // tries the processor with sessions of its own, once in a process
});
afterEach(() => vi.restoreAllMocks());

it('gives the programs of a network what each of them deserves, and lets none of their threads spin', async () => {
  const create = vi.spyOn(InferenceSession, 'create');
  await using opened = await openNetwork(stored, engine, build(model), { model, build: (shown) => build(shown) });
  const whole = await opened.run(textOf(128));
  const short = await opened.run(textOf(10));
  expect(whole.logits?.data).not.toEqual(short.logits?.data);
  const options = create.mock.calls.map((call) => call.at(-1) as InferenceSession.SessionOptions);
  expect(options.map(({ intraOpNumThreads }) => intraOpNumThreads)).toEqual([2, 1]);
  for (const { extra } of options) expect(extra).toEqual({ session: { intra_op: { allow_spinning: '0' } } });
});

it('does so where embeddings and answers are computed one at a time by what can batch them', async () => {
  const create = vi.spyOn(InferenceSession, 'create');
  const { run, release } = await openBatches(stored, engine, { model, build, batchSize: 1 });
  try {
    await run(textOf(128));
    await run(textOf(10));
  } finally {
    await release();
  }
  const options = create.mock.calls.map((call) => call.at(-1) as InferenceSession.SessionOptions);
  expect(options.map(({ intraOpNumThreads }) => intraOpNumThreads)).toEqual([2, 1]);
});

it('leaves all threads to what is trained, and lets them spin as long as a step takes', async () => {
  const create = vi.spyOn(InferenceSession, 'create');
  await using executable = await createOnnxRuntimeEngine().compile(build(model), { threads: 2 });
  expect(executable.device.device).toBe('cpu');
  const options = create.mock.calls.map((call) => call.at(-1) as InferenceSession.SessionOptions);
  expect(options).toMatchObject([{ intraOpNumThreads: 2, extra: { session: { force_spinning_stop: '1' } } }]);
});
