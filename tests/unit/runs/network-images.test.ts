// The preprocessing of an imported model comes along: batches, previews, predictions and resumed runs see what the network reads.
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openImageDataset } from '../../../src/main/data/images/image-store.ts';
import { readSafetensors } from '../../../src/main/formats/safetensors.ts';
import { createRun } from '../../../src/main/runs/create-run.ts';
import { parseExperiment } from '../../../src/main/runs/experiment.ts';
import { importModel } from '../../../src/main/runs/import-model.ts';
import { openRun } from '../../../src/main/runs/open-run.ts';
import { planClasses } from '../../../src/main/runs/plan-experiment.ts';
import { openPredictor } from '../../../src/main/runs/predict.ts';
import { previewExperiment } from '../../../src/main/runs/preview.ts';
import { readQueryImage } from '../../../src/main/runs/query-image.ts';
import { parseSpecText } from '../../../src/main/runs/spec-file.ts';
import { trainRun } from '../../../src/main/runs/train-run.ts';
import { checkpointFolder, listCheckpoints } from '../../../src/main/workspace/checkpoint-folders.ts';
import type { RunFolder } from '../../../src/main/workspace/run-folder.ts';
import { readRun } from '../../../src/main/workspace/runs.ts';
import type { TinyImageWorkspace } from '../../tiny-images.ts';
import { createTinyImageWorkspace } from '../../tiny-images.ts';

const fixture = (name: string): string => path.resolve(import.meta.dirname, '../../fixtures/models', name);
const never = new AbortController().signal;
let tiny: TinyImageWorkspace;

beforeAll(async () => {
  tiny = await createTinyImageWorkspace();
  await importModel(tiny.workspace, 'vit', fixture('vit-transformers'), { signal: never });
  await importModel(tiny.workspace, 'resnet', path.join(fixture('resnet-timm'), 'model.safetensors'), {
    signal: never,
  });
});
afterAll(() => tiny.remove());

const specOf = (name: string, more: string) =>
  parseExperiment(
    parseSpecText(
      `
name: ${name}
task: {type: image-classification, augmentation: {cropPadding: 2}}
data: colours
training: {steps: 4, batchSize: 4, learningRate: 1e-2, evaluateEvery: 2, checkpointEvery: 2}
evaluation: {baselines: false, inspect: false}
engine: {threads: 1}
${more}`,
      'spec.yaml',
    ),
  );

async function trained(name: string, more: string): Promise<RunFolder> {
  const run = await createRun(tiny.workspace, specOf(name, more));
  await trainRun(tiny.workspace, run, { signal: never, prefetch: false });
  return run;
}

const ofVit = { height: 12, width: 12, channels: 3, fit: 'stretch', resizeShorter: null };

describe('a run from a model of images', () => {
  let run: RunFolder;
  beforeAll(async () => {
    run = await trained('fine-tuned', 'from: {model: vit}');
  });

  it('reads what the model reads, and says so in its spec', async () => {
    const { experiment, transfer } = await readRun(run);
    expect(experiment.images).toEqual(ofVit);
    expect(transfer?.mismatched).toEqual([]);
    const { sampler } = await openRun(tiny.workspace, run);
    expect(sampler.input).toMatchObject({ kind: 'image', height: 12, width: 12, channels: 3 });
    expect(sampler.trainingBatch(0, 0, 4).image).toHaveLength(4 * 3 * 12 * 12);
    sampler.close();
  });

  it('keeps the mean and deviation that the model was trained with', async () => {
    const [last] = (await listCheckpoints(run.checkpoints)).slice(-1);
    const file = path.join(checkpointFolder(run.checkpoints, last!), 'model.safetensors');
    const { tensors } = await readSafetensors(file);
    expect(tensors.get('backbone/pixels/mean')!.data).toEqual(Float32Array.of(0.5, 0.5, 0.5));
  });

  it('shows what the network sees', async () => {
    const [item] = await previewExperiment(tiny.workspace, specOf('preview', 'from: {model: vit}'), 1);
    expect(item).toMatchObject({ kind: 'image', height: 12, width: 12 });
  });

  it('answers to a file as to the same picture of its dataset', async () => {
    const dataset = openImageDataset(path.join(tiny.workspace.datasets, 'colours'));
    const { sampler } = await openRun(tiny.workspace, run);
    const index = sampler.sides!.validation[1]!;
    await mkdir(path.join(tiny.folder, 'files'), { recursive: true });
    const file = path.join(tiny.folder, 'files', 'one.png');
    const raw = { height: 24, width: 24, channels: 3 as const };
    await sharp(dataset.pixels(index), { raw }).png().toFile(file);
    dataset.close();
    await using predictor = await openPredictor(run);
    const image = await readQueryImage(file, predictor.facts.images!);
    const feed = sampler.evaluationBatch('validation', 1, 1).image!;
    const planar = Float32Array.from({ length: feed.length }, (_, place) => {
      const channel = Math.floor(place / 144);
      return image.pixels[(place % 144) * 3 + channel]! / 255;
    });
    expect(planar).toEqual(feed);
    sampler.close();
  });

  it('goes on to the same bits after it was stopped', async () => {
    const other = await createRun(tiny.workspace, specOf('stopped', 'from: {model: vit}'));
    const stop = new AbortController();
    await trainRun(tiny.workspace, other, {
      signal: stop.signal,
      prefetch: true,
      onEvent: ({ type, step }) => {
        if (type === 'evaluation' && step === 2) stop.abort();
      },
    });
    await trainRun(tiny.workspace, other, { signal: never, prefetch: false });
    const weightsOf = async ({ checkpoints }: RunFolder) =>
      (await readSafetensors(path.join(checkpointFolder(checkpoints, 4), 'model.safetensors'))).tensors;
    expect(await weightsOf(other)).toEqual(await weightsOf(run));
  });

  it('hands on what it reads to the runs that begin with it', async () => {
    const next = await createRun(tiny.workspace, specOf('next', `from: {run: ${run.id}}\npipeline: {model: vit}`));
    expect((await readRun(next)).experiment.images).toEqual(ofVit);
  });
});

describe('what is said otherwise', () => {
  it('goes before the model: as stored, or a size', async () => {
    const stored = await createRun(tiny.workspace, specOf('stored', 'from: {model: resnet}\nimages: stored'));
    const { sampler } = await openRun(tiny.workspace, stored);
    expect(sampler.input).toMatchObject({ height: 24, width: 24 });
    sampler.close();
    const sized = await createRun(
      tiny.workspace,
      specOf('sized', 'from: {model: resnet}\nimages: {height: 32, width: 16, channels: 3}'),
    );
    const prepared = await openRun(tiny.workspace, sized);
    expect(prepared.sampler.input).toMatchObject({ height: 32, width: 16 });
    expect(prepared.sampler.images).toMatchObject({ height: 24, width: 24, network: { height: 32, width: 16 } });
    prepared.sampler.close();
  });

  it('warns where images are enlarged, and refuses a model’s size without a model', async () => {
    const { warnings } = await planClasses(tiny.workspace, specOf('warned', 'from: {model: resnet}'));
    expect(warnings[0]).toMatch(
      /stored with 24 × 24.*enlarged to the 40 × 40.*--size 40 --fit center-crop --image-option resizeShorter=45/u,
    );
    const without = specOf('without', 'pipeline: resnet-mini\nimages: model');
    await expect(createRun(tiny.workspace, without)).rejects.toThrow(/images: 'model' needs from/u);
  });
});
