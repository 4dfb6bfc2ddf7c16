/** Every preset, block by block, as `pipeline show` counts it: shapes and weights worked out by hand from the papers' formulas. */
import { describe, expect, it } from 'vitest';
import type { PipelineInput } from '../../../src/main/nn/index.ts';
import { registeredPresets, resolvePipeline } from '../../../src/main/nn/index.ts';
import { describePipeline } from '../../../src/main/runs/describe-pipeline.ts';

const tokens: PipelineInput = { kind: 'tokens', length: 20, vocabularySize: 1000 };
const image: PipelineInput = { kind: 'image', height: 32, width: 64, channels: 3 };
const frames: PipelineInput = { kind: 'frames', length: 100, features: 40 };

/** Input weights, recurrent weights and biases of each gate. */
const lstm = (inputs: number, features: number): number => 4 * features * (inputs + features + 1);
const gru = (inputs: number, features: number): number => 3 * features * (inputs + features + 2);
/** A vector for each token, and a layer normalisation. */
const embedding = (features: number): number => 1000 * features + 2 * features;
/** Filters and a batch normalisation, or a bias. */
const filters = (kernel: number, inputs: number, channels: number): number =>
  kernel ** 2 * inputs * channels + 2 * channels;
/** Four projections, the network of four times the width, two normalisations (Devlin et al. 2018). */
const encoder = (layers: number, f: number): number =>
  layers * (4 * (f * f + f) + (f * 4 * f + 4 * f) + (4 * f * f + f) + 4 * f);

type Expected = Readonly<Record<string, readonly [shape: readonly number[], parameters: number]>>;

const bert = (layers: number, features: number): readonly [PipelineInput, object, Expected] => [
  tokens,
  {},
  {
    embedding: [[20, features], (1000 + 512 + 2 + 2) * features],
    encoder: [[20, features], encoder(layers, features)],
  },
];

/** Four projections, the gated network of 8/3 the width, two normalisations, no bias (Warner et al. 2024). */
const modernLayer = (f: number, inner: number): number => 4 * f * f + 3 * f * inner + 2 * f;
const modern = (layers: number, f: number, inner: number): readonly [PipelineInput, object, Expected] => [
  tokens,
  {},
  {
    embedding: [[20, f], 1000 * f + f],
    encoder: [[20, f], layers * modernLayer(f, inner)], // one normalisation less in the first layer, one more at the end
  },
];

/** As BERT's layers, one normalisation more at the end and none at the beginning, and no segments (Radford et al. 2019). */
const gpt = (layers: number, features: number): readonly [PipelineInput, object, Expected] => [
  tokens,
  {},
  {
    embedding: [[20, features], (1000 + 512) * features],
    encoder: [[20, features], encoder(layers, features) + 2 * features],
  },
];

const presets: Readonly<Record<string, readonly [PipelineInput, object, Expected]>> = {
  'bert-tiny': bert(2, 128),
  'bert-mini': bert(4, 256),
  'bert-small': bert(4, 512),
  'gpt-tiny': gpt(2, 128),
  'gpt-mini': gpt(4, 256),
  'gpt-small': gpt(4, 512),
  ...Object.fromEntries(
    ['', '-causal'].flatMap((direction) => [
      [`modern-tiny${direction}`, modern(2, 128, 336)],
      [`modern-mini${direction}`, modern(4, 256, 672)],
      [`modern-small${direction}`, modern(4, 512, 1360)],
    ]),
  ),
  'lstm-lm': [
    tokens,
    { hiddenSize: 16, layers: 2 },
    { embedding: [[20, 16], embedding(16)], recurrent: [[20, 16], 2 * lstm(16, 16)] },
  ],
  'rnn-classifier': [
    tokens,
    { hiddenSize: 16 },
    { embedding: [[20, 16], embedding(16)], recurrent: [[20, 16], 16 * (16 + 16 + 1)] },
  ],
  'bilstm-classifier': [
    tokens,
    { hiddenSize: 16, layers: 2, cell: 'gru' },
    // The second layer reads both directions of the first.
    { embedding: [[20, 16], embedding(16)], recurrent: [[20, 32], 2 * (gru(16, 16) + gru(32, 16))] },
  ],
  'bilstm-attention': [
    tokens,
    { hiddenSize: 16, attentionSize: 8 },
    {
      embedding: [[20, 16], embedding(16)],
      recurrent: [[20, 32], 2 * lstm(16, 16)],
      attention: [[32], 32 * 8 + 8 + 8], // W, b and the context vector of Yang et al. 2016
    },
  ],
  'text-cnn': [
    tokens,
    { hiddenSize: 16, filters: 10, kernels: [3, 5] },
    {
      embedding: [[20, 16], embedding(16)],
      convolution: [[20, 20], (3 + 5) * 16 * 10 + 20],
      pooling: [[20], 0],
    },
  ],
  'cnn-lstm': [
    tokens,
    { hiddenSize: 16, filters: 10 },
    {
      embedding: [[20, 16], embedding(16)],
      convolution: [[20, 10], 3 * 16 * 10 + 10],
      recurrent: [[20, 16], lstm(10, 16)],
    },
  ],
  crnn: [
    image,
    { width: 8, hiddenSize: 16 },
    {
      pixels: [[3, 32, 64], 0],
      conv1: [[8, 32, 64], filters(3, 3, 8)],
      pool1: [[8, 16, 32], 0],
      conv2: [[16, 16, 32], filters(3, 8, 16)],
      pool2: [[16, 8, 16], 0],
      conv3: [[24, 8, 16], filters(3, 16, 24)],
      pool3: [[24, 4, 16], 0],
      columns: [[16, 24 * 4], 0],
      recurrent: [[16, 32], 2 * lstm(24 * 4, 16)],
    },
  ],
  'speech-lstm': [frames, { hiddenSize: 16 }, { stacking: [[34, 120], 0], recurrent: [[34, 32], 2 * lstm(120, 16)] }],
  'character-lstm': [
    tokens,
    { hiddenSize: 16 },
    {
      embedding: [[20, 16], embedding(16)],
      convolution: [[20, 16], 5 * 16 * 16 + 16],
      recurrent: [[20, 32], 2 * lstm(16, 16)],
    },
  ],
  'patch-cnn': [
    image,
    { width: 8, features: 16 },
    {
      pixels: [[3, 32, 64], 0],
      conv1: [[8, 32, 64], filters(5, 3, 8)],
      pool1: [[8, 16, 32], 0],
      conv2: [[16, 16, 32], filters(3, 8, 16)],
      pool2: [[16, 8, 16], 0],
      conv3: [[24, 8, 16], filters(3, 16, 24)],
      conv4: [[24, 8, 16], filters(3, 24, 24)],
      grid: [[24, 2, 2], 0],
      flat: [[96], 0],
      embedding: [[16], 96 * 16 + 2 * 16],
    },
  ],
  'resnet-mini': [
    image,
    { units: 3 },
    {
      pixels: [[3, 32, 64], 0],
      conv1: [[16, 32, 64], filters(3, 3, 16)],
      stage1: [[16, 32, 64], 6 * filters(3, 16, 16)],
      // 1 × 1 convolutions where the size changes. With a head of ten classes, 272 474: the ResNet-20 of He et al. 2016.
      stage2: [[32, 16, 32], filters(3, 16, 32) + 5 * filters(3, 32, 32) + filters(1, 16, 32)],
      stage3: [[64, 8, 16], filters(3, 32, 64) + 5 * filters(3, 64, 64) + filters(1, 32, 64)],
      pool: [[64], 0],
    },
  ],
};

/**
 * Networks for photographs of 224 × 224 with the weights that torchvision 0.28 and timm 1.0 count for them, without the head of 1000
 * classes; that of EfficientNet-Lite0 is counted in the weights that were published.
 */
const photographs: Readonly<Record<string, readonly [parameters: number, vector: number]>> = {
  resnet18: [11_689_512 - 513_000, 512],
  resnet34: [21_797_672 - 513_000, 512],
  resnet50: [25_557_032 - 2_049_000, 2048],
  'mobilenet-v2': [3_504_872 - 1_281_000, 1280],
  'efficientnet-lite0': [4_652_008 - 1_281_000, 1280],
  'vit-tiny': [5_717_416 - 193_000, 192],
  'vit-small': [22_050_664 - 385_000, 384],
};

describe('the preset', () => {
  it.each(Object.entries(photographs))('%s has as many weights as elsewhere', (preset, [parameters, features]) => {
    const photograph = { kind: 'image', height: 224, width: 224, channels: 3 } as const;
    const blocks = describePipeline(resolvePipeline({ preset, options: {} }), photograph);
    expect(blocks.reduce((sum, block) => sum + block.parameters, 0)).toBe(parameters);
    expect(blocks.at(-1)!.shape).toEqual([features]);
  });

  it.each(registeredPresets().flatMap(({ name }) => (name in photographs ? [] : [name])))(
    '%s has the shapes and weights that it should',
    (name) => {
      const [input, options, expected] = presets[name]!;
      const blocks = describePipeline(resolvePipeline({ preset: name, options }), input);
      expect(Object.fromEntries(blocks.map(({ id, shape, parameters }) => [id, [shape, parameters]]))).toEqual(
        expected,
      );
    },
  );
});

describe('arithmetic and memory', () => {
  const ofBlock = (name: string, input: PipelineInput, options: object, id: string) =>
    describePipeline(resolvePipeline({ preset: name, options }), input).find((block) => block.id === id)!;

  it('of an LSTM are two operations for each weight and step, and what its gates keep', () => {
    const { flops, activationBytes } = ofBlock('lstm-lm', tokens, { hiddenSize: 64 }, 'recurrent');
    const products = 2 * 20 * 4 * 64 * (64 + 64);
    expect(flops).toBeGreaterThan(products);
    expect(flops).toBeLessThan(1.15 * products);
    // The projection of four gates, and for each step four gates, both states and the hyperbolic tangent of the cell.
    expect(activationBytes).toBeGreaterThanOrEqual(4 * 20 * 64 * (4 + 4 + 2 + 1));
  });

  it('of a convolution are two operations for each weight and place', () => {
    const { flops } = ofBlock('crnn', image, { width: 8 }, 'conv2');
    const products = 2 * 9 * 8 * 16 * (16 * 32);
    expect(flops).toBeGreaterThan(products);
    expect(flops).toBeLessThan(1.1 * products);
  });
});
