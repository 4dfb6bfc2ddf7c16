import { access, readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readSafetensors } from '../../../src/main/formats/safetensors.ts';
import { createRun } from '../../../src/main/runs/create-run.ts';
import { parseExperiment } from '../../../src/main/runs/experiment.ts';
import { openPredictor } from '../../../src/main/runs/predict.ts';
import { previewExperiment } from '../../../src/main/runs/preview.ts';
import { probeNetwork } from '../../../src/main/runs/probe.ts';
import { networkOfRun } from '../../../src/main/runs/trained-network.ts';
import { readQueryImage } from '../../../src/main/runs/query-image.ts';
import type { RunFolder } from '../../../src/main/workspace/run-folder.ts';
import { readRun } from '../../../src/main/workspace/runs.ts';
import { parseSpecText } from '../../../src/main/runs/spec-file.ts';
import { trainRun } from '../../../src/main/runs/train-run.ts';
import { writePreview } from '../../../src/main/runs/write-preview.ts';
import { importImageCorpus } from '../../../src/main/data/images/import.ts';
import { openImageDataset } from '../../../src/main/data/images/image-store.ts';
import type { ImageSource } from '../../../src/main/data/images/source.ts';
import { imageClassification } from '../../../src/main/tasks/image-classification.ts';
import { openLabelledImages } from '../../../src/main/tasks/images/labelled-images.ts';
import { openPatchCorpus } from '../../../src/main/tasks/images/patch-corpus.ts';
import { patchPosition } from '../../../src/main/tasks/patch-position.ts';
import type { TinyImageWorkspace } from '../../tiny-images.ts';
import { createTinyImageWorkspace, tinyClasses, tinyImages } from '../../tiny-images.ts';

const pipeline = '{preset: patch-cnn, options: {width: 4, features: 8}}';

function experiment(text: string) {
  return parseExperiment(parseSpecText(text, 'tiny.yaml'));
}

const patches = ({ inspect = true } = {}) =>
  experiment(`
name: tiny-patches
task: {type: patch-position, patchSize: 5, validationFraction: 0.2, testFraction: 0.2, evaluationPairs: 24, fusion: 8}
data: pictures
pipeline: ${pipeline}
engine: {threads: 1}
evaluation: {batchSize: 64, inspect: ${inspect}}
training: {steps: 10, batchSize: 8, learningRate: 1e-2, evaluateEvery: 5, checkpointEvery: 4, logEvery: 2}`);

const colours = (more = '') =>
  experiment(`
name: tiny-colours
task: {type: image-classification, labelBudget: { perClass: 8 }, augmentation: {cropPadding: 2, horizontalFlip: 0.5, brightness: 0.1}}
data: colours
pipeline: ${pipeline}
engine: {threads: 1}
training: {steps: 30, batchSize: 8, learningRate: 1e-2, evaluateEvery: 10, logEvery: 5}
${more}`);

let tiny: TinyImageWorkspace;
let pretrained: RunFolder;

async function train(spec: ReturnType<typeof experiment>): Promise<RunFolder> {
  const run = await createRun(tiny.workspace, spec);
  await trainRun(tiny.workspace, run, { signal: new AbortController().signal, prefetch: false });
  return run;
}

const lastModel = (run: RunFolder, step: number): string => join(run.checkpoints, `step-${step}`, 'model.safetensors');

beforeAll(async () => {
  tiny = await createTinyImageWorkspace();
  pretrained = await train(patches());
});
afterAll(() => tiny.remove());

describe('pretraining on patches', () => {
  it('audits itself and draws pictures of it', async () => {
    const { result } = await readRun(pretrained);
    const names = result?.audit?.map(({ name }) => name);
    expect(names).toEqual([
      'class imbalance',
      'absolute position, pixels',
      'absolute position, embedding',
      'spread, embeddings',
      'effective rank, embeddings',
      'accuracy, as trained',
      'accuracy, no gap',
      'accuracy, no jitter',
      'accuracy, all colours',
      'accuracy, all details',
    ]);
    expect(result?.audit?.[0]).toMatchObject({ value: 0, reference: 0 });
    expect(result?.baselines).toMatchObject([{ name: 'majority class', metrics: { accuracy: 0.125 } }]);
    const files = await readdir(pretrained.artifacts);
    for (const file of ['quiz-1.png', 'first-layer-filters.png', 'nearest-neighbours.png', 'confusion-matrix.png']) {
      expect(files).toContain(file);
      const { width, height, format } = await sharp(join(pretrained.artifacts, file)).metadata();
      expect(format).toBe('png');
      expect(Math.min(width, height)).toBeGreaterThan(40);
    }
  });

  it('keeps running statistics in its checkpoints, and they have moved', async () => {
    const { tensors } = await readSafetensors(lastModel(pretrained, 10));
    const mean = tensors.get('backbone/conv1/normalisation/mean')?.data as Float32Array;
    const variance = tensors.get('backbone/conv1/normalisation/variance')?.data as Float32Array;
    expect(mean.some((value) => Math.abs(value) > 1e-3)).toBe(true);
    expect(variance.every((value) => value > 0 && value !== 1)).toBe(true);
    expect(tensors.get('backbone/pixels/mean')?.shape).toEqual([3]);
  });

  it('that was stopped and resumed ends with the same bytes, running statistics included', async () => {
    const run = await createRun(tiny.workspace, patches({ inspect: false }));
    for (const stopAt of [3, 6]) {
      const controller = new AbortController();
      const stopped = await trainRun(tiny.workspace, run, {
        signal: controller.signal,
        prefetch: false,
        onStep: (step) => {
          if (step === stopAt) controller.abort();
        },
      });
      expect(stopped).toBeUndefined();
    }
    await trainRun(tiny.workspace, run, { signal: new AbortController().signal, prefetch: true });
    expect(await readFile(lastModel(run, 10))).toEqual(await readFile(lastModel(pretrained, 10)));
    expect((await readRun(run)).result?.test).toEqual((await readRun(pretrained)).result?.test);
  });

  it('divides images, not pairs, and keeps near duplicates on one side', () => {
    const folder = join(tiny.workspace.corpora, 'pictures');
    const options = patchPosition.options.parse({ patchSize: 5, validationFraction: 0.3, testFraction: 0.2 });
    const { sides, store } = openPatchCorpus({ dataFolder: folder, options, splitSeed: 4 });
    const all = [...sides.training, ...sides.validation, ...sides.test];
    expect(all.toSorted((a, b) => a - b)).toEqual(Array.from({ length: store.length }, (_, index) => index));
    const sideOf = new Map(Object.entries(sides).flatMap(([side, own]) => [...own].map((image) => [image, side])));
    store.groups.forEach((group, image) => {
      expect(sideOf.get(image)).toBe(sideOf.get(group));
    });
    store.close();
  });

  it('answers about an image file, and shows what it saw', async () => {
    const file = join(tiny.folder, 'question.jpg');
    await sharp({ create: { width: 80, height: 60, channels: 3, background: '#338855' } })
      .jpeg()
      .toFile(file);
    const predictor = await openPredictor(pretrained);
    const image = await readQueryImage(file, predictor.facts.images!);
    expect(image).toMatchObject({ width: 24, height: 24, channels: 3 });
    const answers = await predictor.ask({ image, top: 8 });
    await predictor.close();
    expect(answers).toHaveLength(8);
    for (const { choices } of answers) {
      expect(choices.reduce((sum, { probability }) => sum + probability, 0)).toBeCloseTo(1, 6);
    }
    const items = await previewExperiment(tiny.workspace, patches(), 5);
    const files = await writePreview(join(tiny.folder, 'preview'), 'patches', items);
    expect(files).toHaveLength(6);
    for (const written of files) await access(written);
  });

  it('says so when a file is no image', async () => {
    const facts = {
      height: 24,
      width: 24,
      channels: 3,
      fit: 'cover',
      resizeShorter: null,
      background: [0, 0, 0],
    } as const;
    await expect(readQueryImage(join(tiny.workspace.folder, 'nothing.png'), facts)).rejects.toThrow(
      /There is no image/,
    );
    await expect(readQueryImage(pretrained.spec, facts)).rejects.toThrow(/a text file, not an image/);
  });
});

describe('classification of images', () => {
  it('learns from a pretrained backbone, statistics of the input included', async () => {
    const run = await train(colours('from: {run: tiny-patches}'));
    const { result, transfer } = await readRun(run);
    expect(transfer?.mismatched).toEqual([]);
    const matched = transfer?.matched.map(({ name }) => name);
    expect(matched).toContain('backbone/pixels/mean');
    expect(matched).toContain('backbone/conv1/normalisation/variance');
    expect(matched).toContain('backbone/embedding/dense/weight');
    expect(result?.test?.metrics.accuracy).toBeGreaterThan(0.7);
    expect(result?.test?.confusion?.classes).toEqual(tinyClasses);
    expect(result?.baselines.map(({ name }) => name)).toEqual(['majority class', 'mean colour', 'nearest pixels']);
    expect(result?.audit).toMatchObject([{ name: 'seen in pretraining', value: 0, reference: 0 }]);
    expect(result?.audit?.[0]).not.toHaveProperty('warning');
    expect(await readdir(run.artifacts)).toContain('nearest-neighbours.png');
    const start = await readSafetensors(lastModel(pretrained, 10));
    const end = await readSafetensors(lastModel(run, 30));
    expect(end.tensors.get('backbone/pixels/mean')?.data).toEqual(start.tensors.get('backbone/pixels/mean')?.data);
  });

  it('warns where images that it is tested with were pretrained on, without their labels', async () => {
    const images = tinyImages(60, 24, true);
    const labelled = openImageDataset(join(tiny.workspace.datasets, 'colours'));
    const { sides } = openLabelledImages({
      dataFolder: join(tiny.workspace.datasets, 'colours'),
      options: imageClassification.options.parse({ labelBudget: { perClass: 8 } }),
      splitSeed: 0,
    });
    const tested = new Set(Array.from(sides.test, (image) => labelled.source(image).path));
    const leaked = [...tested].slice(0, 2);
    const seen: ImageSource = {
      ...images,
      async *entries(signal) {
        for await (const entry of images.entries(signal)) {
          if (!tested.has(entry.path) || leaked.includes(entry.path)) {
            yield { ...entry, path: `unlabelled-${entry.path}` };
          }
        }
      },
    };
    labelled.close();
    await importImageCorpus({
      source: seen,
      destination: join(tiny.workspace.corpora, 'leaking'),
      name: 'leaking',
      options: { size: 24 },
    });
    const backbone = await train({ ...patches({ inspect: false }), name: 'leaking-patches', data: 'leaking' });
    const run = await train(colours('from: {run: leaking-patches}'));
    const { result } = await readRun(run);
    const [finding] = result!.audit!;
    expect(finding).toMatchObject({ name: 'seen in pretraining', value: 2 / tested.size, reference: 0 });
    for (const path of leaked) expect(finding!.warning).toContain(`${path} (unlabelled-${path})`);
    expect((await readRun(backbone)).result!.audit).toBeUndefined();
  });

  it('leaves a frozen backbone as it is, running statistics included', async () => {
    const run = await train(
      colours(
        'from: {run: tiny-patches, checkpoint: last}\nfreeze: [backbone]\nevaluation: {inspect: false, baselines: false}',
      ),
    );
    const start = await readSafetensors(lastModel(pretrained, 10));
    const end = await readSafetensors(lastModel(run, 30));
    const names = [...end.tensors.keys()].filter((name) => name.startsWith('backbone/'));
    expect(names.length).toBeGreaterThan(10);
    for (const name of names) {
      expect([name, end.tensors.get(name)?.data]).toEqual([name, start.tensors.get(name)?.data]);
    }
  });

  it('probes every stage and scores the best one by validation', async () => {
    const signal = new AbortController().signal;
    const result = await probeNetwork(tiny.workspace, await networkOfRun(pretrained), {
      data: 'colours',
      labelsPerClass: 6,
      signal,
    });
    expect(result.trained.stages.map(({ stage }) => stage)).toContain('conv4');
    const best = result.trained.best.linear;
    expect(best.validation).toBe(Math.max(...result.trained.stages.map(({ linear }) => linear)));
    expect(best.test).toBeGreaterThan(0.7);
    expect(result.examples).toMatchObject({ training: 18 });
    expect(JSON.parse(await readFile(join(pretrained.artifacts, 'probe-colours.json'), 'utf8'))).toEqual(result);
  });
});
