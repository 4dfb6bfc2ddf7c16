// What transformers computes with exported files was recorded by scripts/record-transformers.ts: the files are still those, to the
// byte of every tensor, and the lab computes the same.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { hubCases, hubConfig, hubTensors, hubFeeds, recordedEvery } from './hub-cases.ts';
import type { Network } from './networks.ts';
import { crfNetwork, labOutputs, largestDifference, otherNetworks, randomWeights, textNetworks } from './networks.ts';
import { counterpartOf } from '../../../../src/main/runs/export/huggingface.ts';
import { modernBert } from '../../../../src/main/runs/export/huggingface/modernbert.ts';
import { findTask } from '../../../../src/main/tasks/index.ts';

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
  const networkOf = (name: string): Network => {
    const network = [...textNetworks, ...otherNetworks, crfNetwork].find((one) => one.name === name);
    if (!network) throw new Error(`there is no network ${name}`);
    return network;
  };
  const reason = ({ model }: Network): string => {
    const found = counterpartOf({ model });
    return typeof found === 'string' ? found : `it is a ${found.architecture.title}`;
  };

  it.each([
    ['LSTM, next word', /no counterpart of this pipeline \(token-embedding, recurrent\)/u],
    ['ResNet, classes', /does not read text/u],
    ['ModernBERT, causal', /no GPT-2: it has no learned positions/u],
    ['BERT, tags by a CRF', /no BERT: it decodes with a CRF.*task\.decoder: softmax/u],
    ['BERT, numbers by the mean', /no BERT: it answers from 'auto'.*task\.features: first/u],
    [
      'ModernBERT, classes by the mean',
      /no ModernBERT: .*hidden layer before its classes.*task\.hidden: gelu-normalised/u,
    ],
    ['ModernBERT, classes by the maximum', /no ModernBERT: .*no pooling 'max'/u],
    ['ModernBERT, classes by attention', /no ModernBERT: .*no pooling 'attention'/u],
  ])('%s: says why', (name, expected) => {
    expect(reason(networkOf(name))).toMatch(expected);
  });

  /** A ModernBERT with other options of one of its blocks, or of its task. */
  const changed = (of: string, options: Readonly<Record<string, unknown>>): Network => {
    const { model, ...network } = networkOf('ModernBERT, masked words');
    const { pipeline } = model;
    const blocks = pipeline.blocks.map((block) =>
      block.type === of ? { ...block, options: { ...block.options, ...options } } : block,
    );
    const task = of === 'task' ? options : {};
    return {
      ...network,
      model: { ...model, options: { ...(model.options as object), ...task }, pipeline: { ...pipeline, blocks } },
    };
  };

  it.each([
    ['task', { head: 'bert' }, /kind 'bert'; with task\.head: modernbert/u],
    ['token-embedding', { bias: true }, /has biases/u],
    ['token-embedding', { positions: true }, /other positions than rotary ones/u],
    ['token-embedding', { normalisationType: 'rms' }, /another normalisation than layer normalisation/u],
    ['token-embedding', { epsilon: 1e-6 }, /different epsilons/u],
    ['transformer-encoder', { bias: true }, /has biases/u],
    ['transformer-encoder', { activation: 'gelu' }, /its activation is gelu/u],
    ['transformer-encoder', { normalisation: 'post' }, /normalisations stand in other places/u],
    ['transformer-encoder', { finalNormalisation: false }, /normalisations stand in other places/u],
    ['transformer-encoder', { queryKeyNormalisation: true }, /normalises queries and keys/u],
    ['transformer-encoder', { window: 8, fullEvery: 2 }, /see a window alone/u],
  ] as const)('ModernBERT with another %s, %o: says why', (of, options, expected) => {
    expect(reason(networkOf('ModernBERT, masked words'))).toBe('it is a ModernBERT');
    expect(reason(changed(of, options))).toMatch(expected);
  });

  it.each(['regression', 'multi-label', 'token-classification'])('ModernBERT with a head of %s: says why', (task) => {
    const { model, ...network } = networkOf('ModernBERT, masked words');
    const definition = findTask(task);
    const headed = { ...model, task: definition, options: definition.options.parse({ length: 24 }) };
    expect(reason({ ...network, model: headed })).toMatch(
      /hidden layer before its answers, and this network has none/u,
    );
  });
});
