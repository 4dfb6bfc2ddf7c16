/**
 * A small random model of every family from its import to its use, in one workspace: it is imported, fine-tuned with gradients that move
 * its own weights, probed on frozen features, asked, and embeds examples. What it computes is compared with its own library elsewhere.
 */
import { cp, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { importTextDataset } from '../../../src/main/data/text/import-dataset.ts';
import { readSafetensors } from '../../../src/main/formats/safetensors.ts';
import { createRun } from '../../../src/main/runs/create-run.ts';
import { parseExperiment } from '../../../src/main/runs/experiment.ts';
import { importModel, previewModel } from '../../../src/main/runs/import-model.ts';
import { openNetworkPredictor, openPredictor } from '../../../src/main/runs/predict.ts';
import { probeNetwork } from '../../../src/main/runs/probe.ts';
import { parseSpecText } from '../../../src/main/runs/spec-file.ts';
import { trainRun } from '../../../src/main/runs/train-run.ts';
import { findTrainedNetwork } from '../../../src/main/runs/trained-network.ts';
import { embedExamples } from '../../../src/main/work/embeddings.ts';
import { findModel } from '../../../src/main/workspace/models.ts';
import { readRun } from '../../../src/main/workspace/runs.ts';
import { runFolder } from '../../../src/main/workspace/run-folder.ts';
import type { PipelineInput } from '../../../src/main/nn/index.ts';
import type { ModelSettings } from '../../../src/shared/spec/model-settings.ts';
import type { TinyImageWorkspace } from '../../tiny-images.ts';
import { createTinyImageWorkspace } from '../../tiny-images.ts';
import { tinyDocument } from '../../tiny-workspace.ts';

const fixtures = path.resolve(import.meta.dirname, '../../fixtures');
const quiet = { signal: new AbortController().signal };
let tiny: TinyImageWorkspace;
const place = (name: string): string => path.join(tiny.folder, name);

beforeAll(async () => {
  tiny = await createTinyImageWorkspace();
  const rows = Array.from({ length: 60 }, (_, index) => {
    const text = tinyDocument(index).slice(0, 40);
    return JSON.stringify({ label: index % 2 === 0 ? 'even' : 'odd', text });
  });
  await writeFile(place('rows.jsonl'), rows.join('\n'));
  const folder = path.join(tiny.workspace.datasets, 'rows');
  await importTextDataset({ sources: [place('rows.jsonl')], folder, name: 'rows' });
  // As transformers' exporter leaves a network: beside its vocabulary and its config.json, without other weights.
  await mkdir(place('exported'));
  await cp(path.join(fixtures, 'onnx', 'texts-17.onnx'), place('exported/model.onnx'));
  await writeFile(place('exported/config.json'), JSON.stringify({ model_type: 'bert' }));
  const words = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]', 'the', 'a', 'cat', 'river', 'sees', '.'];
  await writeFile(place('exported/vocab.txt'), words.join('\n'));
});
afterAll(() => tiny.remove());

interface Row {
  readonly family: string;
  /** In the folder of fixtures, or in that of the workspace. */
  readonly file: string;
  readonly settings?: ModelSettings;
  readonly reads: 'text' | 'image';
  /** The task of a head that came along. */
  readonly head?: string;
}

const small = { height: 40, width: 40, fit: 'stretch' } as const;

const rows: readonly Row[] = [
  { family: 'bert', file: 'models/bert', reads: 'text', head: 'masked-words' },
  { family: 'bert', file: 'models/minilm', reads: 'text' },
  {
    family: 'distilbert',
    file: 'models/distilbert',
    reads: 'text',
    head: 'masked-words',
  },
  {
    family: 'roberta',
    file: 'models/roberta',
    reads: 'text',
    head: 'masked-words',
  },
  {
    family: 'modernbert',
    file: 'models/modernbert',
    reads: 'text',
    head: 'masked-words',
  },
  { family: 'gpt2', file: 'models/gpt2', reads: 'text', head: 'next-word' },
  {
    family: 'resnet',
    file: 'models/resnet-timm',
    settings: small,
    reads: 'image',
    head: 'image-classification',
  },
  {
    family: 'resnet',
    file: 'models/resnet-torchvision/model.pth',
    settings: small,
    reads: 'image',
    head: 'image-classification',
  },
  {
    family: 'resnet',
    file: 'models/resnet-transformers',
    settings: small,
    reads: 'image',
    head: 'image-classification',
  },
  {
    family: 'mobilenet-v2',
    file: 'models/mobilenet-torchvision/model.pth',
    settings: small,
    reads: 'image',
    head: 'image-classification',
  },
  {
    family: 'efficientnet-lite',
    file: 'models/efficientnet-lite-timm',
    settings: small,
    reads: 'image',
    head: 'image-classification',
  },
  { family: 'vit', file: 'models/vit-timm', reads: 'image', head: 'image-classification' },
  { family: 'vit', file: 'models/vit-transformers', reads: 'image', head: 'image-classification' },
  { family: 'vit', file: 'models/vit-torchvision/model.pth', reads: 'image', head: 'image-classification' },
  {
    family: 'onnx',
    file: 'onnx/convolutional-17.onnx',
    reads: 'image',
    head: 'image-classification',
  },
  { family: 'onnx', file: 'exported', reads: 'text' },
];

const named = (file: string): string => path.basename(file.replace(/\/model\.pth$/u, ''), '.onnx');

function question(input: PipelineInput) {
  if (input.kind !== 'image') return { text: 'the cat sees a river .' };
  const { height, width, channels } = input;
  return { image: { height, width, channels, pixels: new Uint8Array(height * width * channels).fill(90) } };
}

async function train(name: string, reads: Row['reads'], more: string) {
  const task = reads === 'text' ? 'text-classification, length: 12' : 'image-classification';
  const text = `
name: ${name}-${more.length}
task: {type: ${task}, validationFraction: 0.2, testFraction: 0.2}
data: ${reads === 'text' ? 'rows' : 'colours'}
from: {model: ${name}}
training: {steps: 2, batchSize: 4, learningRate: 1e-2, evaluateEvery: 2}
evaluation: {baselines: false, inspect: false, batchSize: 4}
engine: {threads: 1}
${more}`;
  const run = await createRun(tiny.workspace, parseExperiment(parseSpecText(text, 'spec.yaml')));
  await trainRun(tiny.workspace, run, quiet);
  return readRun(runFolder(run.folder));
}

describe.each(rows)('$file', ({ family, file, settings = {}, reads, head }) => {
  const name = named(file);

  it('is imported, with the head that it came with', async () => {
    const source = file === 'exported' ? place(file) : path.join(fixtures, file);
    await importModel(tiny.workspace, name, source, { ...quiet, settings });
    const { manifest, tokenizer } = await findModel(tiny.workspace, name);
    expect(manifest.family).toBe(family);
    expect(manifest.heads.map(({ task }) => task)).toEqual(head === undefined ? [] : expect.arrayContaining([head]));
    expect(tokenizer !== undefined).toBe(reads === 'text');
  });

  it('is fine-tuned with gradients in its own weights, and asked then', async () => {
    const { folder, transfer, result } = await train(name, reads, '');
    expect(transfer!.matched.length).toBeGreaterThan(0);
    expect(transfer!.mismatched).toEqual([]);
    expect(result?.test?.metrics.accuracy).toBeGreaterThanOrEqual(0);
    const { tensors: before } = await readSafetensors((await findModel(tiny.workspace, name)).weights);
    const last = path.join(runFolder(folder).checkpoints, 'step-2', 'model.safetensors');
    const { tensors: after } = await readSafetensors(last);
    const moved = transfer!.matched.filter(({ name: one }) => {
      if (/pixels|(?:mean|variance)$/u.test(one)) return false; // statistics move without gradients
      const [old, now] = [before.get(one)!.data, after.get(one)!.data];
      return old.slice(0, now.length).some((value, index) => value !== now[index]);
    });
    expect(moved.length).toBeGreaterThan(0);
    await using predictor = await openPredictor(runFolder(folder));
    const [answer] = await predictor.ask({ ...question(predictor.facts.input), top: 2 });
    expect(answer!.choices.map(({ probability }) => probability).every((value) => value > 0)).toBe(true);
  });

  it('is probed: on frozen features, and stage by stage', async () => {
    const { result } = await train(name, reads, 'method: frozen-features');
    expect(result?.test?.metrics.accuracy).toBeGreaterThanOrEqual(0);
    const network = await findTrainedNetwork(tiny.workspace, `model:${name}`);
    const data = reads === 'text' ? 'rows' : 'colours';
    const probed = await probeNetwork(tiny.workspace, network, { data, ...quiet });
    const stages = probed.trained.stages.map(({ stage }) => stage);
    expect(probed.untrained.stages.map(({ stage }) => stage)).toEqual(stages);
    expect(stages.length).toBeGreaterThan(1);
    // Of a network that is one block, layers inside are stages.
    if (family === 'onnx') expect(stages.filter((stage) => stage.startsWith('network/')).length).toBeGreaterThan(0);
  });

  it('makes vectors of examples', async () => {
    const data = reads === 'text' ? 'rows' : 'colours';
    const found = await embedExamples(
      { workspace: tiny.workspace, ...quiet, progress: () => undefined },
      { run: `model:${name}`, checkpoint: 'best', data, count: 12, method: 'principal-components' },
    );
    expect(found.points).toHaveLength(12);
    expect(new Set(found.points.map(({ x }) => x)).size).toBeGreaterThan(1);
  });

  it.skipIf(head === undefined)('answers with the head that came along', async () => {
    await using predictor = await openNetworkPredictor(
      await findTrainedNetwork(tiny.workspace, `model:${name}`, { head }),
    );
    const text = head === 'masked-words' ? { text: 'the [MASK] sees a river .' } : undefined;
    const [answer] = await predictor.ask({ ...(text ?? question(predictor.facts.input)), top: 3 });
    expect(answer!.choices).toHaveLength(3);
  });
});

describe('an ONNX network whose layer is chosen', () => {
  it('is trained up to there, and no further', async () => {
    const file = path.join(fixtures, 'onnx', 'convolutional-17.onnx');
    const { model } = await previewModel(file);
    const options = model.pipeline.blocks.find(({ id }) => id === 'network')!.options;
    await importModel(tiny.workspace, 'whole', file, quiet);
    const network = await findTrainedNetwork(tiny.workspace, 'model:whole');
    const { trained } = await probeNetwork(tiny.workspace, network, { data: 'colours', ...quiet });
    const inner = trained.stages.map(({ stage }) => stage).find((stage) => stage.startsWith('network/'))!;
    const layer = inner.slice('network/'.length);
    expect(layer).not.toBe(options.layer);
    await importModel(tiny.workspace, 'part', file, { ...quiet, settings: { layer } });
    const [whole, part] = await Promise.all(['whole', 'part'].map((name) => findModel(tiny.workspace, name)));
    expect(part!.manifest.parameters).toBeLessThan(whole!.manifest.parameters);
    const { result, transfer } = await train('part', 'image', '');
    expect(transfer!.fresh.every(({ name }) => name.startsWith('head/'))).toBe(true);
    expect(result?.test?.metrics.accuracy).toBeGreaterThanOrEqual(0);
  });
});
