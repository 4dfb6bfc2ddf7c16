/** BERT encoders in the small sizes of Turc et al. 2019, "Well-Read Students Learn Better". */
import { z } from 'zod';
import { definePreset } from '../preset.ts';

const options = z.strictObject({
  layers: z.int().positive().optional().describe('Number of layers'),
  hiddenSize: z.int().positive().optional().describe('Hidden size'),
  heads: z.int().positive().optional().describe('Attention heads'),
  maximumLength: z.int().positive().default(512).describe('Number of positions in the table'),
  positions: z
    .enum(['learned', 'rotary', 'none'])
    .default('learned')
    .describe(
      'A learned vector for each position (BERT), queries and keys turned by their positions (Su et al. 2021), or none',
    ),
  normalisation: z
    .enum(['post', 'pre'])
    .default('post')
    .describe('Layer normalisation after (BERT) or before each sublayer'),
  dropout: z.number().min(0).max(0.9).default(0.1).describe('Dropout of embeddings, sublayers and attention'),
  initialisation: z.string().optional().describe('How weights start; see the block transformer-encoder'),
});

const sizes = [
  { name: 'bert-tiny', layers: 2, hiddenSize: 128, heads: 2 },
  { name: 'bert-mini', layers: 4, hiddenSize: 256, heads: 4 },
  { name: 'bert-small', layers: 4, hiddenSize: 512, heads: 8 },
] as const;

for (const size of sizes) {
  definePreset({
    name: size.name,
    title: `BERT ${size.name.slice('bert-'.length)}`,
    summary: `Transformer encoder with ${String(size.layers)} layers of ${String(size.hiddenSize)} features (Devlin et al. 2018; sizes of Turc et al. 2019).`,
    input: 'tokens',
    options,
    graph({
      layers = size.layers,
      hiddenSize = size.hiddenSize,
      heads = size.heads,
      maximumLength,
      positions,
      normalisation,
      dropout,
      initialisation,
    }) {
      const common = { dropout, ...(initialisation !== undefined && { initialisation }) };
      return {
        blocks: [
          {
            id: 'embedding',
            type: 'token-embedding',
            options: { hiddenSize, maximumLength, positions: positions === 'learned', ...common },
            inputs: { tokens: 'input.tokens', segments: 'input.segments' },
          },
          {
            id: 'encoder',
            type: 'transformer-encoder',
            options: {
              layers,
              heads,
              positions: positions === 'rotary' ? 'rotary' : 'none',
              normalisation,
              attentionDropout: dropout,
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
