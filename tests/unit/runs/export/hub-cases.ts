// Networks that transformers has models for, with the inputs that both were asked with.
import type { HubArchitecture } from '../../../../src/main/runs/export/huggingface/architecture.ts';
import { weightsReader } from '../../../../src/main/runs/export/huggingface/architecture.ts';
import { bert } from '../../../../src/main/runs/export/huggingface/bert.ts';
import type { TextEncoder } from '../../../../src/main/runs/export/huggingface/encoder.ts';
import { encoderOf } from '../../../../src/main/runs/export/huggingface/encoder.ts';
import { modernBert } from '../../../../src/main/runs/export/huggingface/modernbert.ts';
import type { ExportSubject } from '../../../../src/main/runs/export/source.ts';
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
  'ModernBERT, masked words': modernBert,
};

export const hubCases: readonly HubCase[] = textNetworks.flatMap((network) => {
  const architecture = named[network.name];
  return architecture ? [{ network, architecture }] : [];
});

export function hubSubject({ network }: HubCase): { readonly subject: ExportSubject; readonly encoder: TextEncoder } {
  const subject = { model: network.model } as ExportSubject; // architectures look at the model alone
  const encoder = encoderOf(subject);
  if (typeof encoder === 'string') throw new Error(encoder);
  return { subject, encoder };
}

/** As they are written into model.safetensors. Fails for a network that the architecture refuses. */
export function hubTensors(one: HubCase) {
  const { subject, encoder } = hubSubject(one);
  const mismatch = one.architecture.mismatch(encoder, subject);
  if (mismatch !== undefined) throw new Error(mismatch);
  const { model } = one.network;
  return one.architecture.tensors(encoder, subject, weightsReader(weightsOf({ model, weights: randomWeights(model) })));
}

/** Two texts at full length, without padding: what stands at padding is nobody's answer. */
export function hubFeeds({ network }: HubCase) {
  return { batch: 2, feeds: randomFeeds(network.model, 2, () => Infinity) };
}
