// What transformers computes with exported files was recorded by scripts/record-transformers.ts: the files are still those, to the
// byte of every tensor, and the lab computes the same.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { hubCases, hubConfig, hubTensors, hubFeeds, recordedEvery } from './hub-cases.ts';
import { crfNetwork, labOutputs, largestDifference, otherNetworks, randomWeights, textNetworks } from './networks.ts';
import type { ExportSubject } from '../../../../src/main/runs/export/source.ts';
import { encoderOf } from '../../../../src/main/runs/export/huggingface/encoder.ts';
import { bert } from '../../../../src/main/runs/export/huggingface/bert.ts';
import { gpt2 } from '../../../../src/main/runs/export/huggingface/gpt2.ts';
import { modernBert } from '../../../../src/main/runs/export/huggingface/modernbert.ts';

interface Recorded {
  readonly sha256: string;
  readonly logits: Readonly<Record<string, readonly number[]>>;
}

const recorded = JSON.parse(
  await readFile(new URL('../../../fixtures/transformers/exported.json', import.meta.url), 'utf8'),
) as Readonly<Record<string, Recorded>>; // written by the script

describe.each(hubCases)('$network.name', (one) => {
  it('computes with the recorded files what transformers did', async () => {
    const { model } = one.network;
    const found = recorded[one.network.name];
    expect(found).toBeDefined();
    expect(hashOf(hubTensors(one))).toBe(found?.sha256);
    const { feeds, batch } = hubFeeds(one);
    const outputs = await labOutputs(model, randomWeights(model), batch, feeds);
    const { targets, labelSet, tags } = model.facts;
    const named: Readonly<Record<string, string>> = {
      ...{ tokens: tags ? 'logits' : 'tokenLogits', sequence: 'sequence' },
      classes: targets ? 'values' : labelSet ? 'probabilities' : 'logits',
    };
    const recordedOutputs = Object.entries(found?.logits ?? {});
    expect(recordedOutputs).not.toEqual([]);
    for (const [name, theirs] of recordedOutputs) {
      const { data = [] } = outputs[named[name] ?? ''] ?? {};
      const ours = Array.from(data).filter((_, place) => place % recordedEvery === 0);
      const read = labelSet ? theirs.map((logit) => 1 / (1 + Math.exp(-logit))) : theirs;
      expect(largestDifference(ours, read)).toBeLessThan(1e-4);
    }
  });
});

it('a network that compares passages, too, is one of masked words', () => {
  const network = textNetworks.find(({ name }) => name === 'ModernBERT, words and passages')!;
  const tensors = hubTensors({ network, architecture: modernBert });
  expect(hashOf(tensors)).toBe(recorded['ModernBERT, masked words']?.sha256);
  expect(modernBert.classes(network.model.task.type)).toEqual(modernBert.classes('masked-words'));
});

function hashOf(tensors: ReturnType<typeof hubTensors>): string {
  const hash = createHash('sha256');
  for (const [name, { shape, data }] of [...tensors].sort(([a], [b]) => (a < b ? -1 : 1))) {
    hash.update(`${name}[${shape.join()}]`).update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  return hash.digest('hex');
}

it('says what the numbers of each head are', () => {
  const config = (name: string) => hubConfig(hubCases.find(({ network }) => network.name === name)!);
  expect(config('BERT, numbers')).toMatchObject({
    architectures: ['BertForSequenceClassification'],
    problem_type: 'regression',
    id2label: { 0: 'price', 1: 'area' },
  });
  expect(config('BERT, several labels')).toMatchObject({
    architectures: ['BertForSequenceClassification'],
    problem_type: 'multi_label_classification',
    label2id: { war: 0, drama: 1, music: 2 },
  });
  expect(config('BERT, tags')).toMatchObject({
    architectures: ['BertForTokenClassification'],
    id2label: { 0: 'O', 1: 'B-PER', 2: 'I-PER' },
  });
  expect(config('BERT, tags')).not.toHaveProperty('problem_type');
});

describe('networks that transformers does not have', () => {
  const reason = (name: string): string | undefined => {
    const network = [...textNetworks, ...otherNetworks, crfNetwork].find((one) => one.name === name);
    if (!network) throw new Error(`there is no network ${name}`);
    const subject = { model: network.model } as ExportSubject; // what is asked for looks at the model alone
    const encoder = encoderOf(subject);
    if (typeof encoder === 'string') return encoder;
    return (encoder.encoder.causal ? gpt2 : bert).mismatch(encoder, subject);
  };

  it.each([
    ['LSTM, next word', /no counterpart of this pipeline \(token-embedding, recurrent\)/u],
    ['ResNet, classes', /does not read text/u],
    ['ModernBERT, causal', /no learned positions/u],
    ['ModernBERT, masked words', /no learned positions/u],
    ['BERT, tags by a CRF', /decodes with a CRF.*task\.decoder: softmax/u],
    ['BERT, numbers by the mean', /answers from 'auto'.*task\.features: first/u],
  ])('%s: says why', (name, expected) => {
    expect(reason(name)).toMatch(expected);
  });
});
