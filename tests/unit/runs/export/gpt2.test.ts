// A language model for transformers, read back by the lab's own importer: its output layer has lost its bias and answers the same.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { loadTokenizer } from '../../../../src/main/data/tokenizer/tokenizer.ts';
import { readSafetensors } from '../../../../src/main/formats/safetensors.ts';
import { createRun } from '../../../../src/main/runs/create-run.ts';
import { exportFormatsOf, exportNetwork, exportRun } from '../../../../src/main/runs/export/index.ts';
import { importModel } from '../../../../src/main/runs/import-model.ts';
import { openNetworkPredictor, openPredictor } from '../../../../src/main/runs/predict.ts';
import { trainRun } from '../../../../src/main/runs/train-run.ts';
import { networkOfModel } from '../../../../src/main/runs/trained-network.ts';
import { findModel } from '../../../../src/main/workspace/models.ts';
import type { RunFolder } from '../../../../src/main/workspace/run-folder.ts';
import { parseExperiment } from '../../../../src/main/runs/experiment.ts';
import { parseSpecText } from '../../../../src/main/runs/spec-file.ts';
import { createTinyWorkspace } from '../../../tiny-workspace.ts';
import type { TinyWorkspace } from '../../../tiny-workspace.ts';
import { fixture } from '../../models/recorded.ts';

const signal = new AbortController().signal;
const spec = (preset: string, name: string): string => `
name: ${name}
task: {type: next-word, length: 16, state: reset, evaluationExamples: 8}
data: tiny
pipeline: {preset: ${preset}, options: {layers: 2, hiddenSize: 8, heads: 2}}
engine: {name: onnxruntime, threads: 1}
training: {steps: 6, batchSize: 4, learningRate: 3e-2, evaluateEvery: 6}`;

let tiny: TinyWorkspace;

async function trained(preset: string): Promise<RunFolder> {
  const run = await createRun(tiny.workspace, parseExperiment(parseSpecText(spec(preset, preset), 'next.yaml')));
  await trainRun(tiny.workspace, run, { signal, prefetch: false });
  return run;
}

beforeAll(async () => {
  tiny = await createTinyWorkspace();
});
afterAll(() => tiny.remove());

it('answers the same after the way there and back', async () => {
  const run = await trained('gpt-tiny');
  const request = { folder: join(tiny.folder, 'words'), format: 'huggingface' };
  const { folder, notes } = await exportRun(tiny.workspace, run, request);
  expect(notes.join()).toContain('AutoModelForCausalLM');
  const config: unknown = JSON.parse(await readFile(join(folder, 'config.json'), 'utf8'));
  const { special } = loadTokenizer(join(folder, 'tokenizer.json'));
  expect(config).toMatchObject({
    model_type: 'gpt2',
    architectures: ['GPT2LMHeadModel'],
    tie_word_embeddings: false,
    n_embd: 8,
    bos_token_id: special.separate,
    eos_token_id: special.separate,
  });
  const tokenizer: unknown = JSON.parse(await readFile(join(folder, 'tokenizer.json'), 'utf8'));
  expect(tokenizer).toMatchObject({
    post_processor: { single: [{ SpecialToken: { id: '[SEP]' } }, { Sequence: { id: 'A' } }] },
  });

  await importModel(tiny.workspace, 'back', folder, { signal });
  await using ours = await openPredictor(run);
  await using theirs = await openNetworkPredictor(await networkOfModel(await findModel(tiny.workspace, 'back')));
  const [asked, again] = [ours, theirs].map(({ ask }) => ask({ text: 'the cat sees', top: 100 }));
  const [answer] = (await asked)!;
  const [same] = (await again)!;
  const found = new Map(same!.choices.map(({ label, probability }) => [label, probability]));
  expect(answer!.choices.length).toBeGreaterThan(20);
  for (const { label, probability } of answer!.choices) expect(found.get(label)).toBeCloseTo(probability, 5);
});

it('keeps the tie of a model that came with one', async () => {
  await importModel(tiny.workspace, 'gpt2', fixture('gpt2'), { signal });
  const origin = { kind: 'model', model: await findModel(tiny.workspace, 'gpt2') } as const;
  const request = { folder: join(tiny.folder, 'tied'), format: 'huggingface' };
  const formats = await exportFormatsOf(tiny.workspace, origin);
  const refusal = formats.find(({ format }) => format.name === 'huggingface')?.refusal;
  if (origin.model.tokenizer === undefined) {
    expect(refusal).toMatch(/no tokenizer/u);
    return;
  }
  const { folder } = await exportNetwork(tiny.workspace, origin, request);
  const written = (await readSafetensors(join(folder, 'model.safetensors'))).tensors;
  const original = (await readSafetensors(join(fixture('gpt2'), 'model.safetensors'))).tensors;
  expect(written.has('lm_head.weight')).toBe(false);
  for (const [name, { shape, data }] of written) {
    const { shape: itsShape, data: its } = original.get(name)!;
    if (name !== 'transformer.wte.weight') expect(itsShape).toEqual(shape);
    expect(Array.from(its).slice(0, data.length)).toEqual(Array.from(data)); // of the table, rows that tokens have
  }
});

it('is refused where transformers has no such language model', async () => {
  const run = await trained('modern-tiny-causal');
  const formats = await exportFormatsOf(tiny.workspace, { kind: 'run', run });
  expect(formats.find(({ format }) => format.name === 'huggingface')?.refusal).toMatch(/no GPT-2: .*positions/u);
});
