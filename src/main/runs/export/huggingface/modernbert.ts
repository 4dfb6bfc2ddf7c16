/** ModernBERT (Warner et al. 2024) as transformers keeps it, with every layer attending to the whole text. */
import type { NetworkSubject } from '../source.ts';
import type { Weight } from '../weights.ts';
import type { HubArchitecture, Weights } from './architecture.ts';
import { labelsConfig, stacked, taskOption } from './architecture.ts';
import type { TextEncoder } from './encoder.ts';

const maskedWords = { model: 'ModernBertForMaskedLM', auto: 'AutoModelForMaskedLM' };
const models: Readonly<Record<string, { model: string; auto: string }>> = {
  'masked-words': maskedWords,
  'masked-words-same-document': maskedWords, // passages are compared without weights of their own
  'text-classification': { model: 'ModernBertForSequenceClassification', auto: 'AutoModelForSequenceClassification' },
};

/** Tasks whose head is one layer alone. */
const unlikeHeads: ReadonlySet<string> = new Set(['regression', 'multi-label', 'token-classification']);

/** As the block transformer-encoder takes it where it is not given. */
const innerSize = (features: number): number => Math.max(16, 16 * Math.floor(features / 6));

export const modernBert: HubArchitecture = {
  title: 'ModernBERT',
  classes: (task) => models[task] ?? { model: 'ModernBertModel', auto: 'AutoModel', isHeadless: true },
  inputNames: ['input_ids', 'attention_mask'],
  mismatch({ embedding, encoder, readsSegments, isTied }, subject) {
    const { type } = subject.model.task;
    if (encoder.causal) return 'it reads from left to right (causal), and ModernBERT reads both ways';
    if (embedding.positions || encoder.positions !== 'rotary') return 'it has other positions than rotary ones';
    if (readsSegments && embedding.segments > 0) return 'it reads segments, which ModernBERT does not have';
    if (encoder.normalisation !== 'pre' || encoder.normaliseFirst || encoder.finalNormalisation === false) {
      return 'its normalisations stand in other places than those of ModernBERT';
    }
    if (!embedding.normalise || embedding.normalisationType !== 'layer' || encoder.normalisationType !== 'layer') {
      return 'it has another normalisation than layer normalisation';
    }
    if (embedding.bias || encoder.bias) return 'it has biases, which ModernBERT does not have';
    if (encoder.queryKeyNormalisation) return 'it normalises queries and keys';
    if (encoder.activation !== 'geglu') return `its activation is ${encoder.activation}, and that of ModernBERT geglu`;
    if (embedding.epsilon !== encoder.epsilon) return 'its normalisations have different epsilons';
    if ((encoder.window ?? null) !== null && encoder.fullEvery !== 1) return 'some of its layers see a window alone';
    if (models[type] === maskedWords) {
      if (!isTied) return 'its output layer is not its token table';
      const style = taskOption(subject, 'head');
      if (style === 'modernbert' && encoder.epsilon === 1e-5) return undefined;
      return `its head is of the kind '${String(style)}'; with task.head: modernbert it would be ModernBERT's`;
    }
    if (unlikeHeads.has(type)) {
      return 'ModernBERT has a hidden layer before its answers, and this network has none';
    }
    if (!models[type]) return undefined;
    const [pooling, hidden] = [taskOption(subject, 'pooling'), taskOption(subject, 'hidden') ?? 'none'];
    if (pooling !== 'first' && pooling !== 'mean') return `ModernBERT has no pooling '${String(pooling)}'`;
    if (hidden === 'gelu-normalised') return undefined;
    return 'ModernBERT has a hidden layer before its classes; train with task.hidden: gelu-normalised';
  },
  config({ embedding, encoder, vocabularySize, length }, subject) {
    return {
      model_type: 'modernbert',
      vocab_size: vocabularySize,
      hidden_size: embedding.hiddenSize,
      num_hidden_layers: encoder.layers,
      num_attention_heads: encoder.heads,
      intermediate_size: encoder.feedForwardSize ?? innerSize(embedding.hiddenSize),
      hidden_activation: 'gelu',
      classifier_activation: 'gelu',
      max_position_embeddings: Math.max(length, 512),
      norm_eps: encoder.epsilon,
      norm_bias: false,
      attention_bias: false,
      mlp_bias: false,
      classifier_bias: false,
      decoder_bias: true,
      classifier_pooling: taskOption(subject, 'pooling') === 'mean' ? 'mean' : 'cls',
      global_attn_every_n_layers: 1,
      layer_types: Array.from({ length: encoder.layers }, () => 'full_attention'),
      global_rope_theta: encoder.rotaryBase,
      local_rope_theta: encoder.rotaryBase,
      rope_parameters: {
        full_attention: { rope_type: 'default', rope_theta: encoder.rotaryBase },
        sliding_attention: { rope_type: 'default', rope_theta: encoder.rotaryBase },
      },
      embedding_dropout: embedding.dropout,
      attention_dropout: encoder.attentionDropout,
      mlp_dropout: encoder.dropout,
      tie_word_embeddings: true,
      ...(subject.model.task.type === 'text-classification' && labelsConfig(subject)),
    };
  },
  tensors(encoder, subject, weights) {
    const tensors = new Map<string, Weight>();
    writeEncoder(tensors, encoder, weights);
    writeHead(tensors, encoder, subject, weights);
    return tensors;
  },
};

function writeEncoder(tensors: Map<string, Weight>, { names, encoder }: TextEncoder, weights: Weights): void {
  tensors.set('model.embeddings.tok_embeddings.weight', weights.copy(`${names.embedding}/token`));
  tensors.set('model.embeddings.norm.weight', weights.copy(`${names.embedding}/normalisation/gain`));
  for (let layer = 0; layer < encoder.layers; layer += 1) {
    const [ours, theirs] = [`${names.encoder}/layer.${String(layer)}`, `model.layers.${String(layer)}`];
    if (layer > 0) tensors.set(`${theirs}.attn_norm.weight`, weights.copy(`${ours}/attention-normalisation/gain`));
    const fused = ['query', 'key', 'value'].map((name) => weights.linear(`${ours}/attention/${name}/weight`));
    tensors.set(`${theirs}.attn.Wqkv.weight`, stacked(fused));
    tensors.set(`${theirs}.attn.Wo.weight`, weights.linear(`${ours}/attention/output/weight`));
    tensors.set(`${theirs}.mlp_norm.weight`, weights.copy(`${ours}/feed-forward-normalisation/gain`));
    tensors.set(`${theirs}.mlp.Wi.weight`, weights.linear(`${ours}/feed-forward/inner/weight`));
    tensors.set(`${theirs}.mlp.Wo.weight`, weights.linear(`${ours}/feed-forward/outer/weight`));
  }
  tensors.set('model.final_norm.weight', weights.copy(`${names.encoder}/normalisation/gain`));
}

function writeHead(
  tensors: Map<string, Weight>,
  { names }: TextEncoder,
  { model }: NetworkSubject,
  weights: Weights,
): void {
  if (!models[model.task.type]) return;
  const isOfWords = models[model.task.type] === maskedWords;
  const [ours, inner] = isOfWords ? ['head/masked-words', 'transform'] : ['head/text-classes', 'hidden'];
  tensors.set('head.dense.weight', weights.linear(`${ours}/${inner}/weight`));
  tensors.set('head.norm.weight', weights.copy(`${ours}/normalisation/gain`));
  if (isOfWords) {
    tensors.set('decoder.weight', weights.copy(`${names.embedding}/token`));
    tensors.set('decoder.bias', weights.copy(`${ours}/bias`));
  } else {
    tensors.set('classifier.weight', weights.linear(`${ours}/output/weight`));
    tensors.set('classifier.bias', weights.copy(`${ours}/output/bias`));
  }
}
