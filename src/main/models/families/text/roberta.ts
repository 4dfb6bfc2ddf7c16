/**
 * RoBERTa (Liu et al. 2019) and what is built like it (XLM-RoBERTa, CamemBERT): BERT's layers; positions begin behind the padding's
 * id, and the only segment's vector is added to each of them, because it is added to every token.
 */
import { join } from 'node:path';
import { z } from 'zod';
import { plural } from '../../../../shared/display.ts';
import type { ModelHead } from '../../../../shared/spec/manifests/model.ts';
import { labelsOf, parseConfig } from '../../config.ts';
import type { ReadModel, Recognition } from '../../family.ts';
import { defineModelFamily } from '../../family.ts';
import type { ModelSource } from '../../source.ts';
import type { WeightMap } from '../../weight-map.ts';
import { createWeightMap } from '../../weight-map.ts';
import { activationNamed } from './activation.ts';
import { encoderPipeline, mapLayer } from './bert.ts';
import { classificationHead } from './classification.ts';
import { heads, isBuffer, mapDense, mapNormalisation, mapRows, mapTokenBias } from './encoder-weights.ts';
import { textNotes, textRecognition } from './notes.ts';
import { readTokenizer, usedRows } from './tokenizer-source.ts';

const size = z.int().min(1).max(1_000_000);
const share = z.number().min(0).max(0.9);

const fields = z
  .looseObject({
    vocab_size: size,
    hidden_size: size,
    num_hidden_layers: z.int().min(1).max(1000),
    num_attention_heads: size,
    intermediate_size: size,
    hidden_act: z.string().default('gelu'),
    max_position_embeddings: size,
    type_vocab_size: z.literal(1).default(1),
    pad_token_id: z.int().min(0).max(1000).default(1),
    layer_norm_eps: z.number().positive().default(1e-5),
    hidden_dropout_prob: share.default(0.1),
    attention_probs_dropout_prob: share.default(0.1),
    position_embedding_type: z.literal('absolute').default('absolute'),
    is_decoder: z.literal(false).default(false),
    tie_word_embeddings: z.boolean().default(true),
  })
  .refine(({ max_position_embeddings: positions, pad_token_id: pad }) => positions > pad + 1, {
    message: 'leaves no position behind that of the padding',
    path: ['max_position_embeddings'],
  });

type Fields = z.infer<typeof fields>;

const types: ReadonlySet<unknown> = new Set(['roberta', 'xlm-roberta', 'camembert']);
const headTensors = [
  ['masked words', 'lm_head.dense.weight'],
  ['classification', 'classifier.out_proj.weight'],
] as const;

async function recognise(source: ModelSource): Promise<Recognition | undefined> {
  if (!types.has(source.config?.model_type)) return undefined;
  return textRecognition(source, titleOf(parseConfig(source, fields)), headTensors);
}

const titleOf = ({ num_hidden_layers: layers, hidden_size: features }: Fields): string =>
  `RoBERTa, ${plural(layers, 'layer')} of ${String(features)} features`;

/** Positions that text can have. */
const lengthOf = ({ max_position_embeddings: positions, pad_token_id: pad }: Fields): number => positions - pad - 1;

async function read(source: ModelSource): Promise<ReadModel> {
  const config = parseConfig(source, fields);
  const map = createWeightMap(await source.tensors(), join(source.folder, source.tensorFile ?? ''), 'RoBERTa');
  const prefix = map.has('roberta.embeddings.word_embeddings.weight') ? 'roberta.' : '';
  const tokenizer = await readTokenizer(source);
  const rows = usedRows(config.vocab_size, tokenizer, source);
  mapEmbedding(map, prefix, config, rows);
  for (let layer = 0; layer < config.num_hidden_layers; layer++) mapLayer(map, prefix, config, layer);
  const found = mapHeads(map, source, config, rows);
  const unused = map.unused().filter((name) => !isBuffer(name) && !/^lm_head\.decoder\.(weight|bias)$/u.test(name));
  return {
    title: titleOf(config),
    pipeline: encoderPipeline(
      config,
      activationNamed(source, 'hidden_act', config.hidden_act),
      !map.weights.has('head/masked-words/table'),
      { length: lengthOf(config), segments: 0 },
    ),
    input: { kind: 'tokens', length: lengthOf(config), vocabularySize: rows },
    weights: map.weights,
    heads: found,
    tokenizer: tokenizer?.toJson(),
    notes: textNotes(unused, tokenizer, config.vocab_size),
  };
}

function mapEmbedding(map: WeightMap, prefix: string, config: Fields, rows: number): void {
  const { hidden_size: features, vocab_size: of, max_position_embeddings: positions } = config;
  const theirs = `${prefix}embeddings`;
  mapRows(map, 'backbone/embedding/token', `${theirs}.word_embeddings.weight`, { rows, of, features });
  const tables = [
    [`${theirs}.position_embeddings.weight`, [positions, features]],
    [`${theirs}.token_type_embeddings.weight`, [1, features]],
  ] as const;
  const length = lengthOf(config);
  map.derive('backbone/embedding/position', [length, features], tables, ([table, segment]) =>
    Float32Array.from(
      table!.subarray((positions - length) * features),
      (value, index) => value + segment![index % features]!,
    ),
  );
  mapNormalisation(map, 'backbone/embedding/normalisation', `${theirs}.LayerNorm`, features);
}

function mapHeads(map: WeightMap, source: ModelSource, config: Fields, rows: number): ModelHead[] {
  const { hidden_size: features, vocab_size: of } = config;
  const found: ModelHead[] = [];
  if (map.has('lm_head.dense.weight')) {
    const ours = 'head/masked-words';
    mapDense(map, `${ours}/transform`, 'lm_head.dense', features, features);
    mapNormalisation(map, `${ours}/normalisation`, 'lm_head.layer_norm', features);
    mapTokenBias(map, `${ours}/bias`, map.has('lm_head.bias') ? 'lm_head.bias' : 'lm_head.decoder.bias', rows, of);
    if (!config.tie_word_embeddings) mapRows(map, `${ours}/table`, 'lm_head.decoder.weight', { rows, of, features });
    found.push(heads.maskedWords('roberta'));
  }
  if (map.has('classifier.out_proj.weight')) {
    const classes = map.shapeOf('classifier.out_proj.weight')[0] ?? 0;
    mapDense(map, 'head/text-classes/hidden', 'classifier.dense', features, features);
    mapDense(map, 'head/text-classes/output', 'classifier.out_proj', features, classes);
    found.push(
      classificationHead({ pooling: 'first', hidden: 'tanh', separators: 2 }, labelsOf(source, classes), classes),
    );
  }
  return found;
}

defineModelFamily({ name: 'roberta', title: 'RoBERTa', kind: 'text', recognise, read });
