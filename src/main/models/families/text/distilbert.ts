/** DistilBERT (Sanh et al. 2019): BERT's layers without segments and pooler; transformers' names, model_type `distilbert`. */
import { join } from 'node:path';
import { z } from 'zod';
import { plural } from '../../../../shared/display.ts';
import type { ModelHead } from '../../../../shared/spec/manifests/model.ts';
import type { PipelineGraph } from '../../../../shared/spec/pipeline.ts';
import { labelsOf, parseConfig } from '../../config.ts';
import type { ReadModel, Recognition } from '../../family.ts';
import { defineModelFamily } from '../../family.ts';
import type { ModelSource } from '../../source.ts';
import type { WeightMap } from '../../weight-map.ts';
import { createWeightMap } from '../../weight-map.ts';
import { activationNamed } from './activation.ts';
import { classificationHead } from './classification.ts';
import { heads, isBuffer, mapDense, mapNormalisation, mapRows, mapTokenBias } from './encoder-weights.ts';
import { textNotes, textRecognition } from './notes.ts';
import { readTokenizer, usedRows } from './tokenizer-source.ts';

const size = z.int().min(1).max(1_000_000);
const share = z.number().min(0).max(0.9);

const fields = z.looseObject({
  vocab_size: size,
  dim: size,
  n_layers: z.int().min(1).max(1000),
  n_heads: size,
  hidden_dim: size,
  activation: z.string().default('gelu'),
  max_position_embeddings: size.default(512),
  dropout: share.default(0.1),
  attention_dropout: share.default(0.1),
  tie_word_embeddings: z.boolean().default(true),
});

type Fields = z.infer<typeof fields>;

const epsilon = 1e-12;
const headTensors = [
  ['masked words', 'vocab_transform.weight'],
  ['classification', 'pre_classifier.weight'],
] as const;

async function recognise(source: ModelSource): Promise<Recognition | undefined> {
  if (source.config?.model_type !== 'distilbert') return undefined;
  return textRecognition(source, titleOf(parseConfig(source, fields)), headTensors);
}

const titleOf = ({ n_layers: layers, dim: features }: Fields): string =>
  `DistilBERT, ${plural(layers, 'layer')} of ${String(features)} features`;

async function read(source: ModelSource): Promise<ReadModel> {
  const config = parseConfig(source, fields);
  const map = createWeightMap(await source.tensors(), join(source.folder, source.tensorFile ?? ''), 'DistilBERT');
  const prefix = map.has('distilbert.embeddings.word_embeddings.weight') ? 'distilbert.' : '';
  const tokenizer = await readTokenizer(source);
  const rows = usedRows(config.vocab_size, tokenizer, source);
  mapBackbone(map, prefix, config, rows);
  const found = mapHeads(map, source, config, rows);
  const unused = map.unused().filter((name) => !isBuffer(name) && name !== 'vocab_projector.weight');
  return {
    title: titleOf(config),
    pipeline: pipelineOf(
      config,
      activationNamed(source, 'activation', config.activation),
      !map.weights.has('head/masked-words/table'),
    ),
    input: { kind: 'tokens', length: config.max_position_embeddings, vocabularySize: rows },
    weights: map.weights,
    heads: found,
    tokenizer: tokenizer?.toJson(),
    notes: textNotes(unused, tokenizer, config.vocab_size),
  };
}

function pipelineOf(config: Fields, activation: string, isTied: boolean): PipelineGraph {
  const { dim: features, dropout, attention_dropout: attentionDropout } = config;
  return {
    blocks: [
      {
        id: 'embedding',
        type: 'token-embedding',
        options: { hiddenSize: features, maximumLength: config.max_position_embeddings, segments: 0, epsilon, dropout },
        inputs: { tokens: 'input.tokens' },
      },
      {
        id: 'encoder',
        type: 'transformer-encoder',
        options: {
          layers: config.n_layers,
          heads: config.n_heads,
          feedForwardSize: config.hidden_dim,
          activation,
          epsilon,
          dropout,
          attentionDropout,
        },
        inputs: { sequence: 'embedding', mask: 'input.mask' },
      },
    ],
    outputs: { sequence: 'encoder', ...(isTied && { table: 'embedding.table' }) },
  };
}

function mapBackbone(map: WeightMap, prefix: string, config: Fields, rows: number): void {
  const { dim: features, hidden_dim: inner, vocab_size: of, max_position_embeddings: length } = config;
  const embeddings = `${prefix}embeddings`;
  mapRows(map, 'backbone/embedding/token', `${embeddings}.word_embeddings.weight`, { rows, of, features });
  map.copy('backbone/embedding/position', `${embeddings}.position_embeddings.weight`, [length, features]);
  mapNormalisation(map, 'backbone/embedding/normalisation', `${embeddings}.LayerNorm`, features);
  for (let layer = 0; layer < config.n_layers; layer++) {
    const ours = `backbone/encoder/layer.${String(layer)}`;
    const theirs = `${prefix}transformer.layer.${String(layer)}`;
    const projections = [
      ['query', 'q_lin'],
      ['key', 'k_lin'],
      ['value', 'v_lin'],
      ['output', 'out_lin'],
    ] as const;
    for (const [name, lin] of projections) {
      mapDense(map, `${ours}/attention/${name}`, `${theirs}.attention.${lin}`, features, features);
    }
    mapNormalisation(map, `${ours}/attention-normalisation`, `${theirs}.sa_layer_norm`, features);
    mapDense(map, `${ours}/feed-forward/inner`, `${theirs}.ffn.lin1`, features, inner);
    mapDense(map, `${ours}/feed-forward/outer`, `${theirs}.ffn.lin2`, inner, features);
    mapNormalisation(map, `${ours}/feed-forward-normalisation`, `${theirs}.output_layer_norm`, features);
  }
}

function mapHeads(map: WeightMap, source: ModelSource, config: Fields, rows: number): ModelHead[] {
  const { dim: features, vocab_size: of } = config;
  const found: ModelHead[] = [];
  if (map.has('vocab_transform.weight')) {
    const ours = 'head/masked-words';
    mapDense(map, `${ours}/transform`, 'vocab_transform', features, features);
    mapNormalisation(map, `${ours}/normalisation`, 'vocab_layer_norm', features);
    mapTokenBias(map, `${ours}/bias`, 'vocab_projector.bias', rows, of);
    if (!config.tie_word_embeddings) mapRows(map, `${ours}/table`, 'vocab_projector.weight', { rows, of, features });
    found.push(heads.maskedWords('bert'));
  }
  if (map.has('pre_classifier.weight')) {
    const classes = map.shapeOf('classifier.weight')[0] ?? 0;
    mapDense(map, 'head/text-classes/hidden', 'pre_classifier', features, features);
    mapDense(map, 'head/text-classes/output', 'classifier', features, classes);
    found.push(classificationHead({ pooling: 'first', hidden: 'relu' }, labelsOf(source, classes), classes));
  }
  return found;
}

defineModelFamily({ name: 'distilbert', title: 'DistilBERT', kind: 'text', recognise, read });
