/**
 * Training steps on the graphics cards that are here: times, what crosses the bus, what is left to the processor, and how far the first
 * loss is from the processor's. `bench/gpu.sh` runs it beside PyTorch.
 *
 *   node bench/gpu/steps.ts <device> [seconds for each row] [small]
 */
import { execFileSync } from 'node:child_process';
import type { Executable, Feeds, PlannedStep } from '../../src/main/engines/engine.ts';
import { createOnnxRuntimeEngine } from '../../src/main/engines/onnxruntime/engine.ts';
import type { ResidentExecutable } from '../../src/main/engines/onnxruntime/resident-executable.ts';
import { adamWDefaults } from '../../src/main/engines/optimizer.ts';
import type { Program } from '../../src/main/graph/index.ts';
import { elementCount } from '../../src/main/graph/index.ts';
import type { PipelineInput } from '../../src/main/nn/index.ts';
import { initialParameters, resolvePipeline } from '../../src/main/nn/index.ts';
import { findTask } from '../../src/main/tasks/index.ts';
import { buildModel } from '../../src/main/training/model.ts';
import { messageOf } from '../../src/shared/errors.ts';
import { randomStream } from '../../src/shared/random.ts';
import { median } from '../../src/shared/stats.ts';

const [device = 'webgpu', seconds = '20', size = ''] = process.argv.slice(2);
const isSmall = size === 'small';
const stepOptions = { learningRate: 1e-4, seed: 1 };

interface Network {
  readonly name: string;
  readonly task: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly pipeline: { readonly preset: string; readonly options: Readonly<Record<string, unknown>> };
  readonly input: PipelineInput;
  readonly batchSize: number;
}

/** As `torch_steps.py` has them. Small ones are for a card in software. */
const networks: readonly Network[] = [
  {
    name: 'bert-small',
    task: 'masked-words',
    options: { length: isSmall ? 16 : 128, maximumPredictions: isSmall ? 4 : 20 },
    pipeline: { preset: isSmall ? 'bert-tiny' : 'bert-small', options: { dropout: 0 } },
    input: { kind: 'tokens', length: isSmall ? 16 : 128, vocabularySize: isSmall ? 512 : 8192 },
    batchSize: isSmall ? 4 : 64,
  },
  {
    name: 'resnet-mini',
    task: 'image-classification',
    options: {},
    pipeline: { preset: 'resnet-mini', options: { width: 16, units: isSmall ? 1 : 3 } },
    input: { kind: 'image', height: isSmall ? 16 : 32, width: isSmall ? 16 : 32, channels: 3 },
    batchSize: isSmall ? 4 : 512,
  },
];

function programOf({ task: type, options, pipeline, input, batchSize }: Network): Program {
  const task = findTask(type);
  const facts = { input, classes: Array.from({ length: 10 }, (_, index) => `class ${String(index)}`) };
  return buildModel(
    { task, options: task.options.parse(options), pipeline: resolvePipeline(pipeline), facts },
    'training',
    batchSize,
  );
}

function feedsOf({ inputs }: Program): Feeds {
  return Object.fromEntries(
    [...inputs].map(([name, { dtype, shape }], index): [string, Feeds[string]] => {
      const stream = randomStream(1, index);
      const length = elementCount(shape);
      if (dtype === 'int32') return [name, Int32Array.from({ length }, () => stream.integer(2))];
      return [name, Float32Array.from({ length }, () => (shape.length === 4 ? stream.uniform() : 1))];
    }),
  );
}

/** Milliseconds of a step, the first call not counted. */
async function timed(executable: Executable, feeds: Feeds, count: number): Promise<number> {
  const times: number[] = [];
  const begun = performance.now();
  for (let call = 0; call < 3 || performance.now() - begun < 1000 * Number(seconds); call++) {
    const started = performance.now();
    if (count === 1) await executable.step([feeds], { ...stepOptions, step: call });
    else {
      const steps = Array.from({ length: count }, (_, index): PlannedStep => ({
        batch: feeds,
        options: { ...stepOptions, step: call * count + index },
      }));
      await executable.stepMany?.(steps);
    }
    if (call > 0) times.push((performance.now() - started) / count);
  }
  return median(times);
}

function cardMegabytes(): string {
  try {
    const said = execFileSync('nvidia-smi', ['--query-gpu=memory.used', '--format=csv,noheader,nounits'], {
      encoding: 'utf8',
    });
    return said.trim().split('\n').join('+');
  } catch {
    return '–';
  }
}

const engine = createOnnxRuntimeEngine();
const report = (await engine.probe()).devices.find((one) => one.device === device);
if (report?.available !== true) {
  console.log(`${device}: not available, ${report?.reason ?? 'no such device'}`);
  process.exit(0);
}
/** Half precisions are measured at the usual number of steps in one call. */
const counts = device === 'webgpu' ? [1] : [1, 4, 16, 64];
const variants = (['float32', 'float16', 'bfloat16'] as const).flatMap((precision) =>
  (precision === 'float32' || counts.length === 1 ? counts : [16]).map((stepsAtOnce) => ({ precision, stepsAtOnce })),
);
for (const network of networks) {
  const program = programOf(network);
  const feeds = feedsOf(program);
  const start = { parameters: initialParameters(program, 1) };
  await using processor = await engine.compile(program, { device: 'cpu', optimizer: adamWDefaults });
  await processor.importState(start);
  const expected = (await processor.step([feeds], { ...stepOptions, step: 0 })).scalars.loss ?? NaN;
  for (const { precision, stepsAtOnce } of variants) {
    try {
      await using executable = await engine.compile(program, {
        ...{ device, precision, stepsAtOnce },
        optimizer: adamWDefaults,
      });
      await executable.importState(start);
      const { scalars } = await executable.step([feeds], { ...stepOptions, step: 0 });
      const counted = executable as ResidentExecutable; // as on every graphics card
      counted.takeTraffic();
      await executable.step([feeds], { ...stepOptions, step: 1 });
      const { toDevice, fromDevice } = counted.takeTraffic();
      const milliseconds = await timed(executable, feeds, stepsAtOnce);
      const row = {
        device,
        network: network.name,
        batch: network.batchSize,
        precision,
        stepsAtOnce,
        milliseconds: Number(milliseconds.toPrecision(4)),
        lossError: Math.abs((scalars.loss ?? NaN) - expected) / Math.abs(expected),
        kilobytesToDevice: Math.round(toDevice / 1000),
        kilobytesBack: Math.round(fromDevice / 1000),
        cardMegabytes: cardMegabytes(),
      };
      console.log(JSON.stringify(row));
    } catch (error) {
      console.log(`${device} ${network.name}, ${precision}, ${String(stepsAtOnce)} steps at once: ${messageOf(error)}`);
    }
  }
}
