/** Vision transformers (Dosovitskiy et al. 2021; the small sizes of H. Touvron et al., "DeiT", ICML 2021). */
import { z } from 'zod';
import { definePreset } from '../preset.ts';

export interface VitShape {
  readonly hiddenSize: number;
  readonly layers: number;
  readonly heads: number;
  readonly feedForwardSize: number;
  readonly patch: number;
  readonly epsilon: number;
  /** Which position the vector is: that of the class, or the mean of all. */
  readonly pooling: 'first' | 'mean';
  readonly classToken: boolean;
  readonly activation: 'gelu' | 'gelu-tanh' | 'relu';
  readonly dropout: number;
}

/** The blocks: patches, an encoder that normalises before its sublayers and at the end, and the class token or a mean. */
export function vitGraph(shape: VitShape) {
  const { hiddenSize, patch, classToken, pooling, layers, heads, feedForwardSize, activation, epsilon, dropout } =
    shape;
  return {
    blocks: [
      { id: 'pixels', type: 'image-normalisation', inputs: { image: 'input.image' } },
      {
        id: 'patches',
        type: 'patch-embedding',
        options: { hiddenSize, patch, classToken, dropout },
        inputs: { image: 'pixels' },
      },
      {
        id: 'encoder',
        type: 'transformer-encoder',
        options: {
          layers,
          heads,
          feedForwardSize,
          activation,
          epsilon,
          dropout,
          attentionDropout: dropout,
          normalisation: 'pre',
        },
        inputs: { sequence: 'patches' },
      },
      { id: 'vector', type: 'sequence-pooling', options: { pooling }, inputs: { sequence: 'encoder' } },
    ],
    outputs: { sequence: 'encoder', vector: 'vector' },
  };
}

const sizes = [
  { name: 'vit-tiny', hiddenSize: 192, heads: 3 },
  { name: 'vit-small', hiddenSize: 384, heads: 6 },
] as const;

for (const { name, hiddenSize, heads } of sizes) {
  definePreset({
    name,
    title: `ViT ${name.slice('vit-'.length)}`,
    summary: `Transformer encoder over the patches of an image, 12 layers of ${hiddenSize} features (Dosovitskiy et al. 2021; size of Touvron et al. 2021). Learns little from few images without pretraining.`,
    input: 'image',
    options: z.strictObject({
      patch: z.int().positive().default(16).describe('Rows and columns of a patch in pixels'),
      layers: z.int().positive().default(12).describe('Number of layers'),
      dropout: z.number().min(0).max(0.9).default(0).describe('Dropout of embeddings, sublayers and attention'),
    }),
    graph: ({ patch, layers, dropout }) =>
      vitGraph({
        hiddenSize,
        heads,
        layers,
        patch,
        dropout,
        feedForwardSize: 4 * hiddenSize,
        epsilon: 1e-6,
        pooling: 'first',
        classToken: true,
        activation: 'gelu',
      }),
  });
}
