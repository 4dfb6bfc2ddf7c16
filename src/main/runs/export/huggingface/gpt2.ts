/** GPT-2 (Radford et al. 2019) as transformers keeps it: `GPT2LMHeadModel`, or `GPT2Model` where there is no output layer. */
import type { Weight } from '../weights.ts';
import type { HubArchitecture, Weights } from './architecture.ts';
import { activations, sideBySide } from './architecture.ts';
import type { TextEncoder } from './encoder.ts';
import { outputLayerOf } from './gpt2-output-layer.ts';

export const gpt2: HubArchitecture = {
  title: 'GPT-2',
  classes: (task) =>
    task === 'next-word'
      ? { model: 'GPT2LMHeadModel', auto: 'AutoModelForCausalLM' }
      : { model: 'GPT2Model', auto: 'AutoModel', isHeadless: true },
  inputNames: ['input_ids', 'attention_mask'],
  mismatch({ embedding, encoder, readsSegments }, { model: { task } }) {
    if (task.type === 'text-classification') return 'it classifies otherwise than from its last position';
    if (!embedding.positions) return 'it has no learned positions';
    if (encoder.positions !== 'none') return `it has ${encoder.positions} positions, and GPT-2 learned ones`;
    if (embedding.normalise) return 'it normalises its embeddings';
    if (readsSegments && embedding.segments > 0) return 'it reads segments, which GPT-2 does not have';
    if (encoder.normalisation !== 'pre' || !encoder.normaliseFirst || encoder.finalNormalisation === false) {
      return 'its normalisations stand in other places than those of GPT-2';
    }
    if (encoder.normalisationType !== 'layer') return 'it has another normalisation than layer normalisation';
    if (!encoder.bias) return 'it has no biases';
    if (encoder.queryKeyNormalisation) return 'it normalises queries and keys';
    if (!(encoder.activation in activations)) return `GPT-2 has no activation '${encoder.activation}'`;
    return (encoder.window ?? null) === null ? undefined : 'its layers see a window alone';
  },
  config(network, _subject, weights) {
    const { embedding, encoder, vocabularySize } = network;
    return {
      model_type: 'gpt2',
      vocab_size: vocabularySize,
      n_positions: embedding.maximumLength,
      n_embd: embedding.hiddenSize,
      n_layer: encoder.layers,
      n_head: encoder.heads,
      n_inner: encoder.feedForwardSize ?? 4 * embedding.hiddenSize,
      activation_function: activations[encoder.activation],
      layer_norm_epsilon: encoder.epsilon,
      resid_pdrop: encoder.dropout,
      embd_pdrop: embedding.dropout,
      attn_pdrop: encoder.attentionDropout,
      tie_word_embeddings: outputLayerOf(network, weights)?.isTied ?? true,
    };
  },
  tensors(network, _subject, weights) {
    const tensors = new Map<string, Weight>();
    writeLayers(tensors, network, weights);
    const ours = `${network.names.encoder}/normalisation`;
    const output = outputLayerOf(network, weights);
    const { gain, bias } = output?.normalisation ?? {
      gain: weights.copy(`${ours}/gain`),
      bias: weights.copy(`${ours}/bias`),
    };
    tensors.set('transformer.ln_f.weight', gain);
    tensors.set('transformer.ln_f.bias', bias);
    if (output && !output.isTied) tensors.set('lm_head.weight', output.matrix);
    return tensors;
  },
};

/** What GPT-2 calls Conv1D keeps its weights [in, out], as we do. */
function writeLayers(tensors: Map<string, Weight>, { names, encoder }: TextEncoder, weights: Weights): void {
  const write = (theirs: string, ours: string, [weight, bias]: readonly [string, string]): void => {
    tensors.set(`${theirs}.weight`, weights.copy(`${ours}/${weight}`));
    tensors.set(`${theirs}.bias`, weights.copy(`${ours}/${bias}`));
  };
  const normalisation = ['gain', 'bias'] as const;
  const dense = ['weight', 'bias'] as const;
  tensors.set('transformer.wte.weight', weights.copy(`${names.embedding}/token`));
  tensors.set('transformer.wpe.weight', weights.copy(`${names.embedding}/position`));
  for (let layer = 0; layer < encoder.layers; layer += 1) {
    const [ours, theirs] = [`${names.encoder}/layer.${String(layer)}`, `transformer.h.${String(layer)}`];
    write(`${theirs}.ln_1`, `${ours}/attention-normalisation`, normalisation);
    const parts = ['query', 'key', 'value'].map((name) => `${ours}/attention/${name}`);
    const fused = sideBySide(parts.map((part) => weights.copy(`${part}/weight`)));
    tensors.set(`${theirs}.attn.c_attn.weight`, fused);
    tensors.set(`${theirs}.attn.c_attn.bias`, sideBySide(parts.map((part) => weights.copy(`${part}/bias`))));
    write(`${theirs}.attn.c_proj`, `${ours}/attention/output`, dense);
    write(`${theirs}.ln_2`, `${ours}/feed-forward-normalisation`, normalisation);
    write(`${theirs}.mlp.c_fc`, `${ours}/feed-forward/inner`, dense);
    write(`${theirs}.mlp.c_proj`, `${ours}/feed-forward/outer`, dense);
  }
}
