// Networks that transformers has models for, with the inputs that both were asked with.
import type { HubArchitecture } from '../../../../src/main/runs/export/huggingface/architecture.ts';
import { weightsReader } from '../../../../src/main/runs/export/huggingface/architecture.ts';
import type { ModelManifest } from '../../../../src/shared/spec/manifests/model.ts';
import { networkOfFeatures } from '../../../../src/main/runs/export/features-task.ts';
import { bert } from '../../../../src/main/runs/export/huggingface/bert.ts';
import type { TextEncoder } from '../../../../src/main/runs/export/huggingface/encoder.ts';
import { encoderOf } from '../../../../src/main/runs/export/huggingface/encoder.ts';
import { gpt2 } from '../../../../src/main/runs/export/huggingface/gpt2.ts';
import { modernBert } from '../../../../src/main/runs/export/huggingface/modernbert.ts';
import type { NetworkSubject } from '../../../../src/main/runs/export/source.ts';
import { weightsOf } from '../../../../src/main/runs/export/weights.ts';
import type { Network } from './networks.ts';
import { randomFeeds, randomWeights, textNetworks } from './networks.ts';

/** Of the logits one in so many is recorded, spread over all tokens and positions. */
export const recordedEvery = 7;

export interface HubCase {
  readonly network: Network;
  readonly architecture: HubArchitecture;
}

const named: Readonly<Record<string, HubArchitecture>> = {
  'BERT, masked words': bert,
  'BERT, words and pairs': bert,
  'BERT, classes': bert,
  'BERT, numbers': bert,
  'BERT, several labels': bert,
  'BERT, tags': bert,
  'ModernBERT, masked words': modernBert,
  'ModernBERT, classes': modernBert,
  'GPT-2, next word': gpt2,
};

/** Encoders whose head has no counterpart, or that have none. */
const headless: readonly HubCase[] = [
  { network: withoutHead('BERT, words and pairs', 'BERT without a head'), architecture: bert },
  { network: withoutHead('ModernBERT, masked words', 'ModernBERT without a head'), architecture: modernBert },
  { network: withoutHead('GPT-2, next word', 'GPT-2 without a head'), architecture: gpt2 },
];

export const hubCases: readonly HubCase[] = [
  ...textNetworks.flatMap((network) => {
    const architecture = named[network.name];
    return architecture ? [{ network, architecture }] : [];
  }),
  ...headless,
];

function withoutHead(name: string, ownName: string): Network {
  const { model, sizes } = textNetworks.find((one) => one.name === name)!; // names are those of the list
  const manifest = { pipeline: model.pipeline, input: model.facts.input, preprocessing: null };
  return { name: ownName, sizes, model: networkOfFeatures(manifest as ModelManifest) }; // nothing else of it is read
}

export function hubSubject({ network }: HubCase): { readonly subject: NetworkSubject; readonly encoder: TextEncoder } {
  const subject = { model: network.model };
  const encoder = encoderOf(subject);
  if (typeof encoder === 'string') throw new Error(encoder);
  return { subject, encoder };
}

const readerOf = ({ network: { model } }: HubCase) =>
  weightsReader(weightsOf({ model, weights: randomWeights(model) }));

/** As they are written into model.safetensors. Fails for a network that the architecture refuses. */
export function hubTensors(one: HubCase) {
  const { subject, encoder } = hubSubject(one);
  const mismatch = one.architecture.mismatch(encoder, subject);
  if (mismatch !== undefined) throw new Error(mismatch);
  return one.architecture.tensors(encoder, subject, readerOf(one));
}

/** What is written into config.json, apart from the ids of special tokens. */
export function hubConfig(one: HubCase) {
  const { subject, encoder } = hubSubject(one);
  return {
    architectures: [one.architecture.classes(one.network.model.task.type).model],
    ...one.architecture.config(encoder, subject, readerOf(one)),
  };
}

/** Two texts at full length, without padding: what stands at padding is nobody's answer. */
export function hubFeeds({ network }: HubCase) {
  return { batch: 2, feeds: randomFeeds(network.model, 2, () => Infinity) };
}
