/** Imported models in a workspace: import, what stands in the folder, and experiments and questions that begin with them. */
import { cp, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { importTextDataset } from '../../../src/main/data/text/import-dataset.ts';
import { verifyFiles } from '../../../src/main/files/checksums.ts';
import { readSafetensors } from '../../../src/main/formats/safetensors.ts';
import { loadNetworkCard, loadRunCard } from '../../../src/main/runs/card/load-card.ts';
import { findBasis } from '../../../src/main/runs/basis.ts';
import { createRun } from '../../../src/main/runs/create-run.ts';
import { parseExperiment } from '../../../src/main/runs/experiment.ts';
import { importModel, nameFor, previewModel } from '../../../src/main/runs/import-model.ts';
import { openNetworkPredictor, openPredictor } from '../../../src/main/runs/predict.ts';
import { findTrainedNetwork } from '../../../src/main/runs/trained-network.ts';
import { parseSpecText } from '../../../src/main/runs/spec-file.ts';
import { trainRun } from '../../../src/main/runs/train-run.ts';
import { auditCard } from '../../../src/shared/card/card.ts';
import { cardAsMarkdown } from '../../../src/shared/card/markdown.ts';
import { importModelFor } from '../../../src/main/work/foreign-models.ts';
import { findModel, listModels } from '../../../src/main/workspace/models.ts';
import { runFolder } from '../../../src/main/workspace/run-folder.ts';
import { readRun } from '../../../src/main/workspace/runs.ts';
import type { TinyWorkspace } from '../../tiny-workspace.ts';
import { createTinyWorkspace, tinyDocument } from '../../tiny-workspace.ts';

const fixture = (name: string): string => path.resolve(import.meta.dirname, '../../fixtures/models', name);
const quiet = { signal: new AbortController().signal };
let tiny: TinyWorkspace;

beforeAll(async () => {
  tiny = await createTinyWorkspace();
  for (const name of ['bert', 'gpt2', 'modernbert', 'bert-classifier', 'minilm']) {
    await importModel(tiny.workspace, name, fixture(name), quiet);
  }
  const rows = Array.from({ length: 60 }, (_, index) => {
    const label = tinyDocument(index).includes('river') ? 'river' : 'dry';
    return JSON.stringify({ label, text: tinyDocument(index).slice(0, 40) });
  });
  await writeFile(path.join(tiny.folder, 'rows.jsonl'), rows.join('\n'));
  const sources = [path.join(tiny.folder, 'rows.jsonl')];
  await importTextDataset({ sources, folder: path.join(tiny.workspace.datasets, 'rows'), name: 'rows' });
});

afterAll(() => tiny.remove());

async function train(text: string) {
  const run = await createRun(tiny.workspace, parseExperiment(parseSpecText(text, 'spec.yaml')));
  await trainRun(tiny.workspace, run, quiet);
  return readRun(runFolder(run.folder));
}

const spec = (task: string, data: string, from: string, more = ''): string => `
name: from-${from}
task: ${task}
data: ${data}
from: {model: ${from}}
training: {steps: 2, batchSize: 4, learningRate: 1e-30}
evaluation: {baselines: false, inspect: false}
engine: {threads: 1}
${more}`;

describe('an import', () => {
  it('leaves weights, tokenizer, manifest and a card, with their checksums', async () => {
    const { folder, manifest, tokenizer } = await findModel(tiny.workspace, 'bert');
    expect((await readdir(folder)).sort()).toEqual([
      'README.md',
      'SHA256SUMS',
      'manifest.json',
      'model.safetensors',
      'tokenizer.json',
    ]);
    expect(await verifyFiles(folder)).toBe('whole');
    expect(manifest.source.files.map(({ name }) => name)).toEqual(['config.json', 'model.safetensors', 'vocab.txt']);
    expect(manifest.heads.map(({ task }) => task)).toEqual(['masked-words', 'next-sentence']);
    expect(tokenizer).toBeDefined();
    const { tensors } = await readSafetensors(path.join(folder, 'model.safetensors'));
    expect(tensors.size).toBe(manifest.tensors);
    expect(await readFile(path.join(folder, 'README.md'), 'utf8')).toContain('BERT, 2 layers of 8 features');
  });

  it('tells without writing anything what would be imported', async () => {
    const before = await readdir(tiny.workspace.models);
    const preview = await previewModel(fixture('modernbert-classifier'));
    expect(preview).toMatchObject({ family: 'modernbert', suggestedName: 'modernbert-classifier', hasTokenizer: true });
    expect(preview.model.heads[0]?.labels).toEqual(['bad', 'middling', 'good']);
    expect(await readdir(tiny.workspace.models)).toEqual(before);
  });

  it('says of files that a browser brought their name, and not where they lay', async () => {
    const folder = path.join(tiny.workspace.folder, '.uploads', '0b1c', 'my-bert');
    await cp(fixture('bert'), folder, { recursive: true });
    const context = { workspace: tiny.workspace, ...quiet, progress: () => undefined };
    await importModelFor(context, { path: folder, name: 'brought' });
    expect((await findModel(tiny.workspace, 'brought')).manifest.source.path).toBe('uploaded: my-bert');
    await importModelFor(context, { path: fixture('bert'), name: 'named' });
    expect((await findModel(tiny.workspace, 'named')).manifest.source.path).toBe(fixture('bert'));
  });

  it('refuses a name that is taken', async () => {
    await expect(importModel(tiny.workspace, 'bert', fixture('bert'), quiet)).rejects.toMatchObject({
      code: 'conflict',
    });
  });

  it('leaves nothing of a model that it refuses', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'model-'));
    try {
      await cp(fixture('bert'), folder, { recursive: true });
      const attempt = async (change: (config: Record<string, unknown>) => void, message: RegExp): Promise<void> => {
        const config = JSON.parse(await readFile(path.join(fixture('bert'), 'config.json'), 'utf8')) as object;
        const changed: Record<string, unknown> = { ...config };
        change(changed);
        await writeFile(path.join(folder, 'config.json'), JSON.stringify(changed));
        await expect(importModel(tiny.workspace, 'refused', folder, quiet)).rejects.toThrow(message);
      };
      await attempt((config) => (config.model_type = 'mamba'), /not a model that the lab can read.*'mamba'/u);
      await attempt((config) => (config.hidden_act = 'gelo'), /hidden_act.*no activation 'gelo'. Did you mean 'gelu'/u);
      await attempt((config) => (config.hidden_size = 16), /'bert.embeddings.*needs \[34, 16\]/u);
      await attempt(
        (config) => (config.num_attention_heads = 3),
        /model-.*8 features cannot be divided among 3 heads/u,
      );
      await attempt((config) => (config.num_hidden_layers = 3), /no tensor 'bert.encoder.layer.2/u);
      await attempt((config) => (config.hidden_size = 'eight'), /config.json: hidden_size/u);
      expect((await listModels(tiny.workspace)).models.map(({ name }) => name)).not.toContain('refused');
      expect((await readdir(tiny.workspace.models)).filter((name) => name.startsWith('.'))).toEqual([]);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  it('makes names of paths', () => {
    expect(nameFor('/x/all-MiniLM-L6-v2/model.safetensors')).toBe('all-minilm-l6-v2');
    expect(nameFor('./resnet50-0676ba61.pth')).toBe('resnet50-0676ba61');
    expect(nameFor('/')).toBe('model');
  });
});

describe('a corpus that a model’s tokenizer has not read yet', () => {
  const experiment = () =>
    parseExperiment(parseSpecText(spec('{type: masked-words, length: 16}', 'tiny', 'modernbert'), 'spec.yaml'));
  const cached = () => readdir(path.join(tiny.workspace.folder, 'cache', 'corpora')).catch(() => []);

  it('can be stopped while it is encoded, and leaves nothing', async () => {
    const before = await cached();
    const controller = new AbortController();
    const phases: string[] = [];
    const waiting = {
      signal: controller.signal,
      onProgress: ({ phase }: { readonly phase: string }) => {
        phases.push(phase);
        controller.abort();
      },
    };
    await expect(findBasis(tiny.workspace, experiment(), waiting)).rejects.toMatchObject({ code: 'aborted' });
    expect(phases.length).toBeGreaterThan(0);
    expect(await cached()).toEqual(before);
  });

  it('tells how far it is, is encoded once, also where two ask for it, and then at once', async () => {
    const seen: { phase: string; done: number; total: number }[] = [];
    const waiting = { onProgress: (progress: (typeof seen)[number]) => seen.push(progress) };
    const [one, other] = await Promise.all([
      findBasis(tiny.workspace, experiment(), waiting),
      findBasis(tiny.workspace, experiment()),
    ]);
    expect(one.material.folder).toBe(other.material.folder);
    expect(seen.at(-1)?.phase).toBe('tiny for the model’s tokenizer, encoding');
    expect(seen.at(-1)?.done).toBe(seen.at(-1)?.total);
    seen.length = 0;
    await findBasis(tiny.workspace, experiment(), waiting);
    expect(seen).toEqual([]);
  });
});

describe('an experiment from a model', () => {
  it('goes on with its masked words: pipeline, weights, head and tokenizer are the model’s', async () => {
    const { transfer, experiment, origin } = await train(spec('{type: masked-words, length: 16}', 'tiny', 'bert'));
    expect(transfer?.fresh).toEqual([]);
    expect(transfer?.mismatched).toEqual([]);
    expect(transfer?.matched.map(({ name }) => name)).toContain('head/masked-words/transform/weight');
    expect(experiment.pipeline).toEqual((await findModel(tiny.workspace, 'bert')).manifest.pipeline);
    expect(origin.weights).toEqual({ label: 'model bert', file: 'models/bert/model.safetensors' });
    expect(origin.tokenizer?.label).toBe('model bert');
  });

  it('has the form of the model’s own head', async () => {
    const { transfer, experiment } = await train(spec('{type: masked-words, length: 16}', 'tiny', 'modernbert'));
    expect(experiment.task.head).toBe('modernbert');
    expect(transfer?.fresh).toEqual([]);
  });

  it('continues a language model', async () => {
    const { transfer } = await train(spec('{type: next-word, length: 12, state: reset}', 'tiny', 'gpt2'));
    expect(transfer?.fresh).toEqual([]);
  });

  it('cannot mask words without a mask', async () => {
    const text = spec('{type: masked-words, length: 16}', 'tiny', 'gpt2');
    await expect(train(text)).rejects.toThrow(/no mask token/u);
  });

  it('is fine-tuned with a new head, reading its texts with the model’s tokenizer', async () => {
    const { transfer, result } = await train(spec('{type: text-classification, length: 16}', 'rows', 'minilm'));
    expect(transfer?.fresh.map(({ name }) => name)).toEqual([
      'head/text-classes/output/weight',
      'head/text-classes/output/bias',
    ]);
    expect(result?.test?.metrics.accuracy).toBeGreaterThanOrEqual(0);
  });

  it('fits a linear probe to its frozen features', async () => {
    const more = 'method: frozen-features';
    const { result } = await train(spec('{type: text-classification, length: 16}', 'rows', 'minilm', more));
    expect(result?.test?.metrics.accuracy).toBeGreaterThanOrEqual(0);
  });
});

it('is named by the cards of all runs that stand on it', async () => {
  const { id, folder } = await train(spec('{type: masked-words, length: 16}', 'tiny', 'bert'));
  const { manifest } = await findModel(tiny.workspace, 'bert');
  const more = `pipeline: ${JSON.stringify(manifest.pipeline)}`;
  const text = spec('{type: text-classification, length: 16}', 'rows', 'bert', more);
  const fromRun = text.replace('{model: bert}', `{run: ${id}}`);
  const after = await createRun(tiny.workspace, parseExperiment(parseSpecText(fromRun, 'spec.yaml')));
  const { sha256 } = manifest.source.files.find(({ name }) => name === 'model.safetensors')!;
  for (const run of [runFolder(folder), runFolder(after.folder)]) {
    const card = cardAsMarkdown(await loadRunCard(tiny.workspace, run));
    expect(card).toContain('bert: BERT, 2 layers of 8 features');
    expect(card).toContain('not stated by the source');
    expect(card).toContain(sha256);
  }
});

it('has an audit card of its own: origin, network, what stands on it', async () => {
  const card = await loadNetworkCard(tiny.workspace, 'gpt2');
  expect(auditCard.parse(card)).toEqual(card);
  const { manifest } = await findModel(tiny.workspace, 'gpt2');
  const { id } = await train(spec('{type: next-word, length: 12, state: reset}', 'tiny', 'gpt2'));
  const text = cardAsMarkdown(await loadNetworkCard(tiny.workspace, 'gpt2'));
  expect(text).toContain('audit card of a model');
  expect(text).toContain('states no licence');
  expect(text).toContain(id);
  for (const { sha256 } of manifest.source.files) expect(text).toContain(sha256);
  await expect(loadNetworkCard(tiny.workspace, 'gtp2')).rejects.toMatchObject({ code: 'not-found' });
});

const ask = async (name: string, head?: string) =>
  openNetworkPredictor(await findTrainedNetwork(tiny.workspace, name, { head }));

describe('a question to a model', () => {
  it('is answered by the head that came along, as the run that begins with it does', async () => {
    const text = 'the [MASK] sat on the mat';
    await using asked = await ask('bert', 'masked-words');
    expect(asked.id).toBe('bert');
    const [answer] = await asked.ask({ text, top: 3 });
    const { folder } = await train(spec('{type: masked-words, length: 16}', 'tiny', 'bert'));
    await using trained = await openPredictor(runFolder(folder));
    const [again] = await trained.ask({ text, top: 3 });
    expect(answer?.choices.map(({ label }) => label)).toEqual(again?.choices.map(({ label }) => label));
    for (const [index, { probability }] of answer!.choices.entries()) {
      expect(probability).toBeCloseTo(again!.choices[index]!.probability, 5);
    }
  });

  it('is answered with the classes of the model', async () => {
    await using asked = await ask('bert-classifier');
    const [answer] = await asked.ask({ text: 'the cat', top: 3 });
    expect(answer?.choices.map(({ label }) => label).sort()).toEqual(['bad', 'good', 'middling']);
  });

  it('is refused by a model without a head, with what to do', async () => {
    await expect(ask('minilm')).rejects.toThrow(/from: \{model: minilm\}/u);
  });
});
