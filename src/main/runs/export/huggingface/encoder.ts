/** The encoder of a pipeline that is an embedding and a Transformer, which is what transformers has models for. */
import { z } from 'zod';
import { findBlock } from '../../../nn/index.ts';
import type { NetworkSubject } from '../source.ts';

/** Options of the block token-embedding that decide which model it is. */
const embeddingOptions = z.looseObject({
  hiddenSize: z.number(),
  positions: z.boolean(),
  maximumLength: z.number(),
  segments: z.number(),
  normalise: z.boolean(),
  normalisationType: z.string(),
  bias: z.boolean(),
  epsilon: z.number(),
  dropout: z.number(),
});

/** The same of the block transformer-encoder. */
const encoderOptions = z.looseObject({
  layers: z.number(),
  heads: z.number(),
  feedForwardSize: z.number().optional(),
  activation: z.string(),
  positions: z.string(),
  rotaryBase: z.number(),
  normalisation: z.string(),
  normalisationType: z.string(),
  normaliseFirst: z.boolean(),
  finalNormalisation: z.boolean().optional(),
  queryKeyNormalisation: z.boolean(),
  bias: z.boolean(),
  causal: z.boolean(),
  epsilon: z.number(),
  dropout: z.number(),
  attentionDropout: z.number(),
  window: z.number().nullish(),
  fullEvery: z.number().nullish(),
});

export interface TextEncoder {
  readonly embedding: z.infer<typeof embeddingOptions>;
  readonly encoder: z.infer<typeof encoderOptions>;
  /** Prefixes of the names of their weights. */
  readonly names: { readonly embedding: string; readonly encoder: string };
  readonly readsSegments: boolean;
  /** Whether the output layer is the token table. */
  readonly isTied: boolean;
  readonly vocabularySize: number;
  /** Tokens that it reads at most. */
  readonly length: number;
}

/** The encoder, or what is in the way. */
export function encoderOf({ model }: NetworkSubject): TextEncoder | string {
  const { blocks, outputs } = model.pipeline;
  const { input } = model.facts;
  if (input.kind !== 'tokens') return 'transformers has no counterpart of a network that does not read text';
  const [first, second, ...others] = blocks;
  if (first?.type !== 'token-embedding' || second?.type !== 'transformer-encoder' || others.length > 0) {
    const types = blocks.map(({ type }) => type).join(', ');
    return `transformers has no counterpart of this pipeline (${types}); a token-embedding with a transformer-encoder has one`;
  }
  if (second.inputs.sequence !== first.id || outputs.sequence !== second.id) {
    return 'its blocks are connected in another way than those of BERT';
  }
  if (second.inputs.mask === undefined) return 'its attention looks at padding, which models of transformers do not';
  const parsed = (type: string, options: unknown): unknown => findBlock(type).options.parse(options ?? {});
  return {
    embedding: embeddingOptions.parse(parsed(first.type, first.options)),
    encoder: encoderOptions.parse(parsed(second.type, second.options)),
    names: { embedding: `backbone/${first.id}`, encoder: `backbone/${second.id}` },
    readsSegments: first.inputs.segments !== undefined,
    isTied: outputs.table === `${first.id}.table`,
    vocabularySize: input.vocabularySize,
    length: input.length,
  };
}
