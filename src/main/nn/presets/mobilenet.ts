/**
 * Networks of inverted residual units: MobileNetV2 (Sandler et al. 2018, table 2) and EfficientNet-Lite0 (M. Tan, Q. Le, "EfficientNet",
 * ICML 2019, table 1, without squeeze-and-excitation and with ReLU6, as TensorFlow's edge models have it).
 */
import { z } from 'zod';
import { definePreset } from '../preset.ts';

export interface InvertedStage {
  readonly channels: number;
  readonly units: number;
  readonly stride: number;
  readonly kernel: number;
  readonly expansion: number;
}

export interface InvertedShape {
  readonly stem: number;
  readonly stages: readonly InvertedStage[];
  /** Channels of the 1 × 1 convolution at the end, and of the vector. */
  readonly features: number;
  readonly padding: 'same' | 'symmetric';
  readonly momentum: number;
  readonly epsilon: number;
}

type Conventions = Pick<InvertedShape, 'padding' | 'momentum' | 'epsilon'>;

/** As torchvision builds MobileNetV2. */
export const mobilenetConventions: Conventions = { padding: 'symmetric', momentum: 0.9, epsilon: 1e-5 };
/** As TensorFlow builds EfficientNet. */
export const efficientnetConventions: Conventions = { padding: 'same', momentum: 0.99, epsilon: 1e-3 };

/** Pixels from one place to the next at the beginning of each stage, after a stem with 2. */
export const mobilenetStrides = [1, 2, 2, 2, 1, 2, 1] as const;
export const efficientnetStrides = [1, 2, 2, 2, 1, 2, 1] as const;

/** The blocks: a 3 × 3 convolution, the stages, a 1 × 1 convolution to many channels, the mean over the image. */
export function invertedGraph({ stem, stages, features, padding, momentum, epsilon }: InvertedShape) {
  const normalisation = { momentum, epsilon };
  return {
    blocks: [
      { id: 'pixels', type: 'image-normalisation', inputs: { image: 'input.image' } },
      {
        id: 'stem',
        type: 'convolution',
        options: {
          channels: stem,
          kernel: 3,
          stride: 2,
          padding: padding === 'same' ? padding : 1,
          activation: 'relu6',
          ...normalisation,
        },
        inputs: { image: 'pixels' },
      },
      ...stages.map((stage, index) => ({
        id: `stage${index + 1}`,
        type: 'inverted-residual',
        options: { ...stage, padding, ...normalisation },
        inputs: { map: index === 0 ? 'stem' : `stage${index}` },
      })),
      {
        id: 'features',
        type: 'convolution',
        options: { channels: features, kernel: 1, padding: 'valid', activation: 'relu6', ...normalisation },
        inputs: { image: `stage${stages.length}` },
      },
      { id: 'vector', type: 'global-pooling', inputs: { map: 'features' } },
    ],
    outputs: { map: 'features', vector: 'vector' },
  };
}

const width = z
  .number()
  .positive()
  .max(4)
  .default(1)
  .describe('Multiplies the channels of all stages, in multiples of 8');

/** Multiples of 8, and never less than nine tenths of what was asked for, as both papers' code rounds. */
function rounded(channels: number): number {
  const nearest = Math.max(8, Math.floor((channels + 4) / 8) * 8);
  return nearest < 0.9 * channels ? nearest + 8 : nearest;
}

const mobilenetChannels = [16, 24, 32, 64, 96, 160, 320] as const;
const mobilenetUnits = [1, 2, 3, 4, 3, 3, 1] as const;

definePreset({
  name: 'mobilenet-v2',
  title: 'MobileNetV2',
  summary:
    'Inverted residual units with depthwise convolutions, a network for photographs with few weights and little arithmetic (Sandler et al. 2018).',
  input: 'image',
  options: z.strictObject({ width }),
  graph: ({ width: factor }) =>
    invertedGraph({
      ...mobilenetConventions,
      stem: rounded(32 * factor),
      stages: mobilenetChannels.map((channels, index) => ({
        channels: rounded(channels * factor),
        units: mobilenetUnits[index]!,
        stride: mobilenetStrides[index]!,
        kernel: 3,
        expansion: index === 0 ? 1 : 6,
      })),
      features: rounded(1280 * Math.max(1, factor)),
    }),
});

const efficientnetChannels = [16, 24, 40, 80, 112, 192, 320] as const;
const efficientnetUnits = [1, 2, 2, 3, 3, 4, 1] as const;
const efficientnetKernels = [3, 3, 5, 3, 5, 5, 3] as const;

definePreset({
  name: 'efficientnet-lite0',
  title: 'EfficientNet-Lite0',
  summary:
    'Inverted residual units with ReLU6 and without squeeze-and-excitation (Tan & Le 2019, in the version for small devices).',
  input: 'image',
  options: z.strictObject({}),
  graph: () =>
    invertedGraph({
      ...efficientnetConventions,
      stem: 32,
      stages: efficientnetChannels.map((channels, index) => ({
        channels,
        units: efficientnetUnits[index]!,
        stride: efficientnetStrides[index]!,
        kernel: efficientnetKernels[index]!,
        expansion: index === 0 ? 1 : 6,
      })),
      features: 1280,
    }),
});
