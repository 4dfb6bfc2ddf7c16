/** BERT (Devlin et al. 2018) as transformers keeps it: `BertModel` with its heads. */
import type { NetworkSubject } from '../source.ts';
import type { Weight } from '../weights.ts';
import type { HubArchitecture, Weights } from './architecture.ts';
import { activations, labelsConfig, taskOption, zerosOf } from './architecture.ts';
import type { TextEncoder } from './encoder.ts';

const models: Readonly<Record<string, { model: string; auto: string }>> = {
  'masked-words': { model: 'BertForMaskedLM', auto: 'AutoModelForMaskedLM' },
  'masked-words-same-document': { model: 'BertForMaskedLM', auto: 'AutoModelForMaskedLM' },
  'masked-words-next-sentence': { model: 'BertForPreTraining', auto: 'AutoModelForPreTraining' },
  'next-sentence': { model: 'BertForNextSentencePrediction', auto: 'AutoModelForNextSentencePrediction' },
  'sentence-order': { model: 'BertForNextSentencePrediction', auto: 'AutoModelForNextSentencePrediction' },
  'text-classification': { model: 'BertForSequenceClassification', auto: 'AutoModelForSequenceClassification' },
  regression: { model: 'BertForSequenceClassification', auto: 'AutoModelForSequenceClassification' },
  'multi-label': { model: 'BertForSequenceClassification', auto: 'AutoModelForSequenceClassification' },
  'token-classification': { model: 'BertForTokenClassification', auto: 'AutoModelForTokenClassification' },
};

/** Heads that give a number for each name, by task: where their weights are, and which option says what they read. */
const namedHeads: Readonly<Record<string, { readonly scope: string; readonly pooling?: 'pooling' | 'features' }>> = {
  'text-classification': { scope: 'head/text-classes', pooling: 'pooling' },
  regression: { scope: 'head/regression', pooling: 'features' },
  'multi-label': { scope: 'head/multi-label', pooling: 'features' },
  'token-classification': { scope: 'head/token-classification' },
};

/**
 * Where a classifier has no hidden layer, BERT's pooler has to do nothing: tanh(x / s) · s is x to a relative error of (x/s)²/3,
 * and a power of two divides without rounding.
 */
const poolerScale = 1024;

export const bert: HubArchitecture = {
  title: 'BERT',
  classes: (task) => models[task] ?? { model: 'BertModel', auto: 'AutoModel', isHeadless: true },
  inputNames: ['input_ids', 'token_type_ids', 'attention_mask'],
  mismatch({ embedding, encoder }, subject) {
    if (encoder.causal) return 'it reads from left to right (causal), and BERT reads both ways';
    if (!embedding.positions) return 'it has no learned positions';
    if (encoder.positions !== 'none') return `it has ${encoder.positions} positions, and BERT learned ones`;
    if (encoder.normalisation !== 'post') return 'it normalises before each sublayer, and BERT after it';
    if (encoder.finalNormalisation === true) return 'its result is normalised once more';
    if (!embedding.normalise || embedding.normalisationType !== 'layer' || encoder.normalisationType !== 'layer') {
      return 'it has another normalisation than layer normalisation';
    }
    if (!embedding.bias || !encoder.bias) return 'it has no biases';
    if (encoder.queryKeyNormalisation) return 'it normalises queries and keys';
    if (!(encoder.activation in activations)) return `BERT has no activation '${encoder.activation}'`;
    if (embedding.epsilon !== encoder.epsilon) return 'its normalisations have different epsilons';
    return headMismatch(encoder.epsilon, subject);
  },
  config({ embedding, encoder, isTied, vocabularySize, readsSegments }, subject) {
    return {
      model_type: 'bert',
      vocab_size: vocabularySize,
      hidden_size: embedding.hiddenSize,
      num_hidden_layers: encoder.layers,
      num_attention_heads: encoder.heads,
      intermediate_size: encoder.feedForwardSize ?? 4 * embedding.hiddenSize,
      hidden_act: activations[encoder.activation],
      max_position_embeddings: embedding.maximumLength,
      type_vocab_size: readsSegments && embedding.segments > 0 ? embedding.segments : 2,
      layer_norm_eps: encoder.epsilon,
      hidden_dropout_prob: encoder.dropout,
      attention_probs_dropout_prob: encoder.attentionDropout,
      tie_word_embeddings: isTied,
      ...(subject.model.task.type in namedHeads && labelsConfig(subject)),
    };
  },
  tensors(encoder, subject, weights) {
    const tensors = new Map<string, Weight>();
    writeEncoder(tensors, encoder, weights);
    writeHeads(tensors, encoder, subject, weights);
    return tensors;
  },
};

function headMismatch(epsilon: number, subject: NetworkSubject): string | undefined {
  const { type } = subject.model.task;
  if (type.startsWith('masked-words')) {
    const style = taskOption(subject, 'head');
    const wanted = epsilon === 1e-5 ? 'roberta' : 'bert';
    if (style === wanted || (style === undefined && wanted === 'bert')) return undefined;
    return `its head is of the kind '${String(style)}'; with task.head: ${wanted} it would be BERT's`;
  }
  if (taskOption(subject, 'decoder') === 'crf') {
    return 'it decodes with a CRF, which transformers does not have; train with task.decoder: softmax';
  }
  const option = namedHeads[type]?.pooling;
  if (option === undefined) return undefined;
  const [pooling, hidden] = [taskOption(subject, option), taskOption(subject, 'hidden') ?? 'none'];
  if (pooling !== 'first') {
    return `it answers from '${String(pooling)}', and BERT from its first position; train with task.${option}: first`;
  }
  return hidden === 'none' || hidden === 'tanh'
    ? undefined
    : `BERT has no hidden layer '${String(hidden)}' before its classes`;
}

function writeDense(tensors: Map<string, Weight>, weights: Weights, theirs: string, ours: string): void {
  tensors.set(`${theirs}.weight`, weights.linear(`${ours}/weight`));
  tensors.set(`${theirs}.bias`, weights.copy(`${ours}/bias`));
}

function writeNormalisation(tensors: Map<string, Weight>, weights: Weights, theirs: string, ours: string): void {
  tensors.set(`${theirs}.weight`, weights.copy(`${ours}/gain`));
  tensors.set(`${theirs}.bias`, weights.copy(`${ours}/bias`));
}

function writeEncoder(
  tensors: Map<string, Weight>,
  { names, embedding, encoder }: TextEncoder,
  weights: Weights,
): void {
  const table = 'bert.embeddings';
  tensors.set(`${table}.word_embeddings.weight`, weights.copy(`${names.embedding}/token`));
  tensors.set(`${table}.position_embeddings.weight`, weights.copy(`${names.embedding}/position`));
  const segment = `${names.embedding}/segment`;
  tensors.set(
    `${table}.token_type_embeddings.weight`,
    weights.has(segment) ? weights.copy(segment) : zerosOf(2, embedding.hiddenSize),
  );
  writeNormalisation(tensors, weights, `${table}.LayerNorm`, `${names.embedding}/normalisation`);
  for (let layer = 0; layer < encoder.layers; layer += 1) {
    const [ours, theirs] = [`${names.encoder}/layer.${String(layer)}`, `bert.encoder.layer.${String(layer)}`];
    for (const name of ['query', 'key', 'value']) {
      writeDense(tensors, weights, `${theirs}.attention.self.${name}`, `${ours}/attention/${name}`);
    }
    writeDense(tensors, weights, `${theirs}.attention.output.dense`, `${ours}/attention/output`);
    writeNormalisation(tensors, weights, `${theirs}.attention.output.LayerNorm`, `${ours}/attention-normalisation`);
    writeDense(tensors, weights, `${theirs}.intermediate.dense`, `${ours}/feed-forward/inner`);
    writeDense(tensors, weights, `${theirs}.output.dense`, `${ours}/feed-forward/outer`);
    writeNormalisation(tensors, weights, `${theirs}.output.LayerNorm`, `${ours}/feed-forward-normalisation`);
  }
}

function writeHeads(
  tensors: Map<string, Weight>,
  { names, isTied, embedding }: TextEncoder,
  subject: NetworkSubject,
  weights: Weights,
): void {
  const words = 'head/masked-words';
  if (weights.has(`${words}/bias`)) {
    writeDense(tensors, weights, 'cls.predictions.transform.dense', `${words}/transform`);
    writeNormalisation(tensors, weights, 'cls.predictions.transform.LayerNorm', `${words}/normalisation`);
    tensors.set('cls.predictions.bias', weights.copy(`${words}/bias`));
    tensors.set('cls.predictions.decoder.bias', weights.copy(`${words}/bias`));
    const table = isTied ? `${names.embedding}/token` : `${words}/table`;
    tensors.set('cls.predictions.decoder.weight', weights.copy(table));
  }
  if (weights.has('head/sentence-pair/output/weight')) {
    writeDense(tensors, weights, 'bert.pooler.dense', 'head/sentence-pair/pooler');
    writeDense(tensors, weights, 'cls.seq_relationship', 'head/sentence-pair/output');
  }
  const head = namedHeads[subject.model.task.type];
  if (!head) return;
  const output = inUnits(
    weights.linear(`${head.scope}/output/weight`),
    weights.copy(`${head.scope}/output/bias`),
    subject,
  );
  tensors.set('classifier.weight', output.weight);
  tensors.set('classifier.bias', output.bias);
  if (head.pooling === undefined) return;
  if (weights.has(`${head.scope}/hidden/weight`)) {
    writeDense(tensors, weights, 'bert.pooler.dense', `${head.scope}/hidden`);
    return;
  }
  const { hiddenSize: features } = embedding;
  const identity = zerosOf(features, features);
  for (let index = 0; index < features; index += 1) identity.data[index * (features + 1)] = 1 / poolerScale;
  tensors.set('bert.pooler.dense.weight', identity);
  tensors.set('bert.pooler.dense.bias', zerosOf(features));
  const { shape, data } = output.weight;
  tensors.set('classifier.weight', { shape, data: data.map((value) => value * poolerScale) });
}

/** Numbers are learnt standardised: their means and deviations become part of the last layer, [targets, features]. */
function inUnits(weight: Weight, bias: Weight, { model }: NetworkSubject): { weight: Weight; bias: Weight } {
  const { targets } = model.facts;
  if (!targets) return { weight, bias };
  const { means, deviations } = targets;
  const features = weight.shape[1] ?? 1;
  const scaled = weight.data.map((value, place) => value * deviations[Math.floor(place / features)]!); // one for each row
  const moved = bias.data.map((value, target) => value * deviations[target]! + means[target]!);
  return { weight: { ...weight, data: scaled }, bias: { ...bias, data: moved } };
}
