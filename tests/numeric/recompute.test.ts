/** Gradient checkpointing: the same bits, on every path, and less that is needed at once. */
import { describe, expect, it } from 'vitest';
import type { CompileOptions, Feeds } from '../../src/main/engines/engine.ts';
import { createOnnxRuntimeEngine } from '../../src/main/engines/onnxruntime/engine.ts';
import { adamWDefaults } from '../../src/main/engines/optimizer.ts';
import { createTensorFlowEngine } from '../../src/main/engines/tensorflow/engine.ts';
import type { Program } from '../../src/main/graph/index.ts';
import { elementCount } from '../../src/main/graph/index.ts';
import { mergeCommonSubexpressions } from '../../src/main/graph/passes/common-subexpressions.ts';
import { removeDeadCode } from '../../src/main/graph/passes/dead-code.ts';
import { peakBytes } from '../../src/main/graph/passes/liveness.ts';
import { layerOf } from '../../src/main/graph/passes/recompute.ts';
import type { PipelineInput } from '../../src/main/nn/index.ts';
import { initialParameters, resolvePipeline } from '../../src/main/nn/index.ts';
import { findTask } from '../../src/main/tasks/index.ts';
import { buildModel } from '../../src/main/training/model.ts';
import { memoryOf } from '../../src/main/training/memory.ts';
import { randomStream } from '../../src/shared/random.ts';

const engine = createOnnxRuntimeEngine();
const batchSize = 4;
const tokens: PipelineInput = { kind: 'tokens', length: 16, vocabularySize: 30 };

interface Network {
  readonly task: string;
  readonly preset: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly input: PipelineInput;
  /** Of what is alive at once, at most. */
  readonly share: number;
}

const networks: readonly (readonly [string, Network])[] = [
  [
    'an encoder with dropout',
    {
      task: 'text-classification',
      preset: 'bert-tiny',
      options: { layers: 8, hiddenSize: 16, heads: 2, maximumLength: 16 },
      input: tokens,
      share: 0.4,
    },
  ],
  [
    'a newer encoder',
    {
      task: 'masked-words',
      preset: 'modern-tiny',
      options: { layers: 8, hiddenSize: 16, heads: 2 },
      input: tokens,
      share: 0.4,
    },
  ],
  [
    'recurrent layers',
    {
      task: 'text-classification',
      preset: 'bilstm-classifier',
      options: { layers: 4, hiddenSize: 8 },
      input: tokens,
      share: 0.6,
    },
  ],
  [
    'residual layers',
    {
      task: 'image-classification',
      preset: 'resnet-mini',
      options: { width: 4, units: 4, stages: 2 },
      input: { kind: 'image', height: 8, width: 8, channels: 3 },
      share: 0.6,
    },
  ],
];

function programOf({ task: type, preset, options, input }: Network, recompute: boolean): Program {
  const task = findTask(type);
  const facts = { input, classes: ['one', 'other'] };
  const pipeline = resolvePipeline({ preset, options });
  return buildModel({ task, options: task.options.parse({}), pipeline, facts, recompute }, 'training', batchSize);
}

function feedsOf({ inputs }: Program): Feeds {
  return Object.fromEntries(
    [...inputs]
      .filter(([name]) => !name.startsWith('random/'))
      .map(([name, { dtype, shape }], index): [string, Feeds[string]] => {
        const stream = randomStream(31, index);
        const length = elementCount(shape);
        if (dtype === 'int32') return [name, Int32Array.from({ length }, () => stream.integer(2))];
        return [name, Float32Array.from({ length }, () => (shape.length === 4 ? stream.uniform() : 1))];
      }),
  );
}

async function gradients(program: Program, options: CompileOptions, by = engine) {
  await using executable = await by.compile(program, { threads: 1, optimizer: adamWDefaults, ...options });
  await executable.importState({ parameters: initialParameters(program, 1) });
  return await executable.gradients(feedsOf(program), { seed: 3, step: 2 });
}

describe.each(networks)('%s', (_, network) => {
  const [plain, frugal] = [programOf(network, false), programOf(network, true)];

  it.each([
    ['on the host', {}],
    ['where weights stay', { resident: true }],
  ])('has the same gradients to the bit: %s', async (__, options) => {
    const [wanted, found] = [await gradients(plain, options), await gradients(frugal, options)];
    expect(found.outputs.loss).toEqual(wanted.outputs.loss);
    expect(found.gradients.size).toBeGreaterThan(10);
    expect(found.gradients).toEqual(wanted.gradients);
  });

  it('needs less at once, also after equal expressions were merged', () => {
    const [wanted, found] = [plain, frugal].map((program) =>
      peakBytes(removeDeadCode(mergeCommonSubexpressions(program))),
    );
    expect(found! / wanted!).toBeLessThan(network.share);
    expect(memoryOf(frugal, { weightAverage: 0 })).toBeLessThan(memoryOf(plain, { weightAverage: 0 }));
  });
});

it('is what TensorFlow.js computes, too', async () => {
  const tensorflow = createTensorFlowEngine({ offerJavaScript: true });
  const [, network] = networks[0]!;
  const small = { ...network, options: { ...network.options, layers: 2 } };
  const [wanted, found] = await Promise.all(
    [false, true].map((recompute) => gradients(programOf(small, recompute), { device: 'javascript' }, tensorflow)),
  );
  expect(found!.gradients).toEqual(wanted!.gradients);
});

it('knows layers by their place in the network', () => {
  expect(layerOf('backbone/encoder/layer.3/attention/query')).toBe('backbone/encoder/layer.3');
  expect(layerOf('layer.12')).toBe('layer.12');
  expect(layerOf('backbone/embedding')).toBeUndefined();
  expect(layerOf('backbone/player.1/x')).toBeUndefined();
});
