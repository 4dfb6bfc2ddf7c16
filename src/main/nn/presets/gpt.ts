/** The layers of GPT-2 (Radford et al. 2019), "Language Models are Unsupervised Multitask Learners", in BERT's small sizes. */
import { z } from 'zod';
import { definePreset } from '../preset.ts';

const options = z.strictObject({
  layers: z.int().positive().optional().describe('Number of layers'),
  hiddenSize: z.int().positive().optional().describe('Hidden size'),
  heads: z.int().positive().optional().describe('Attention heads'),
  maximumLength: z.int().positive().default(512).describe('Number of positions in the table'),
  dropout: z.number().min(0).max(0.9).default(0.1).describe('Dropout of embeddings, sublayers and attention'),
  initialisation: z.string().optional().describe('How weights start; see the block transformer-encoder'),
});

const sizes = [
  { name: 'tiny', layers: 2, hiddenSize: 128, heads: 2 },
  { name: 'mini', layers: 4, hiddenSize: 256, heads: 4 },
  { name: 'small', layers: 4, hiddenSize: 512, heads: 8 },
] as const;

for (const size of sizes) {
  definePreset({
    name: `gpt-${size.name}`,
    title: `GPT ${size.name}`,
    summary: `Transformer that reads from left to right, as GPT-2: ${String(size.layers)} layers of ${String(size.hiddenSize)} features with learned positions and pre-normalisation (Radford et al. 2019). Leaves the lab as a GPT-2 of transformers.`,
    input: 'tokens',
    options,
    graph({ maximumLength, dropout, initialisation, ...chosen }) {
      const { layers, hiddenSize, heads } = { ...size, ...chosen };
      const common = { epsilon: 1e-5, dropout, ...(initialisation !== undefined && { initialisation }) };
      return {
        blocks: [
          {
            id: 'embedding',
            type: 'token-embedding',
            options: { hiddenSize, maximumLength, segments: 0, normalise: false, ...common },
            inputs: { tokens: 'input.tokens' },
          },
          {
            id: 'encoder',
            type: 'transformer-encoder',
            options: {
              layers,
              heads,
              activation: 'gelu-tanh',
              normalisation: 'pre',
              causal: true,
              attentionDropout: dropout,
              outputInitialisation: 'depth-scaled',
              ...common,
            },
            inputs: { sequence: 'embedding', mask: 'input.mask' },
          },
        ],
        outputs: { sequence: 'encoder', table: 'embedding.table' },
      };
    },
  });
}
