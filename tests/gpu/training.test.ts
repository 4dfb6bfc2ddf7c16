/** Training on a graphics card: against the processor, over the bus, and across a kill. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Executable, Feeds, StepResult } from '../../src/main/engines/engine.ts';
import { createOnnxRuntimeEngine } from '../../src/main/engines/onnxruntime/engine.ts';
import type { ResidentExecutable } from '../../src/main/engines/onnxruntime/resident-executable.ts';
import { requireSelfCheck } from '../../src/main/engines/self-check.ts';
import { adamWDefaults } from '../../src/main/engines/optimizer.ts';
import type { Program } from '../../src/main/graph/index.ts';
import type { PipelineInput } from '../../src/main/nn/index.ts';
import { resolvePipeline } from '../../src/main/nn/index.ts';
import { createRun } from '../../src/main/runs/create-run.ts';
import { openPredictor } from '../../src/main/runs/predict.ts';
import { trainRun } from '../../src/main/runs/train-run.ts';
import { findTask } from '../../src/main/tasks/index.ts';
import { buildModel } from '../../src/main/training/model.ts';
import { initialParameters } from '../../src/main/nn/index.ts';
import type { RunFolder } from '../../src/main/workspace/run-folder.ts';
import { readEvents } from '../../src/main/workspace/run-folder.ts';
import { findTrainedRun } from '../../src/main/workspace/runs.ts';
import { randomStream } from '../../src/shared/random.ts';
import { elementCount } from '../../src/main/graph/index.ts';
import { expectClose } from '../numeric/harness.ts';
import type { TinyWorkspace } from '../tiny-workspace.ts';
import { createTinyWorkspace, tinyExperiment } from '../tiny-workspace.ts';

const engine = createOnnxRuntimeEngine();
const steps = 20;

interface Network {
  readonly task: string;
  readonly preset: string;
  readonly options?: Readonly<Record<string, unknown>>;
  readonly input: PipelineInput;
  readonly batchSize: number;
}

const networks: readonly (readonly [string, Network])[] = [
  [
    'a whole encoder',
    {
      task: 'masked-words',
      preset: 'modern-tiny',
      options: { layers: 2, hiddenSize: 32, heads: 4 },
      input: { kind: 'tokens', length: 16, vocabularySize: 300 },
      batchSize: 4,
    },
  ],
  [
    'BERT with dropout',
    {
      task: 'text-classification',
      preset: 'bert-tiny',
      options: { layers: 1, hiddenSize: 32, heads: 2, maximumLength: 16 },
      input: { kind: 'tokens', length: 16, vocabularySize: 300 },
      batchSize: 4,
    },
  ],
  [
    'a convolutional network',
    {
      task: 'image-classification',
      preset: 'resnet-mini',
      options: { width: 4, units: 1, stages: 2 },
      input: { kind: 'image', height: 16, width: 16, channels: 3 },
      batchSize: 4,
    },
  ],
];

function programOf({ task: type, preset, options = {}, input, batchSize }: Network): Program {
  const task = findTask(type);
  const facts = { input, classes: ['one', 'other'] };
  const pipeline = resolvePipeline({ preset, options });
  return buildModel({ task, options: task.options.parse({}), pipeline, facts }, 'training', batchSize);
}

/** Anything that fits: small numbers for whole ones, as tokens and labels are. Dropout's numbers are the engine's. */
function feedsOf({ inputs }: Program, step: number): Feeds {
  const own = [...inputs].filter(([name]) => !name.startsWith('random/'));
  return Object.fromEntries(
    own.map(([name, { dtype, shape }], index): [string, Feeds[string]] => {
      const stream = randomStream(31, step, index);
      const length = elementCount(shape);
      if (dtype === 'int32') return [name, Int32Array.from({ length }, () => stream.integer(2))];
      const isPixels = shape.length === 4;
      return [name, Float32Array.from({ length }, () => (isPixels ? stream.uniform() : 1))];
    }),
  );
}

async function open(program: Program, device: string): Promise<Executable> {
  const executable = await engine.compile(program, {
    device,
    threads: 1,
    optimizer: { ...adamWDefaults, clipNorm: 1 },
  });
  await executable.importState({ parameters: initialParameters(program, 1) });
  return executable;
}

async function train(executable: Executable, program: Program, from: number, to: number): Promise<StepResult[]> {
  const results: StepResult[] = [];
  for (let step = from; step < to; step++) {
    results.push(await executable.step([feedsOf(program, step)], { learningRate: 1e-3, seed: 5, step }));
  }
  return results;
}

it.each(networks)(
  '%s trains as on the processor, and sends its batches over the bus and a few numbers back',
  async (_, network) => {
    const program = programOf(network);
    await using onCard = await open(program, 'webgpu');
    await using onProcessor = await open(program, 'cpu');
    const counted = onCard as ResidentExecutable; // the one of graphics cards
    const card = await train(onCard, program, 0, 1);
    const weights = [...program.parameters.values()].reduce((sum, { shape }) => sum + 4 * elementCount(shape), 0);
    expect(counted.takeTraffic().toDevice).toBeGreaterThan(weights);
    card.push(...(await train(onCard, program, 1, steps)));
    const { toDevice, fromDevice } = counted.takeTraffic();
    const batch = Object.values(feedsOf(program, 0)).reduce((sum, { byteLength }) => sum + byteLength, 0);
    expect(toDevice).toBeGreaterThan(0);
    expect(toDevice).toBeLessThanOrEqual((steps - 1) * (batch + 1000));
    expect(fromDevice).toBeLessThanOrEqual((steps - 1) * 1000);

    const processor = await train(onProcessor, program, 0, steps);
    for (const of of [
      ({ scalars }: StepResult) => scalars.loss ?? NaN,
      ({ gradientNorm }: StepResult) => gradientNorm,
    ]) {
      expectClose(card.map(of), processor.map(of), 'steps', 1e-4);
    }
    expect(card.every(({ finite }) => finite)).toBe(true);
  },
);

describe('a run on a graphics card', () => {
  let tiny: TinyWorkspace;
  beforeAll(async () => {
    tiny = await createTinyWorkspace();
  });
  afterAll(() => tiny.remove());

  const experiment = (name: string, device = 'webgpu') => {
    const spec = tinyExperiment('', name);
    return { ...spec, engine: { ...spec.engine, device } };
  };
  async function trained(name: string, stops: readonly number[]): Promise<RunFolder> {
    const run = await createRun(tiny.workspace, experiment(name));
    for (const stopAt of [...stops, Infinity]) {
      const controller = new AbortController();
      await trainRun(tiny.workspace, run, {
        signal: controller.signal,
        prefetch: false,
        onStep: (step) => { if (step === stopAt) controller.abort(); },
      }); // prettier-ignore
    }
    return run;
  }
  const weightsOf = (run: RunFolder) => readFile(join(run.checkpoints, 'step-12', 'model.safetensors'));

  it('passes the self-check, answers, and ends with the same bytes when it was stopped and resumed', async () => {
    const { error } = await requireSelfCheck(engine, { device: 'webgpu' });
    expect(error).toBeLessThan(1e-4);
    const [whole, stopped] = [await trained('at-once', []), await trained('in-parts', [5])];
    const events = await readEvents(stopped);
    expect(events.find(({ type }) => type === 'started')).toMatchObject({ device: 'webgpu' });
    expect(events.filter(({ type }) => type === 'resumed')).toHaveLength(1);
    expect(await weightsOf(stopped)).toEqual(await weightsOf(whole));
    await using predictor = await openPredictor(await findTrainedRun(tiny.workspace, whole.id));
    const answers = await predictor.ask({ text: 'the cat sees the [MASK].', top: 3 });
    expect(answers.length).toBeGreaterThan(0);
  });
});

describe('half precision', () => {
  const compile = (precision: 'float16' | 'bfloat16') =>
    engine.compile(programOf(networks[1]![1]), { device: 'webgpu', optimizer: adamWDefaults, precision });

  it('bfloat16 is refused, with what there is instead', async () => {
    await expect(compile('bfloat16')).rejects.toMatchObject({
      code: 'engine-unavailable',
      message: expect.stringMatching(/'webgpu' cannot compute products of matrices in bfloat16.*Take .*float32.*cpu/s),
    });
  });

  it('float16 is trained in where the card has it, and refused where it has not', async () => {
    const able = await engine.precisionsOf!('webgpu');
    if (!able.includes('float16')) {
      await expect(compile('float16')).rejects.toMatchObject({
        code: 'engine-unavailable',
        message: expect.stringContaining("'webgpu' cannot compute products of matrices in float16"),
      });
      return;
    }
    for (const [, network] of networks) {
      const program = programOf(network);
      await using half = await engine.compile(program, {
        device: 'webgpu',
        optimizer: adamWDefaults,
        precision: 'float16',
      });
      await half.importState({ parameters: initialParameters(program, 1) });
      await using float = await open(program, 'webgpu');
      const [found, wanted] = [await train(half, program, 0, 3), await train(float, program, 0, 3)];
      const losses = (results: readonly StepResult[]) => results.map(({ scalars }) => scalars.loss ?? NaN);
      expectClose(losses(found), losses(wanted), 'steps', 1e-2);
      expect(found.every(({ skipped }) => !skipped)).toBe(true);
    }
  });
});

describe('the fastest device', () => {
  it('is one that passes the self-check', async () => {
    await using executable = await engine.compile(programOf(networks[1]![1]), {
      device: 'auto',
      optimizer: adamWDefaults,
    });
    expect(['cpu', 'webgpu']).toContain(executable.device.device);
  });
});
