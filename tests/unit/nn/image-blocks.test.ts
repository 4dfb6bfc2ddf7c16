/** Blocks for images against slow versions of their definitions, running statistics, and what they say about wrong pipelines. */
import { describe, expect, it } from 'vitest';
import { createOnnxRuntimeEngine } from '../../../src/main/engines/onnxruntime/engine.ts';
import { appendGradients, createProgram, multiply, output, sum } from '../../../src/main/graph/index.ts';
import type { BuildContext } from '../../../src/main/nn/index.ts';
import { buildPipeline, declareInputs, findBlock, initialParameters } from '../../../src/main/nn/index.ts';
import { randomStream } from '../../../src/shared/random.ts';
import { pipelineGraph } from '../../../src/shared/spec/pipeline.ts';

const engine = createOnnxRuntimeEngine();
const [batch, channels, height, width] = [2, 3, 5, 7];

interface FeatureMap {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  readonly at: (example: number, channel: number, y: number, x: number) => number;
}

const stream = randomStream(3);
const pixels = Float32Array.from({ length: batch * channels * height * width }, () => stream.normal());
const image: FeatureMap = {
  channels,
  height,
  width,
  at: (n, c, y, x) => pixels[((n * channels + c) * height + y) * width + x]!,
};

function contextOf(mode: BuildContext['mode'], isFrozen?: (path: string) => boolean): BuildContext {
  const input = { kind: 'image' as const, height, width, channels };
  return { program: createProgram('test'), mode, batchSize: batch, input, ...(isFrozen && { isFrozen }) };
}

function build(type: string, port: string, options: object, context: BuildContext) {
  const { image: given } = declareInputs(context);
  return Object.values(findBlock(type).build(context, { [port]: given! }, options))[0]!;
}

/** Runs a block in evaluation, with weights and running statistics that are drawn. */
async function run(type: string, port: string, options: object) {
  const context = contextOf('evaluation');
  output(context.program, 'result', build(type, port, options, context));
  const weights = initialParameters(context.program, 1);
  for (const [name, { data }] of weights) {
    const positive = name.endsWith('variance');
    for (const index of data.keys()) data[index] = positive ? 0.5 + stream.uniform() : 0.5 * stream.normal();
  }
  const executable = await engine.compile(context.program, { threads: 1 });
  await executable.importState({ parameters: weights });
  const { result } = await executable.run({ image: pixels });
  await executable.release();
  return { result: result!, weight: (name: string) => weights.get(name)!.data };
}

type Weights = (name: string) => Float32Array;

function convolve(x: FeatureMap, kernel: Float32Array, filters: number, size: number, stride: number): FeatureMap {
  // 'same' as in TensorFlow: the smaller part of the padding is before, which for odd sizes and these strides is as written.
  const rows = Math.ceil(x.height / stride);
  const columns = Math.ceil(x.width / stride);
  const before = (from: number, to: number): number => Math.floor(Math.max(0, (to - 1) * stride + size - from) / 2);
  const [top, left] = [before(x.height, rows), before(x.width, columns)];
  const at = (n: number, f: number, y: number, column: number): number => {
    let total = 0;
    for (let c = 0; c < x.channels; c++) {
      for (let dy = 0; dy < size; dy++) {
        for (let dx = 0; dx < size; dx++) {
          const [py, px] = [y * stride + dy - top, column * stride + dx - left];
          if (py < 0 || py >= x.height || px < 0 || px >= x.width) continue;
          total += x.at(n, c, py, px) * kernel[((f * x.channels + c) * size + dy) * size + dx]!;
        }
      }
    }
    return total;
  };
  return stored({ channels: filters, height: rows, width: columns, at });
}

/** The same numbers, computed once. */
function stored(x: FeatureMap): FeatureMap {
  const place = (n: number, c: number, y: number, column: number): number =>
    ((n * x.channels + c) * x.height + y) * x.width + column;
  const known = new Map<number, number>();
  const at: FeatureMap['at'] = (...where) => {
    const value = known.get(place(...where)) ?? x.at(...where);
    known.set(place(...where), value);
    return value;
  };
  return { ...x, at };
}

function normalise(x: FeatureMap, weight: Weights, scope: string): FeatureMap {
  const [gain, bias, mean, variance] = ['gain', 'bias', 'mean', 'variance'].map((name) => weight(`${scope}/${name}`));
  const at: FeatureMap['at'] = (n, c, y, column) =>
    ((x.at(n, c, y, column) - mean![c]!) / Math.sqrt(variance![c]! + 1e-5)) * gain![c]! + bias![c]!;
  return { ...x, at };
}

const rectify = (x: FeatureMap): FeatureMap => ({ ...x, at: (...place) => Math.max(0, x.at(...place)) });

function expectSame(
  { shape, data }: { shape: readonly number[]; data: ArrayLike<number> },
  expected: FeatureMap,
): void {
  expect(shape).toEqual([batch, expected.channels, expected.height, expected.width]);
  let index = 0;
  for (let n = 0; n < batch; n++) {
    for (let c = 0; c < expected.channels; c++) {
      for (let y = 0; y < expected.height; y++) {
        for (let x = 0; x < expected.width; x++) expect(data[index++]).toBeCloseTo(expected.at(n, c, y, x), 4);
      }
    }
  }
}

describe('residual units', () => {
  it('add two convolutions to their input, through a 1 × 1 convolution where sizes change', async () => {
    const { result, weight } = await run('residual', 'map', { channels: 4, units: 2, stride: 2 });
    const unit = (x: FeatureMap, scope: string, stride: number): FeatureMap => {
      const layer = (from: FeatureMap, name: string, size: number, step: number): FeatureMap => {
        const kernel = weight(`${scope}/${name}/convolution/kernel`);
        return normalise(convolve(from, kernel, 4, size, step), weight, `${scope}/${name}/normalisation`);
      };
      const change = layer(rectify(layer(x, 'first', 3, stride)), 'second', 3, 1);
      const shortcut = stride === 1 ? x : layer(x, 'shortcut', 1, stride);
      return rectify({ ...change, at: (...place) => change.at(...place) + shortcut.at(...place) });
    };
    expectSame(result, unit(unit(image, 'layer.0', 2), 'layer.1', 1));
  });
});

describe('grid pooling', () => {
  it.each(['maximum', 'average'] as const)('covers maps of any size with equal windows: %s', async (kind) => {
    const { result } = await run('grid-pooling', 'map', { kind, size: [2, 3] });
    // 5 rows: two windows of 3, two apart; 7 columns: three windows of 3, two apart.
    const at: FeatureMap['at'] = (n, c, row, column) => {
      const values = [0, 1, 2].flatMap((dy) => [0, 1, 2].map((dx) => image.at(n, c, 2 * row + dy, 2 * column + dx)));
      return kind === 'maximum' ? Math.max(...values) : values.reduce((total, value) => total + value, 0) / 9;
    };
    expectSame(result, { channels, height: 2, width: 3, at });
  });

  it.each(['maximum', 'average'] as const)('of a whole map is global pooling: %s', async (kind) => {
    const [grid, whole] = [
      await run('grid-pooling', 'map', { kind, size: 1 }),
      await run('global-pooling', 'map', { kind }),
    ];
    expect(whole.result.shape).toEqual([batch, channels]);
    whole.result.data.forEach((value, index) => {
      expect(value).toBeCloseTo(grid.result.data[index]!, 5);
    });
  });
});

describe('batch normalisation', () => {
  const places = batch * height * width;
  const values = (c: number): number[] =>
    Array.from({ length: places }, (_, place) => {
      const [n, rest] = [Math.floor(place / (height * width)), place % (height * width)];
      return image.at(n, c, Math.floor(rest / width), rest % width);
    });
  const mean = (c: number): number => values(c).reduce((total, value) => total + value, 0) / places;
  const squares = (c: number): number => values(c).reduce((total, value) => total + (value - mean(c)) ** 2, 0);

  /** One step that changes no weight. */
  async function train(isFrozen?: (path: string) => boolean) {
    const context = contextOf('training', isFrozen);
    const result = build('batch-normalisation', 'map', { momentum: 0.8 }, context);
    output(context.program, 'result', result);
    appendGradients(context.program, sum(multiply(result, result)));
    const optimizer = { type: 'sgd', momentum: 0, nesterov: false, weightDecay: 0, clipNorm: 0 } as const;
    const executable = await engine.compile(context.program, { threads: 1, optimizer });
    await executable.importState({ parameters: initialParameters(context.program, 1) });
    const { result: normalised } = await executable.run({ image: pixels });
    await executable.step([{ image: pixels }], { learningRate: 0, seed: 0, step: 0 });
    const { parameters } = await executable.exportState();
    await executable.release();
    const state = (name: string) => [...parameters].find(([path]) => path.endsWith(name))![1].data as Float32Array; // weights are float32
    return { normalised: normalised!, mean: state('mean'), variance: state('variance') };
  }

  it('uses the batch while training, and moves its running statistics towards it', async () => {
    const { normalised, ...running } = await train();
    const at: FeatureMap['at'] = (n, c, y, x) =>
      (image.at(n, c, y, x) - mean(c)) / Math.sqrt(squares(c) / places + 1e-5);
    expectSame(normalised, { ...image, at });
    for (let c = 0; c < channels; c++) {
      expect(running.mean[c]).toBeCloseTo(0.2 * mean(c), 5);
      expect(running.variance[c]).toBeCloseTo(0.8 + (0.2 * squares(c)) / (places - 1), 5); // Bessel's correction
    }
  });

  it('that is frozen uses its running statistics and leaves them as they are', async () => {
    const { normalised, ...running } = await train(() => true);
    expectSame(normalised, { ...image, at: (...place) => image.at(...place) / Math.sqrt(1 + 1e-5) });
    expect([...running.mean, ...running.variance]).toEqual([0, 0, 0, 1, 1, 1]);
  });
});

describe('a pipeline that does not fit together', () => {
  const block = (type: string, options: object, port = 'map'): object => ({
    id: 'layer',
    type,
    options,
    inputs: { [port]: 'input.image' },
  });

  it.each([
    [
      'groups that do not divide the channels',
      block('convolution', { groups: 2 }, 'image'),
      'layer: 3 channels and 32 filters cannot both be divided into 2 groups',
    ],
    [
      'a grid finer than the map',
      block('grid-pooling', { size: 6 }),
      'layer: a map of 5 × 7 cannot be pooled to a grid of 6 × 6',
    ],
    ['a window larger than the map', block('pooling', { window: 9 }), /^layer: .*9/],
    [
      'a vector where a map is needed',
      block('dense', {}, 'vector'),
      "layer: dense expects [batch, features] for 'vector', got [2, 3, 5, 7]",
    ],
  ])('%s', (_what, wrong, message) => {
    const context = contextOf('evaluation');
    const graph = pipelineGraph.parse({ blocks: [wrong], outputs: {} });
    expect(() => buildPipeline(context, graph, declareInputs(context))).toThrow(message);
  });
});
