/** GPT-2 (Radford et al. 2019): a language model that reads from left to right; transformers' names, model_type `gpt2`. */
import { join } from 'node:path';
import { z } from 'zod';
import { plural } from '../../../../shared/display.ts';
import type { PipelineGraph } from '../../../../shared/spec/pipeline.ts';
import { parseConfig } from '../../config.ts';
import type { ReadModel, Recognition } from '../../family.ts';
import { defineModelFamily } from '../../family.ts';
import type { ModelSource } from '../../source.ts';
import type { WeightMap } from '../../weight-map.ts';
import { createWeightMap } from '../../weight-map.ts';
import { activationNamed } from './activation.ts';
import { heads, isBuffer, mapNormalisation, mapRows } from './encoder-weights.ts';
import { textNotes, textRecognition } from './notes.ts';
import { readTokenizer, usedRows } from './tokenizer-source.ts';

const size = z.int().min(1).max(1_000_000);
const share = z.number().min(0).max(0.9);
const never = z.literal(false, 'the lab knows this family without it').default(false);

const fields = z.looseObject({
  vocab_size: size,
  n_positions: size.default(1024),
  n_embd: size,
  n_layer: z.int().min(1).max(1000),
  n_head: size,
  n_inner: size.nullish(),
  activation_function: z.string().default('gelu_new'),
  layer_norm_epsilon: z.number().positive().default(1e-5),
  resid_pdrop: share.default(0.1),
  embd_pdrop: share.default(0.1),
  attn_pdrop: share.default(0.1),
  scale_attn_weights: z.literal(true, 'the lab scales attention by the root of the head size').default(true),
  scale_attn_by_inverse_layer_idx: never,
  reorder_and_upcast_attn: z.boolean().default(false),
  add_cross_attention: never,
  tie_word_embeddings: z.boolean().default(true),
});

type Fields = z.infer<typeof fields>;

async function recognise(source: ModelSource): Promise<Recognition | undefined> {
  if (source.config?.model_type !== 'gpt2') return undefined;
  return textRecognition(source, titleOf(parseConfig(source, fields)), [['next word', 'lm_head.weight']]);
}

const titleOf = ({ n_layer: layers, n_embd: features }: Fields): string =>
  `GPT-2, ${plural(layers, 'layer')} of ${String(features)} features`;

async function read(source: ModelSource): Promise<ReadModel> {
  const config = parseConfig(source, fields);
  const map = createWeightMap(await source.tensors(), join(source.folder, source.tensorFile ?? ''), 'GPT-2');
  const prefix = map.has('transformer.wte.weight') ? 'transformer.' : '';
  const tokenizer = await readTokenizer(source);
  const rows = usedRows(config.vocab_size, tokenizer, source);
  const { n_embd: features, n_positions: length, vocab_size: of } = config;
  mapBackbone(map, prefix, config, rows);
  // The table is the output layer; it has no bias. With a table of its own the head is kept as it is.
  const isTied = config.tie_word_embeddings || !map.has('lm_head.weight');
  if (!isTied) mapRows(map, 'head/next-word/table', 'lm_head.weight', { rows, of, features });
  map.derive('head/next-word/bias', [rows], [], () => new Float32Array(rows));
  const unused = map.unused().filter((name) => !isBuffer(name) && name !== 'lm_head.weight');
  return {
    title: titleOf(config),
    pipeline: pipelineOf(config, activationNamed(source, 'activation_function', config.activation_function), isTied),
    input: { kind: 'tokens', length, vocabularySize: rows },
    weights: map.weights,
    heads: [heads.nextWord()],
    tokenizer: tokenizer?.toJson(),
    notes: textNotes(unused, tokenizer, config.vocab_size),
  };
}

function pipelineOf(config: Fields, activation: string, isTied: boolean): PipelineGraph {
  const { n_embd: features, layer_norm_epsilon: epsilon } = config;
  return {
    blocks: [
      {
        id: 'embedding',
        type: 'token-embedding',
        options: {
          hiddenSize: features,
          maximumLength: config.n_positions,
          segments: 0,
          normalise: false,
          dropout: config.embd_pdrop,
        },
        inputs: { tokens: 'input.tokens' },
      },
      {
        id: 'encoder',
        type: 'transformer-encoder',
        options: {
          layers: config.n_layer,
          heads: config.n_head,
          feedForwardSize: config.n_inner ?? 4 * features,
          activation,
          normalisation: 'pre',
          causal: true,
          epsilon,
          dropout: config.resid_pdrop,
          attentionDropout: config.attn_pdrop,
        },
        inputs: { sequence: 'embedding', mask: 'input.mask' },
      },
    ],
    outputs: { sequence: 'encoder', ...(isTied && { table: 'embedding.table' }) },
  };
}

function mapBackbone(map: WeightMap, prefix: string, config: Fields, rows: number): void {
  const { n_embd: features, n_positions: length, vocab_size: of } = config;
  const inner = config.n_inner ?? 4 * features;
  mapRows(map, 'backbone/embedding/token', `${prefix}wte.weight`, { rows, of, features });
  map.copy('backbone/embedding/position', `${prefix}wpe.weight`, [length, features]);
  for (let layer = 0; layer < config.n_layer; layer++) {
    const ours = `backbone/encoder/layer.${String(layer)}`;
    const theirs = `${prefix}h.${String(layer)}`;
    mapNormalisation(map, `${ours}/attention-normalisation`, `${theirs}.ln_1`, features);
    mapFused(map, `${ours}/attention`, `${theirs}.attn.c_attn`, features);
    mapColumns(map, `${ours}/attention/output`, `${theirs}.attn.c_proj`, features, features);
    mapNormalisation(map, `${ours}/feed-forward-normalisation`, `${theirs}.ln_2`, features);
    mapColumns(map, `${ours}/feed-forward/inner`, `${theirs}.mlp.c_fc`, features, inner);
    mapColumns(map, `${ours}/feed-forward/outer`, `${theirs}.mlp.c_proj`, inner, features);
  }
  mapNormalisation(map, 'backbone/encoder/normalisation', `${prefix}ln_f`, features);
}

/** What GPT-2 calls Conv1D keeps its weights [in, out], as we do. */
function mapColumns(map: WeightMap, ours: string, theirs: string, inputs: number, outputs: number): void {
  map.copy(`${ours}/weight`, `${theirs}.weight`, [inputs, outputs]);
  map.copy(`${ours}/bias`, `${theirs}.bias`, [outputs]);
}

/** Queries, keys and values lie side by side: [in, 3 · features]. */
function mapFused(map: WeightMap, ours: string, theirs: string, features: number): void {
  for (const [index, name] of ['query', 'key', 'value'].entries()) {
    const weight = [`${theirs}.weight`, [features, 3 * features]] as const;
    map.derive(`${ours}/${name}/weight`, [features, features], [weight], ([fused]) =>
      Float32Array.from({ length: features * features }, (_, place) => {
        const row = Math.floor(place / features);
        return fused![row * 3 * features + index * features + (place % features)]!;
      }),
    );
    map.derive(`${ours}/${name}/bias`, [features], [[`${theirs}.bias`, [3 * features]]], ([fused]) =>
      fused!.slice(index * features, (index + 1) * features),
    );
  }
}

defineModelFamily({ name: 'gpt2', title: 'GPT-2', kind: 'text', recognise, read });
