/**
 * How fast this machine trains, before any run has told: a few steps of a small network of the kind that is planned. Not a
 * product of matrices, which reaches several times the arithmetic of any training step.
 */
import type { Engine, EngineName, Executable, Feeds } from '../engines/engine.ts';
import { adamWDefaults } from '../engines/optimizer.ts';
import { programFlops } from '../graph/op.ts';
import type { Program } from '../graph/program.ts';
import { elementCount } from '../graph/shape.ts';
import type { PipelineInput } from '../nn/index.ts';
import { resolvePipeline } from '../nn/index.ts';
import { findTask } from '../tasks/index.ts';
import { buildModel } from '../training/model.ts';
import { loadEngine } from './engines.ts';

export type InputKind = PipelineInput['kind'];

interface SpeedNetwork {
  readonly task: string;
  readonly preset: string;
  readonly input: PipelineInput;
  readonly batchSize: number;
}

/** Networks of which a step takes some milliseconds, and less than a second where it is slow. */
const networks: Readonly<Record<InputKind, SpeedNetwork>> = {
  tokens: {
    task: 'text-classification',
    preset: 'bert-tiny',
    input: { kind: 'tokens', length: 64, vocabularySize: 2048 },
    batchSize: 8,
  },
  image: {
    task: 'image-classification',
    preset: 'patch-cnn',
    input: { kind: 'image', height: 32, width: 32, channels: 3 },
    batchSize: 16,
  },
  frames: {
    task: 'audio-classification',
    preset: 'speech-lstm',
    input: { kind: 'frames', length: 48, features: 40 },
    batchSize: 16,
  },
};

/** What `pretext doctor` tells the cost of. */
export const doctorNetworks = {
  'bert-mini': {
    task: 'masked-words',
    preset: 'bert-mini',
    input: { kind: 'tokens', length: 128, vocabularySize: 8192 },
    batchSize: 8,
  },
  'resnet-mini': {
    task: 'image-classification',
    preset: 'resnet-mini',
    input: { kind: 'image', height: 32, width: 32, channels: 3 },
    batchSize: 32,
  },
} as const satisfies Readonly<Record<string, SpeedNetwork>>;

const mostSteps = 12;
/** After which no further step is begun. */
const patienceMilliseconds = 250;

export interface SpeedQuestion {
  readonly engine: EngineName;
  /** The engine's own choice without it. */
  readonly device?: string | undefined;
  readonly kind: InputKind;
}

/**
 * Floating-point operations a second of training steps, forward, backward and update. Takes less than half a second where
 * training is worth while. Throws what the engine throws.
 */
export async function measureSpeed({ engine: name, device, kind }: SpeedQuestion): Promise<number> {
  const program = trainingProgram(networks[kind]);
  const engine = await loadEngine(name);
  const executable = await engine.compile(program, {
    ...(device !== undefined && { device }),
    optimizer: adamWDefaults,
  });
  try {
    return programFlops(program) / (await fastestStep(executable, feedsOf(program)));
  } finally {
    await executable.release();
  }
}

/** Milliseconds of a training step of each of `doctorNetworks`; of one that is too slow, the first two steps are all that is looked at. */
export async function measureSteps(
  engine: Engine,
  device: string,
): Promise<Readonly<Record<keyof typeof doctorNetworks, number>>> {
  const milliseconds = async (network: SpeedNetwork): Promise<number> => {
    const program = trainingProgram(network);
    await using executable = await engine.compile(program, { device, optimizer: adamWDefaults });
    return 1000 * (await fastestStep(executable, feedsOf(program)));
  };
  return {
    'bert-mini': await milliseconds(doctorNetworks['bert-mini']),
    'resnet-mini': await milliseconds(doctorNetworks['resnet-mini']),
  };
}

function trainingProgram({ task: type, preset, input, batchSize }: SpeedNetwork): Program {
  const task = findTask(type);
  const facts = { input, classes: ['one', 'other'] };
  const options = task.options.parse({});
  return buildModel(
    { task, options, pipeline: resolvePipeline({ preset, options: {} }), facts },
    'training',
    batchSize,
  );
}

/** What is in them does not matter: the first of every table, ones, and every position real. */
function feedsOf({ inputs }: Program): Feeds {
  return Object.fromEntries(
    [...inputs].map(([name, { dtype, shape }]) => {
      const size = elementCount(shape);
      return [name, dtype === 'float32' ? new Float32Array(size).fill(1) : new Int32Array(size)];
    }),
  );
}

/** Seconds. The first step allocates and does not count; what else runs on the machine only ever makes one slower. */
async function fastestStep(executable: Executable, feeds: Feeds): Promise<number> {
  const begun = performance.now();
  let fastest = Infinity;
  for (let step = 0; step < 2 || (step <= mostSteps && performance.now() - begun < patienceMilliseconds); step++) {
    const started = performance.now();
    await executable.step([feeds], { learningRate: 0, seed: 0, step });
    if (step > 0) fastest = Math.min(fastest, performance.now() - started);
  }
  return fastest / 1000;
}

/** Measures once for each engine, device and kind; null where it cannot be measured, which is tried again. */
export function rememberSpeeds(
  measure: (question: SpeedQuestion) => Promise<number>,
): (question: SpeedQuestion) => Promise<number | null> {
  const known = new Map<string, Promise<number>>();
  return async (question) => {
    const key = JSON.stringify([question.engine, question.device ?? '', question.kind]);
    const measuring = known.get(key) ?? measure(question);
    known.set(key, measuring);
    try {
      return await measuring;
    } catch {
      known.delete(key);
      return null;
    }
  };
}
