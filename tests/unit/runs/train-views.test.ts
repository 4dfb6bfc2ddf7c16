/** Rotation and contrastive views from spec to result: audits, samples, resumed runs, transfer, and what is refused. */
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readSafetensors } from '../../../src/main/formats/safetensors.ts';
import { createRun } from '../../../src/main/runs/create-run.ts';
import { parseExperiment } from '../../../src/main/runs/experiment.ts';
import { openPredictor } from '../../../src/main/runs/predict.ts';
import { previewExperiment } from '../../../src/main/runs/preview.ts';
import { readQueryImage } from '../../../src/main/runs/query-image.ts';
import type { RunFolder } from '../../../src/main/workspace/run-folder.ts';
import { readRun } from '../../../src/main/workspace/runs.ts';
import { parseSpecText } from '../../../src/main/runs/spec-file.ts';
import { trainRun } from '../../../src/main/runs/train-run.ts';
import { readTrainingRecords } from '../../../src/main/workspace/training-records.ts';
import { embedExamples } from '../../../src/main/work/embeddings.ts';
import { importImageCorpus } from '../../../src/main/data/images/import.ts';
import type { TinyImageWorkspace } from '../../tiny-images.ts';
import { createTinyImageWorkspace, tinyImages } from '../../tiny-images.ts';

const pipeline = '{preset: resnet-mini, options: {width: 4, stemStride: 2}}';
const fractions = 'validationFraction: 0.2, testFraction: 0.2';

function experiment(name: string, task: string, more = '') {
  return parseExperiment(
    parseSpecText(
      `
name: ${name}
task: {${task}}
data: pictures
pipeline: ${pipeline}
engine: {threads: 1}
evaluation: {batchSize: 8}
training: {steps: 6, batchSize: 8, learningRate: 1e-2, evaluateEvery: 3, checkpointEvery: 2, logEvery: 2}
${more}`,
      'tiny.yaml',
    ),
  );
}

const tasks = {
  'tiny-rotation': `type: rotation, ${fractions}, augmentation: {cropPadding: 2}`,
  'tiny-views': `type: contrastive-views, ${fractions}, projectionHidden: 8, projectionFeatures: 6`,
} as const;

let tiny: TinyImageWorkspace;
const runs = new Map<string, RunFolder>();

async function train(spec: ReturnType<typeof experiment>): Promise<RunFolder> {
  const run = await createRun(tiny.workspace, spec);
  await trainRun(tiny.workspace, run, { signal: new AbortController().signal, prefetch: false });
  return run;
}

const lastModel = (run: RunFolder): string => join(run.checkpoints, 'step-6', 'model.safetensors');

beforeAll(async () => {
  tiny = await createTinyImageWorkspace();
  for (const [name, task] of Object.entries(tasks)) runs.set(name, await train(experiment(name, task)));
});
afterAll(() => tiny.remove());

describe.each(Object.entries(tasks))('%s', (name, task) => {
  it('that was stopped and resumed ends with the same bytes', async () => {
    const run = await createRun(tiny.workspace, experiment(name, task, ''));
    const controller = new AbortController();
    const stopped = await trainRun(tiny.workspace, run, {
      signal: controller.signal,
      prefetch: false,
      onStep: (step) => {
        if (step === 3) controller.abort();
      },
    });
    expect(stopped).toBeUndefined();
    await trainRun(tiny.workspace, run, { signal: new AbortController().signal, prefetch: true });
    expect(await readFile(lastModel(run))).toEqual(await readFile(lastModel(runs.get(name)!)));
    expect((await readRun(run)).result?.test).toEqual((await readRun(runs.get(name)!)).result?.test);
  });

  it('draws pictures, and keeps its answers to a few questions at every evaluation', async () => {
    const run = runs.get(name)!;
    const files = await readdir(run.artifacts);
    const own = name === 'tiny-views' ? 'views.png' : 'quiz.png';
    for (const file of [own, 'first-layer-filters.png', 'nearest-neighbours.png']) {
      expect(files).toContain(file);
      expect((await sharp(join(run.artifacts, file)).metadata()).format).toBe('png');
    }
    const { samples } = await readTrainingRecords(run);
    expect(samples.map(({ step }) => step)).toEqual([3, 6]);
    const [first] = samples[0]!.answers;
    expect(first![0]!.choices.length).toBeGreaterThan(1);
    expect(first![0]!.truth).not.toBe('');
  });

  it('is projected, each image by its first view', async () => {
    const signal = new AbortController().signal;
    const { points, features } = await embedExamples(
      { workspace: tiny.workspace, signal, progress: () => undefined },
      { run: name, checkpoint: 'best', count: 6, method: 'principal-components' },
    );
    expect(points).toHaveLength(6);
    expect(features).toBe(16);
    for (const { x, y, item } of points) {
      expect(Number.isFinite(x) && Number.isFinite(y)).toBe(true);
      expect(item.kind).toBe('image');
    }
  });

  it('gives its backbone, and keeps its head', async () => {
    const spec = parseExperiment(
      parseSpecText(
        `
name: ${name}-transfer
task: {type: image-classification, labelBudget: { perClass: 6 }}
data: colours
pipeline: ${pipeline}
from: {run: ${name}}
engine: {threads: 1}
evaluation: {inspect: false, baselines: false}
training: {steps: 1, batchSize: 8}`,
        'transfer.yaml',
      ),
    );
    const { transfer } = await readRun(await train(spec));
    expect(transfer?.mismatched).toEqual([]);
    expect(transfer?.matched.length).toBeGreaterThan(20);
    expect(transfer?.unused.every(({ name: unused }) => unused.startsWith('head/'))).toBe(true);
    expect(transfer?.unused.length).toBeGreaterThan(1);
  });

  it('answers about an image file, and shows what it saw', async () => {
    const file = join(tiny.folder, 'question.png');
    await sharp({ create: { width: 40, height: 40, channels: 3, background: '#338855' } })
      .png()
      .toFile(file);
    const predictor = await openPredictor(runs.get(name)!);
    const answers = await predictor.ask({ image: await readQueryImage(file, predictor.facts.images!), top: 4 });
    await predictor.close();
    expect(answers).toHaveLength(name === 'tiny-views' ? 1 : 4);
    for (const { choices } of answers) {
      expect(choices).toHaveLength(4);
      expect(choices.reduce((sum, { probability }) => sum + probability, 0)).toBeCloseTo(1, 6);
    }
    const items = await previewExperiment(tiny.workspace, experiment(name, task), 5);
    expect(items).toHaveLength(5);
  });
});

describe('fine-tuning with the statistics of the pretrained network', () => {
  const tuned = (from: string, pretrainedPipeline = pipeline) =>
    parseExperiment(
      parseSpecText(
        `
name: tiny-fixed
task: {type: image-classification, labelBudget: { perClass: 6 }}
data: colours
pipeline: ${pretrainedPipeline}
${from}
engine: {threads: 1}
evaluation: {inspect: false, baselines: false}
training: {steps: 6, batchSize: 8, learningRate: 1e-2, batchStatistics: pretrained}`,
        'fixed.yaml',
      ),
    );

  it('trains gains and biases, and leaves mean and variance as they were', async () => {
    const run = await train(tuned('from: {run: tiny-rotation, checkpoint: last}'));
    const [before, after] = await Promise.all(
      [runs.get('tiny-rotation')!, run].map(async (one) => (await readSafetensors(lastModel(one))).tensors),
    );
    const names = [...after!.keys()].filter((name) => /^backbone\/.*normalisation\/(mean|variance|gain)$/u.test(name));
    expect(names.length).toBeGreaterThan(10);
    for (const name of names) {
      const [start, end] = [before!.get(name)!.data, after!.get(name)!.data];
      if (name.endsWith('/gain')) expect(end).not.toEqual(start);
      else expect([name, end]).toEqual([name, start]);
    }
  });

  it('is refused where there are none', async () => {
    await expect(train(tuned(''))).rejects.toThrow(/batchStatistics: a network that starts from scratch/);
    const without = `{blocks: [{id: conv1, type: convolution, options: {channels: 4, normalisation: none}, inputs: {image: input.image}}, {id: pool, type: global-pooling, inputs: {map: conv1}}], outputs: {vector: pool}}`;
    await expect(train(tuned('from: {run: tiny-rotation}', without))).rejects.toThrow(/has no batch normalisation/);
  });
});

describe('rotation', () => {
  it('knows chance and has learned something of nothing but turns', async () => {
    const { result } = await readRun(runs.get('tiny-rotation')!);
    expect(result?.baselines).toMatchObject([{ name: 'majority class', metrics: { accuracy: 0.25 } }]);
    expect(result?.test?.confusion?.classes).toHaveLength(4);
    expect(result?.audit?.map(({ name }) => name)).toContain('shortcut, borders');
  });

  it('refuses images that are not square', async () => {
    await importImageCorpus({
      source: tinyImages(30, 24),
      destination: join(tiny.workspace.corpora, 'wide'),
      name: 'wide',
      options: { size: { height: 16, width: 24 } },
    });
    const spec = { ...experiment('wide', tasks['tiny-rotation']), data: 'wide' };
    await expect(previewExperiment(tiny.workspace, spec, 1)).rejects.toThrow(/square images.*24 × 16/);
  });
});

describe('contrastive views', () => {
  it('tells how often the other view is found, and whether it has collapsed', async () => {
    const { result } = await readRun(runs.get('tiny-views')!);
    expect(Object.keys(result!.validation.metrics)).toEqual(['loss', 'accuracy', 'projectionSpread', 'embeddingRank']);
    expect(result!.validation.metrics.accuracy).toBeGreaterThanOrEqual(0);
    const names = result?.audit?.map(({ name }) => name);
    expect(names).toContain('other view found, network');
    expect(names).toContain('shortcut, colours');
    expect(names).toContain('effective rank, projections');
  });

  it.each(['dcl', 'vicreg'])('trains with the loss %s', async (loss) => {
    const spec = experiment(`views-${loss}`, `${tasks['tiny-views']}, loss: ${loss}`);
    const { result } = await readRun(await train({ ...spec, evaluation: { ...spec.evaluation, inspect: false } }));
    expect(Number.isFinite(result?.test?.metrics.loss)).toBe(true);
    const { tensors } = await readSafetensors(join(runs.get('tiny-views')!.checkpoints, 'step-6', 'model.safetensors'));
    expect(tensors.has('head/contrastive-views/projection/weight')).toBe(true);
  });

  it('refuses a batch with more images than there are, and one without negatives', async () => {
    const spec = experiment('views-large', tasks['tiny-views']);
    const large = { ...spec, training: { ...spec.training, batchSize: 64 } };
    await expect(train(large)).rejects.toThrow(/no image may come twice in a batch, and 24 images/);
    const single = { ...spec, training: { ...spec.training, batchSize: 1 } };
    await expect(train(single)).rejects.toThrow(/give at least 2/);
  });
});
