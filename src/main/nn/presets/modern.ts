/**
 * ModernBERT encoders (B. Warner et al. 2024, "Smarter, better, faster, longer") in BERT's small sizes, and the same layers as
 * language models that read from left to right. Every layer attends to the whole text.
 */
import { z } from 'zod';
import { definePreset } from '../preset.ts';

const options = z.strictObject({
  layers: z.int().positive().optional().describe('Number of layers'),
  hiddenSize: z.int().positive().optional().describe('Hidden size'),
  heads: z.int().positive().optional().describe('Attention heads'),
  feedForwardSize: z
    .int()
    .positive()
    .optional()
    .describe('Inner size of the feed-forward sublayers; 8/3 × features in multiples of 16 by default'),
  positions: z.string().default('rotary').describe('rotary, relative or none; see the block transformer-encoder'),
  rotaryBase: z
    .number()
    .positive()
    .default(500)
    .describe(
      'See the block transformer-encoder. With 500 the slowest pair of features turns once in 2,600 tokens; ModernBERT reads longer texts and has 10,000 and 160,000',
    ),
  dropout: z.number().min(0).max(0.9).default(0).describe('Dropout of embeddings, sublayers and attention'),
  initialisation: z
    .string()
    .default('glorot')
    .describe(
      "How weights start; see the block transformer-encoder. A deviation of 0.02 suits ModernBERT's 768 features; with fewer, attention would long be the same everywhere",
    ),
  outputInitialisation: z.string().default('depth-scaled').describe('See the block transformer-encoder'),
});

const sizes = [
  { name: 'tiny', layers: 2, hiddenSize: 128, heads: 2 },
  { name: 'mini', layers: 4, hiddenSize: 256, heads: 4 },
  { name: 'small', layers: 4, hiddenSize: 512, heads: 8 },
] as const;

const directions = [
  { causal: false, ending: '', title: '', summary: 'Transformer encoder' },
  { causal: true, ending: '-causal', title: ', causal', summary: 'Transformer that reads from left to right' },
] as const;

for (const { causal, ending, title, summary } of directions) {
  for (const size of sizes) {
    definePreset({
      name: `modern-${size.name}${ending}`,
      title: `ModernBERT ${size.name}${title}`,
      summary: `${summary}: ${String(size.layers)} layers of ${String(size.hiddenSize)} features with rotary positions, pre-normalisation, GeGLU and no biases (Warner et al. 2024). Learns from little text what learned positions need far more for.`,
      input: 'tokens',
      options,
      graph({ dropout, positions, initialisation, outputInitialisation, feedForwardSize, rotaryBase, ...chosen }) {
        const { layers, hiddenSize, heads } = { ...size, ...chosen };
        const common = { bias: false, epsilon: 1e-5, dropout, initialisation };
        return {
          blocks: [
            {
              id: 'embedding',
              type: 'token-embedding',
              options: { hiddenSize, positions: false, segments: 0, ...common },
              inputs: { tokens: 'input.tokens' },
            },
            {
              id: 'encoder',
              type: 'transformer-encoder',
              options: {
                layers,
                heads,
                activation: 'geglu',
                positions,
                rotaryBase,
                normalisation: 'pre',
                normaliseFirst: false,
                causal,
                attentionDropout: dropout,
                outputInitialisation,
                ...common,
                ...(feedForwardSize !== undefined && { feedForwardSize }),
              },
              inputs: { sequence: 'embedding', mask: 'input.mask' },
            },
          ],
          outputs: { sequence: 'encoder', table: 'embedding.table' },
        };
      },
    });
  }
}
