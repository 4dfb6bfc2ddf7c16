/** BERT (Devlin et al. 2018) and what is built like it, such as MiniLM (Wang et al. 2020): transformers' names, model_type `bert`. */
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
import { heads, isBuffer, mapDense, mapNormalisation, mapRows, mapTokenBias } from './encoder-weights.ts';
import { classificationHead } from './classification.ts';
import { textNotes, textRecognition } from './notes.ts';
import { readTokenizer, usedRows } from './tokenizer-source.ts';

const size = z.int().min(1).max(1_000_000);

const fields = z.looseObject({
  vocab_size: size,
  hidden_size: size,
  num_hidden_layers: z.int().min(1).max(1000),
  num_attention_heads: size,
  intermediate_size: size,
  hidden_act: z.string().default('gelu'),
  max_position_embeddings: size.default(512),
  type_vocab_size: z.int().min(1).max(16).default(2),
  layer_norm_eps: z.number().positive().default(1e-12),
  hidden_dropout_prob: z.number().min(0).max(0.9).default(0.1),
  attention_probs_dropout_prob: z.number().min(0).max(0.9).default(0.1),
  position_embedding_type: z.literal('absolute').default('absolute'),
  is_decoder: z.literal(false).default(false),
  tie_word_embeddings: z.boolean().default(true),
});

type Fields = z.infer<typeof fields>;

const headTensors = [
  ['masked words', 'cls.predictions.transform.dense.weight'],
  ['next sentence', 'cls.seq_relationship.weight'],
  ['classification', 'classifier.weight'],
] as const;

async function recognise(source: ModelSource): Promise<Recognition | undefined> {
  if (source.config?.model_type !== 'bert') return undefined;
  const { num_hidden_layers: layers, hidden_size: features } = parseConfig(source, fields);
  return textRecognition(source, titleOf(layers, features), headTensors);
}

const titleOf = (layers: number, features: number): string =>
  `BERT, ${plural(layers, 'layer')} of ${String(features)} features`;

async function read(source: ModelSource): Promise<ReadModel> {
  const config = parseConfig(source, fields);
  const archive = await source.tensors();
  const path = join(source.folder, source.tensorFile ?? '');
  const map = createWeightMap(archive, path, 'BERT');
  const prefix = map.has('bert.embeddings.word_embeddings.weight') ? 'bert.' : '';
  const tokenizer = await readTokenizer(source);
  const rows = usedRows(config.vocab_size, tokenizer, source);
  const { hidden_size: features, max_position_embeddings: length, num_hidden_layers: layers } = config;
  mapEmbedding(map, prefix, config, rows);
  for (let layer = 0; layer < layers; layer++) mapLayer(map, prefix, config, layer);
  const found = mapHeads(map, source, config, rows);
  const isTied = !map.weights.has('head/masked-words/table');
  const notes = textNotes(
    map.unused().filter((name) => !isBuffer(name) && !name.startsWith('cls.predictions.decoder.')),
    tokenizer,
    config.vocab_size,
  );
  return {
    title: titleOf(layers, features),
    pipeline: encoderPipeline(config, activationNamed(source, 'hidden_act', config.hidden_act), isTied, {
      length,
      segments: config.type_vocab_size,
    }),
    input: { kind: 'tokens', length, vocabularySize: rows },
    weights: map.weights,
    heads: found,
    tokenizer: tokenizer?.toJson(),
    notes,
  };
}

/** The blocks of BERT and RoBERTa, which differ in how long texts may be and in whether they have segments (0: none). */
export function encoderPipeline(
  config: Pick<
    Fields,
    | 'hidden_size'
    | 'hidden_dropout_prob'
    | 'layer_norm_eps'
    | 'num_hidden_layers'
    | 'num_attention_heads'
    | 'intermediate_size'
    | 'attention_probs_dropout_prob'
  >,
  activation: string,
  isTied: boolean,
  { length, segments }: { readonly length: number; readonly segments: number },
): PipelineGraph {
  const { hidden_size: features, hidden_dropout_prob: dropout, layer_norm_eps: epsilon } = config;
  return {
    blocks: [
      {
        id: 'embedding',
        type: 'token-embedding',
        options: { hiddenSize: features, maximumLength: length, segments, epsilon, dropout },
        inputs: { tokens: 'input.tokens', ...(segments > 0 && { segments: 'input.segments' }) },
      },
      {
        id: 'encoder',
        type: 'transformer-encoder',
        options: {
          layers: config.num_hidden_layers,
          heads: config.num_attention_heads,
          feedForwardSize: config.intermediate_size,
          activation,
          epsilon,
          dropout,
          attentionDropout: config.attention_probs_dropout_prob,
        },
        inputs: { sequence: 'embedding', mask: 'input.mask' },
      },
    ],
    outputs: { sequence: 'encoder', ...(isTied && { table: 'embedding.table' }) },
  };
}

function mapEmbedding(map: WeightMap, prefix: string, config: Fields, rows: number): void {
  const { hidden_size: features, vocab_size: of, max_position_embeddings: length, type_vocab_size: types } = config;
  const theirs = `${prefix}embeddings`;
  mapRows(map, 'backbone/embedding/token', `${theirs}.word_embeddings.weight`, { rows, of, features });
  map.copy('backbone/embedding/position', `${theirs}.position_embeddings.weight`, [length, features]);
  map.copy('backbone/embedding/segment', `${theirs}.token_type_embeddings.weight`, [types, features]);
  mapNormalisation(map, 'backbone/embedding/normalisation', `${theirs}.LayerNorm`, features);
}

/** Layer `layer` of the encoder, named as BERT and RoBERTa name it. */
export function mapLayer(
  map: WeightMap,
  prefix: string,
  { hidden_size: features, intermediate_size: inner }: Pick<Fields, 'hidden_size' | 'intermediate_size'>,
  layer: number,
): void {
  const ours = `backbone/encoder/layer.${String(layer)}`;
  const theirs = `${prefix}encoder.layer.${String(layer)}`;
  for (const name of ['query', 'key', 'value']) {
    mapDense(map, `${ours}/attention/${name}`, `${theirs}.attention.self.${name}`, features, features);
  }
  mapDense(map, `${ours}/attention/output`, `${theirs}.attention.output.dense`, features, features);
  mapNormalisation(map, `${ours}/attention-normalisation`, `${theirs}.attention.output.LayerNorm`, features);
  mapDense(map, `${ours}/feed-forward/inner`, `${theirs}.intermediate.dense`, features, inner);
  mapDense(map, `${ours}/feed-forward/outer`, `${theirs}.output.dense`, inner, features);
  mapNormalisation(map, `${ours}/feed-forward-normalisation`, `${theirs}.output.LayerNorm`, features);
}

function mapHeads(map: WeightMap, source: ModelSource, config: Fields, rows: number): ModelHead[] {
  const { hidden_size: features, vocab_size: of } = config;
  const found: ModelHead[] = [];
  if (map.has('cls.predictions.transform.dense.weight')) {
    const ours = 'head/masked-words';
    mapDense(map, `${ours}/transform`, 'cls.predictions.transform.dense', features, features);
    mapNormalisation(map, `${ours}/normalisation`, 'cls.predictions.transform.LayerNorm', features);
    const bias = map.has('cls.predictions.bias') ? 'cls.predictions.bias' : 'cls.predictions.decoder.bias';
    mapTokenBias(map, `${ours}/bias`, bias, rows, of);
    if (!config.tie_word_embeddings) {
      mapRows(map, `${ours}/table`, 'cls.predictions.decoder.weight', { rows, of, features });
    }
    found.push(heads.maskedWords('bert'));
  }
  // What the pooler feeds is the head of next sentence, or that of classification, or nothing.
  if (map.has('cls.seq_relationship.weight')) {
    mapDense(map, 'head/sentence-pair/pooler', 'bert.pooler.dense', features, features);
    mapDense(map, 'head/sentence-pair/output', 'cls.seq_relationship', features, 2);
    found.push(heads.nextSentence());
  }
  if (map.has('classifier.weight') && map.has('bert.pooler.dense.weight')) {
    const classes = map.shapeOf('classifier.weight')[0] ?? 0;
    mapDense(map, 'head/text-classes/hidden', 'bert.pooler.dense', features, features);
    mapDense(map, 'head/text-classes/output', 'classifier', features, classes);
    found.push(classificationHead({ pooling: 'first', hidden: 'tanh' }, labelsOf(source, classes), classes));
  }
  return found;
}

defineModelFamily({ name: 'bert', title: 'BERT', kind: 'text', recognise, read });
