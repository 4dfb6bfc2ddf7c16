/** Trainings with products in half precision, on every path that a program takes to the engine. */
import { describe, expect, it } from 'vitest';
import type { CompileOptions, Executable, Feeds, Precision, StepResult } from '../../src/main/engines/engine.ts';
import { lossScaleKey } from '../../src/main/engines/loss-scale.ts';
import { createOnnxRuntimeEngine } from '../../src/main/engines/onnxruntime/engine.ts';
import { adamWDefaults } from '../../src/main/engines/optimizer.ts';
import { createTensorFlowEngine } from '../../src/main/engines/tensorflow/engine.ts';
import type { Program } from '../../src/main/graph/index.ts';
import { elementCount } from '../../src/main/graph/index.ts';
import type { PipelineInput } from '../../src/main/nn/index.ts';
import { initialParameters, resolvePipeline } from '../../src/main/nn/index.ts';
import { findTask } from '../../src/main/tasks/index.ts';
import { buildModel } from '../../src/main/training/model.ts';
import { randomStream } from '../../src/shared/random.ts';

const engine = createOnnxRuntimeEngine();
const batchSize = 8;

interface Network {
  readonly task: string;
  readonly preset: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly input: PipelineInput;
}

const encoder: Network = {
  task: 'text-classification',
  preset: 'bert-tiny',
  options: { layers: 2, hiddenSize: 16, heads: 2, maximumLength: 8, dropout: 0 },
  input: { kind: 'tokens', length: 8, vocabularySize: 20 },
};
const convolutions: Network = {
  task: 'image-classification',
  preset: 'resnet-mini',
  options: { width: 4, units: 1, stages: 2 },
  input: { kind: 'image', height: 8, width: 8, channels: 3 },
};

function programOf({ task: type, preset, options, input }: Network): Program {
  const task = findTask(type);
  const facts = { input, classes: ['one', 'other'] };
  const pipeline = resolvePipeline({ preset, options });
  return buildModel({ task, options: task.options.parse({}), pipeline, facts }, 'training', batchSize);
}

/** What can be learnt: the class is whether the first token is large, or the upper half of the picture bright; `weight` is that of the examples. */
function feedsOf({ inputs }: Program, step: number, weight = 1): Feeds {
  const stream = randomStream(31, step);
  const labels = Int32Array.from({ length: batchSize }, () => stream.integer(2));
  return Object.fromEntries(
    [...inputs]
      .filter(([name]) => !name.startsWith('random/'))
      .map(([name, { dtype, shape }]): [string, Feeds[string]] => {
        const length = elementCount(shape);
        const own = length / batchSize;
        if (name === 'labels') return [name, labels];
        if (name === 'tokens') {
          return [
            name,
            Int32Array.from({ length }, (_, index) =>
              index % own === 0 ? 5 + 7 * labels[Math.floor(index / own)]! + stream.integer(7) : stream.integer(20),
            ),
          ];
        }
        if (shape.length === 4) {
          return [
            name,
            Float32Array.from({ length }, (_, index) => {
              const isUpper = index % 64 < 32;
              return (isUpper ? 0.3 * labels[Math.floor(index / own)]! : 0) + 0.7 * stream.uniform();
            }),
          ];
        }
        if (dtype === 'int32') return [name, new Int32Array(length)];
        return [name, new Float32Array(length).fill(name === 'weights' ? weight : 1)];
      }),
  );
}

type Options = Pick<CompileOptions, 'precision' | 'resident' | 'stepsAtOnce' | 'lossScale'>;

async function open(program: Program, options: Options): Promise<Executable> {
  const executable = await engine.compile(program, { threads: 1, optimizer: adamWDefaults, ...options });
  await executable.importState({ parameters: initialParameters(program, 1) });
  return executable;
}

const optionsOf = (step: number) => ({ learningRate: 2e-3, seed: 5, step });

async function train(executable: Executable, program: Program, from: number, to: number): Promise<StepResult[]> {
  const results: StepResult[] = [];
  for (let step = from; step < to; step++) {
    results.push(await executable.step([feedsOf(program, step)], optionsOf(step)));
  }
  return results;
}

/** Of the last steps. */
function lossAfter(results: readonly StepResult[]): number {
  const last = results.slice(-40);
  return last.reduce((sum, { scalars }) => sum + scalars.loss! / last.length, 0);
}

describe.each([
  ['an encoder', encoder],
  ['a convolutional network', convolutions],
] as const)('%s', (_, network) => {
  const program = programOf(network);

  it.each([
    ['float16', 0.02],
    ['bfloat16', 0.06],
  ] as const)('comes to the loss of float32 in 200 steps of %s', async (precision, tolerance) => {
    await using exact = await open(program, {});
    await using half = await open(program, { precision });
    const [wanted, found] = [await train(exact, program, 0, 200), await train(half, program, 0, 200)];
    expect(lossAfter(wanted)).toBeLessThan(0.5 * wanted[0]!.scalars.loss!); // it learns
    expect(found[0]!.scalars.loss).not.toBe(wanted[0]!.scalars.loss);
    expect(Math.abs(lossAfter(found) - lossAfter(wanted))).toBeLessThan(tolerance);
  });

  it.each(['float16', 'bfloat16'] as const)('takes the same steps of %s where weights stay', async (precision) => {
    await using host = await open(program, { precision });
    await using resident = await open(program, { precision, resident: true });
    const [wanted, found] = [await train(host, program, 0, 5), await train(resident, program, 0, 5)];
    const losses = (results: readonly StepResult[]) => results.map(({ scalars }) => scalars.loss!);
    losses(found).forEach((loss, step) => {
      expect(Math.abs(loss - losses(wanted)[step]!)).toBeLessThan(precision === 'float16' ? 2e-3 : 2e-2);
    });
  });
});

describe('float16', () => {
  const program = programOf(encoder);
  const precision: Precision = 'float16';
  const places = [
    ['on the host', {}],
    ['where weights stay', { resident: true }],
  ] as const;

  it.each(places)(
    'scales gradients as far as they go, and a step that overflows changes nothing else: %s',
    async (_, place) => {
      await using executable = await open(program, {
        precision,
        ...place,
        lossScale: { initial: 2 ** 24, growEvery: 1000 },
      });
      const before = await executable.exportState();
      const first = await executable.step([feedsOf(program, 0)], optionsOf(0));
      expect(first).toMatchObject({
        finite: true,
        skipped: true,
        lossScale: 2 ** 24,
        gradientNorm: expect.toSatisfy((norm: number) => !Number.isFinite(norm)),
      });
      const after = await executable.exportState();
      expect(after.optimizer.get(lossScaleKey)?.data).toEqual(Float32Array.of(2 ** 23, 0));
      expect(after.updates).toBe(0);
      for (const part of ['parameters', 'optimizer'] as const) {
        for (const [name, tensor] of before[part]) {
          if (name !== lossScaleKey) expect(after[part].get(name)).toEqual(tensor);
        }
      }
      const results = await train(executable, program, 1, 30);
      const good = results.filter(({ skipped }) => !skipped);
      expect(good.length).toBeLessThan(results.length);
      expect(good.length).toBeGreaterThan(15);
      expect(good.every(({ gradientNorm }) => Number.isFinite(gradientNorm))).toBe(true);
      expect((await executable.exportState()).updates).toBe(good.length);
    },
  );

  it.each(places)('doubles the scale after good steps, which rounds nothing anew: %s', async (_, place) => {
    await using growing = await open(program, { precision, ...place, lossScale: { initial: 64, growEvery: 3 } });
    const results = await train(growing, program, 0, 9);
    expect(results.map(({ lossScale }) => lossScale)).toEqual([64, 64, 64, 128, 128, 128, 256, 256, 256]);
    await using float = await open(program, place);
    const wanted = await train(float, program, 0, 9);
    results.forEach(({ gradientNorm }, step) => {
      expect(Math.abs(gradientNorm / wanted[step]!.gradientNorm - 1)).toBeLessThan(0.02);
    });
  });

  it.each(places)('averages the gradients of several batches as float32 does: %s', async (_, place) => {
    const batches = [feedsOf(program, 0), feedsOf(program, 1), feedsOf(program, 2)] as const;
    await using half = await open(program, { precision, ...place });
    await using float = await open(program, place);
    const [found, wanted] = [await half.step(batches, optionsOf(0)), await float.step(batches, optionsOf(0))];
    expect(Math.abs(found.gradientNorm / wanted.gradientNorm - 1)).toBeLessThan(0.01);
    const [weights, exact] = [await half.exportState(), await float.exportState()];
    const name = 'backbone/encoder/layer.0/feed-forward/inner/weight';
    const known = weights.parameters.has(name)
      ? name
      : [...weights.parameters.keys()].find((key) => key.endsWith('weight'))!;
    const [changed, wantedChange] = [weights, exact].map(
      ({ optimizer }) => optimizer.get(`${known}/first-moment`)!.data,
    );
    const scale = Math.max(...wantedChange!.map(Math.abs));
    changed!.forEach((value, index) => {
      expect(Math.abs(value - wantedChange![index]!)).toBeLessThan(0.02 * scale);
    });
  });

  it.each(places)('gives gradients without their scale, whatever that is: %s', async (_, place) => {
    await using half = await open(program, { precision, ...place, lossScale: { initial: 2 ** 24 } });
    await using float = await open(program, place);
    const feeds = feedsOf(program, 0);
    const [found, wanted] = [await half.gradients(feeds), await float.gradients(feeds)];
    for (const [name, { data }] of wanted.gradients) {
      const scale = Math.max(0.01, ...data.map((value) => Math.abs(value)));
      found.gradients.get(name)!.data.forEach((value, index) => {
        expect(Math.abs(value - data[index]!)).toBeLessThan(0.02 * scale);
      });
    }
    expect((await half.exportState()).optimizer.get(lossScaleKey)?.data[0]).toBe(2 ** 24);
  });

  it('ends where the loss itself is none', async () => {
    await using executable = await open(program, { precision });
    const result = await executable.step([feedsOf(program, 0, NaN)], optionsOf(0));
    expect(result).toMatchObject({ finite: false });
  });

  it('makes many steps in one call to the bits of single ones, also where the scale halves and doubles', async () => {
    const lossScale = { initial: 2 ** 22, growEvery: 3 };
    await using single = await open(program, { precision, resident: true, stepsAtOnce: 1, lossScale });
    await using many = await open(program, { precision, resident: true, stepsAtOnce: 4, lossScale });
    const singly = await train(single, program, 0, 20);
    const together: StepResult[] = [];
    for (let from = 0; from < 20; from += 4) {
      const steps = [0, 1, 2, 3].map((index) => ({
        batch: feedsOf(program, from + index),
        options: optionsOf(from + index),
      }));
      together.push(...(await many.stepMany!(steps)));
    }
    expect(together).toEqual(singly);
    expect(new Set(singly.map(({ skipped }) => skipped))).toEqual(new Set([true, undefined]));
    expect(new Set(singly.map((result) => result.lossScale)).size).toBeGreaterThan(2);
    expect(await many.exportState()).toEqual(await single.exportState());
  });

  it.each(places)('goes on from an exported state to the same bits: %s', async (_, place) => {
    const lossScale = { initial: 2 ** 22, growEvery: 4 };
    await using whole = await open(program, { precision, ...place, lossScale });
    const results = await train(whole, program, 0, 16);
    await using first = await open(program, { precision, ...place, lossScale });
    await train(first, program, 0, 7);
    await using second = await engine.compile(program, {
      threads: 1,
      optimizer: adamWDefaults,
      precision,
      ...place,
      lossScale,
    });
    await second.importState(await first.exportState());
    expect(await train(second, program, 7, 16)).toEqual(results.slice(7));
    expect(await second.exportState()).toEqual(await whole.exportState());
  });
});

it('is refused by an engine that has none', async () => {
  const tensorflow = createTensorFlowEngine({ offerJavaScript: true });
  const compiling = tensorflow.compile(programOf(encoder), { device: 'javascript', precision: 'bfloat16' });
  await expect(compiling).rejects.toMatchObject({
    code: 'engine-unavailable',
    message: expect.stringContaining('float32'),
  });
});
