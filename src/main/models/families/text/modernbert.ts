/**
 * ModernBERT (B. Warner et al. 2024): pre-normalisation, GeGLU, rotary positions, no biases, and most layers with a window;
 * transformers' names, model_type `modernbert`.
 */
import { join } from 'node:path';
import { z } from 'zod';
import { plural } from '../../../../shared/display.ts';
import { LabError } from '../../../../shared/errors.ts';
import type { ModelHead } from '../../../../shared/spec/manifests/model.ts';
import type { PipelineGraph } from '../../../../shared/spec/pipeline.ts';
import { labelsOf, parseConfig } from '../../config.ts';
import type { ReadModel, Recognition } from '../../family.ts';
import { defineModelFamily } from '../../family.ts';
import type { ModelSource } from '../../source.ts';
import type { WeightMap } from '../../weight-map.ts';
import { createWeightMap, transposed } from '../../weight-map.ts';
import { classificationHead } from './classification.ts';
import { heads, isBuffer, mapDense, mapNormalisation, mapRows, mapTokenBias } from './encoder-weights.ts';
import { textNotes, textRecognition } from './notes.ts';
import { readTokenizer, usedRows } from './tokenizer-source.ts';

const size = z.int().min(1).max(1_000_000);
const share = z.number().min(0).max(0.9);
const base = z.number().positive();
const never = z.literal(false, 'the lab knows this family without biases').default(false);
const parameters = z.looseObject({ rope_theta: base });

const fields = z.looseObject({
  vocab_size: size,
  hidden_size: size,
  num_hidden_layers: z.int().min(1).max(1000),
  num_attention_heads: size,
  intermediate_size: size,
  hidden_activation: z.literal('gelu').default('gelu'),
  classifier_activation: z.literal('gelu').default('gelu'),
  max_position_embeddings: size.default(8192),
  norm_eps: z.literal(1e-5).default(1e-5),
  norm_bias: never,
  attention_bias: never,
  mlp_bias: never,
  classifier_bias: never,
  decoder_bias: z.literal(true).default(true),
  classifier_pooling: z.enum(['cls', 'mean']).default('cls'),
  local_attention: z.int().min(1).default(128),
  global_attn_every_n_layers: size.default(3),
  layer_types: z.array(z.enum(['full_attention', 'sliding_attention'])).nullish(),
  global_rope_theta: base.default(160_000),
  local_rope_theta: base.nullish(),
  rope_parameters: z
    .looseObject({ full_attention: parameters.nullish(), sliding_attention: parameters.nullish() })
    .nullish(),
  embedding_dropout: share.default(0),
  attention_dropout: share.default(0),
  mlp_dropout: share.default(0),
  tie_word_embeddings: z.boolean().default(true),
});

type Fields = z.infer<typeof fields>;

const headTensors = [
  ['masked words', 'decoder.bias'],
  ['classification', 'classifier.weight'],
] as const;

async function recognise(source: ModelSource): Promise<Recognition | undefined> {
  if (source.config?.model_type !== 'modernbert') return undefined;
  const config = parseConfig(source, fields);
  fullEvery(config, source);
  return textRecognition(source, titleOf(config), headTensors);
}

const titleOf = ({ num_hidden_layers: layers, hidden_size: features }: Fields): string =>
  `ModernBERT, ${plural(layers, 'layer')} of ${String(features)} features`;

/**
 * Every how many layers, from the first on, one sees the whole text. Throws `LabError('bad-input')` for layers that follow no such
 * rule.
 */
function fullEvery({ layer_types: listed, num_hidden_layers: layers, ...config }: Fields, source: ModelSource): number {
  if (!listed) return config.global_attn_every_n_layers;
  const isFull = listed.map((type) => type === 'full_attention');
  const second = isFull.indexOf(true, 1);
  const every = second === -1 ? Math.max(1, layers) : second;
  if (listed.length === layers && isFull.every((full, layer) => full === (layer % every === 0))) return every;
  const path = join(source.folder, 'config.json');
  const message = `${path}: layer_types: the lab computes models in which every so many layers, beginning with the first, see the whole text; this one lists ${String(listed.length)} types for ${String(layers)} layers in another order`;
  throw new LabError('bad-input', message, { path });
}

async function read(source: ModelSource): Promise<ReadModel> {
  const config = parseConfig(source, fields);
  const map = createWeightMap(await source.tensors(), join(source.folder, source.tensorFile ?? ''), 'ModernBERT');
  const prefix = map.has('model.embeddings.tok_embeddings.weight') ? 'model.' : '';
  const tokenizer = await readTokenizer(source);
  const rows = usedRows(config.vocab_size, tokenizer, source);
  mapBackbone(map, prefix, config, rows);
  const found = mapHeads(map, source, config, rows);
  const unused = map.unused().filter((name) => !isBuffer(name) && name !== 'decoder.weight');
  return {
    title: titleOf(config),
    pipeline: pipelineOf(config, source, !map.weights.has('head/masked-words/table')),
    input: { kind: 'tokens', length: config.max_position_embeddings, vocabularySize: rows },
    weights: map.weights,
    heads: found,
    tokenizer: tokenizer?.toJson(),
    notes: textNotes(unused, tokenizer, config.vocab_size),
  };
}

function pipelineOf(config: Fields, source: ModelSource, isTied: boolean): PipelineGraph {
  const { hidden_size: features, rope_parameters: rope } = config;
  const rotaryBase = rope?.full_attention?.rope_theta ?? config.global_rope_theta;
  const common = { bias: false, epsilon: config.norm_eps };
  return {
    blocks: [
      {
        id: 'embedding',
        type: 'token-embedding',
        options: { hiddenSize: features, positions: false, segments: 0, dropout: config.embedding_dropout, ...common },
        inputs: { tokens: 'input.tokens' },
      },
      {
        id: 'encoder',
        type: 'transformer-encoder',
        options: {
          layers: config.num_hidden_layers,
          heads: config.num_attention_heads,
          feedForwardSize: config.intermediate_size,
          activation: 'geglu',
          positions: 'rotary',
          rotaryBase,
          localRotaryBase: rope?.sliding_attention?.rope_theta ?? config.local_rope_theta ?? rotaryBase,
          window: config.local_attention,
          fullEvery: fullEvery(config, source),
          normalisation: 'pre',
          normaliseFirst: false,
          dropout: config.mlp_dropout,
          attentionDropout: config.attention_dropout,
          ...common,
        },
        inputs: { sequence: 'embedding', mask: 'input.mask' },
      },
    ],
    outputs: { sequence: 'encoder', ...(isTied && { table: 'embedding.table' }) },
  };
}

function mapBackbone(map: WeightMap, prefix: string, config: Fields, rows: number): void {
  const { hidden_size: features, vocab_size: of, intermediate_size: inner } = config;
  mapRows(map, 'backbone/embedding/token', `${prefix}embeddings.tok_embeddings.weight`, { rows, of, features });
  mapNormalisation(map, 'backbone/embedding/normalisation', `${prefix}embeddings.norm`, features, false);
  for (let layer = 0; layer < config.num_hidden_layers; layer++) {
    const ours = `backbone/encoder/layer.${String(layer)}`;
    const theirs = `${prefix}layers.${String(layer)}`;
    if (layer > 0) mapNormalisation(map, `${ours}/attention-normalisation`, `${theirs}.attn_norm`, features, false);
    for (const [index, name] of ['query', 'key', 'value'].entries()) {
      const source = [`${theirs}.attn.Wqkv.weight`, [3 * features, features]] as const;
      map.derive(`${ours}/attention/${name}/weight`, [features, features], [source], ([fused]) => {
        const count = features * features;
        return transposed(fused!.subarray(index * count, (index + 1) * count), features, features);
      });
    }
    mapDense(map, `${ours}/attention/output`, `${theirs}.attn.Wo`, features, features, false);
    mapNormalisation(map, `${ours}/feed-forward-normalisation`, `${theirs}.mlp_norm`, features, false);
    mapDense(map, `${ours}/feed-forward/inner`, `${theirs}.mlp.Wi`, features, 2 * inner, false);
    mapDense(map, `${ours}/feed-forward/outer`, `${theirs}.mlp.Wo`, inner, features, false);
  }
  mapNormalisation(map, 'backbone/encoder/normalisation', `${prefix}final_norm`, features, false);
}

function mapHeads(map: WeightMap, source: ModelSource, config: Fields, rows: number): ModelHead[] {
  const { hidden_size: features, vocab_size: of } = config;
  if (map.has('decoder.bias')) {
    const ours = 'head/masked-words';
    mapDense(map, `${ours}/transform`, 'head.dense', features, features, false);
    mapNormalisation(map, `${ours}/normalisation`, 'head.norm', features, false);
    mapTokenBias(map, `${ours}/bias`, 'decoder.bias', rows, of);
    if (!config.tie_word_embeddings) mapRows(map, `${ours}/table`, 'decoder.weight', { rows, of, features });
    return [heads.maskedWords('modernbert')];
  }
  if (!map.has('classifier.weight')) return [];
  const classes = map.shapeOf('classifier.weight')[0] ?? 0;
  const ours = 'head/text-classes';
  mapDense(map, `${ours}/hidden`, 'head.dense', features, features, false);
  mapNormalisation(map, `${ours}/normalisation`, 'head.norm', features, false);
  mapDense(map, `${ours}/output`, 'classifier', features, classes);
  const pooling = config.classifier_pooling === 'cls' ? 'first' : 'mean';
  return [classificationHead({ pooling, hidden: 'gelu-normalised' }, labelsOf(source, classes), classes)];
}

defineModelFamily({ name: 'modernbert', title: 'ModernBERT', kind: 'text', recognise, read });
