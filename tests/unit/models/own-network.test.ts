// Weights that the lab has exported as safetensors come back as a model: the same bits, and the same answers.
import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checksumsName } from '../../../src/main/files/checksums.ts';
import { readSafetensors } from '../../../src/main/formats/safetensors.ts';
import { createRun } from '../../../src/main/runs/create-run.ts';
import { parseExperiment } from '../../../src/main/runs/experiment.ts';
import { exportNetwork, exportRun } from '../../../src/main/runs/export/index.ts';
import { importModel, previewModel } from '../../../src/main/runs/import-model.ts';
import { openNetworkPredictor, openPredictor } from '../../../src/main/runs/predict.ts';
import { parseSpecText } from '../../../src/main/runs/spec-file.ts';
import { trainRun } from '../../../src/main/runs/train-run.ts';
import { networkOfModel } from '../../../src/main/runs/trained-network.ts';
import type { PredictionQuery } from '../../../src/main/tasks/index.ts';
import { findModel } from '../../../src/main/workspace/models.ts';
import type { RunFolder } from '../../../src/main/workspace/run-folder.ts';
import type { Workspace } from '../../../src/main/workspace/workspace.ts';
import { importDataset } from '../../../src/main/work/import-material.ts';
import type { TinyImageWorkspace } from '../../tiny-images.ts';
import { createTinyImageWorkspace } from '../../tiny-images.ts';
import type { TinyWorkspace } from '../../tiny-workspace.ts';
import { createTinyWorkspace, tinyDocument, tinyExperiment } from '../../tiny-workspace.ts';
import { picturePixels } from '../data-images-fixtures.ts';
import { fixture } from './recorded.ts';

const { signal } = new AbortController();
const format = 'safetensors';
let tiny: TinyWorkspace;
let images: TinyImageWorkspace;
let run: RunFolder;

beforeAll(async () => {
  tiny = await createTinyWorkspace();
  images = await createTinyImageWorkspace();
  run = await createRun(tiny.workspace, tinyExperiment());
  await trainRun(tiny.workspace, run, { signal, prefetch: false });
});
afterAll(async () => {
  await tiny.remove();
  await images.remove();
});

async function train({ workspace }: { readonly workspace: Workspace }, text: string): Promise<RunFolder> {
  const created = await createRun(workspace, parseExperiment(parseSpecText(text, 'own.yaml')));
  await trainRun(workspace, created, { signal, prefetch: false });
  return created;
}

async function answersOf(workspace: Workspace, model: string, query: PredictionQuery) {
  await using predictor = await openNetworkPredictor(await networkOfModel(await findModel(workspace, model)));
  return await predictor.ask(query);
}

async function sameBits(workspace: Workspace, model: string, folder: string): Promise<void> {
  const [written, read] = [join(folder, 'model.safetensors'), (await findModel(workspace, model)).weights];
  const [{ tensors: theirs }, { tensors: ours }] = await Promise.all([readSafetensors(written), readSafetensors(read)]);
  expect([...ours.keys()].sort()).toEqual([...theirs.keys()].sort());
  for (const [name, { shape, data }] of theirs) {
    expect(ours.get(name)).toEqual({ shape, data });
  }
}

describe('weights of the lab', () => {
  it('of a run of texts are read back, and fill in words as they did', async () => {
    const { folder } = await exportRun(tiny.workspace, run, { folder: join(tiny.folder, 'words'), format });
    const { recognition, missing } = await previewModel(folder);
    expect(recognition).toMatchObject({ title: 'tiny-words, from Pretext Lab' });
    expect(missing).toEqual([]);
    await importModel(tiny.workspace, 'words', folder, { signal });
    await sameBits(tiny.workspace, 'words', folder);
    const query = { text: 'the cat [MASK] the house.', top: 5 };
    await using predictor = await openPredictor(run);
    expect(await answersOf(tiny.workspace, 'words', query)).toEqual(await predictor.ask(query));
  });

  it('of a run of pictures are read back with what they are brought to, and sort as they did', async () => {
    const sorting = await train(
      images,
      '{name: sort, task: {type: image-classification}, data: colours, pipeline: {preset: resnet-mini, options: {width: 8}}, training: {steps: 4, batchSize: 4}, engine: {threads: 1}}',
    );
    const { folder } = await exportRun(images.workspace, sorting, { folder: join(images.folder, 'sort'), format });
    await importModel(images.workspace, 'sort', folder, { signal });
    await sameBits(images.workspace, 'sort', folder);
    await using predictor = await openPredictor(sorting);
    const { preprocessing, heads } = (await findModel(images.workspace, 'sort')).manifest;
    expect(preprocessing).toMatchObject({ height: 24, width: 24, channels: 3, fit: predictor.facts.images?.fit });
    expect(heads).toMatchObject([{ task: 'image-classification', labels: ['bright', 'dark', 'green'] }]);
    const image = { height: 24, width: 24, channels: 3 as const, pixels: picturePixels(3, 24, 24) };
    const query = { image, top: 3 };
    expect(await answersOf(images.workspace, 'sort', query)).toEqual(await predictor.ask(query));
  });

  it('of a model of others are read back, with its head', async () => {
    await importModel(tiny.workspace, 'classifier', fixture('bert-classifier'), { signal });
    const origin = { kind: 'model', model: await findModel(tiny.workspace, 'classifier') } as const;
    const { folder } = await exportNetwork(tiny.workspace, origin, { folder: join(tiny.folder, 'classifier'), format });
    await importModel(tiny.workspace, 'again', folder, { signal });
    await sameBits(tiny.workspace, 'again', folder);
    const query = { text: 'a good film', top: 3 };
    expect(await answersOf(tiny.workspace, 'again', query)).toEqual(
      await answersOf(tiny.workspace, 'classifier', query),
    );
  });

  it('come without a head that a model cannot have, and are fine-tuned', async () => {
    const rows = Array.from({ length: 40 }, (_, index) => tinyDocument(index).slice(0, 60)).map((text) => ({
      text,
      label: String(text.length + text.charCodeAt(5)),
    }));
    const file = join(tiny.folder, 'numbers.jsonl');
    await writeFile(file, rows.map((row) => JSON.stringify(row)).join('\n'));
    await importDataset(tiny.workspace, 'numbers', { sources: [file], labels: { kind: 'numbers' } });
    const numbers =
      'task: {type: regression, length: 16}, data: numbers, engine: {threads: 1}, training: {steps: 2, batchSize: 4}';
    const regression = await train(
      tiny,
      `{name: numbers, from: {run: ${run.id}}, pipeline: {preset: bert-tiny, options: {layers: 2, hiddenSize: 8, heads: 2, maximumLength: 16}}, ${numbers}}`,
    );
    const { folder } = await exportRun(tiny.workspace, regression, { folder: join(tiny.folder, 'numbers'), format });
    const manifest = await importModel(tiny.workspace, 'backbone', folder, { signal });
    expect(manifest.heads).toEqual([]);
    const tuned = await train(tiny, `{name: tuned, from: {model: backbone}, ${numbers}}`);
    const origin = JSON.parse(await readFile(tuned.origin, 'utf8')) as { weights: unknown };
    expect(origin.weights).toMatchObject({ file: 'models/backbone/model.safetensors' });
  });

  it('are refused where their files do not belong together', async () => {
    const { folder } = await exportRun(tiny.workspace, run, { folder: join(tiny.folder, 'whole'), format });
    const changed = async (name: string, change: (about: Record<string, unknown>) => void): Promise<string> => {
      const copy = join(tiny.folder, name);
      await cp(folder, copy, { recursive: true });
      await rm(join(copy, checksumsName)); // or that would be what is said
      const file = join(copy, 'model.json');
      const about = JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>;
      change(about);
      await writeFile(file, JSON.stringify(about));
      return copy;
    };
    const older = await changed('older', (about) => {
      delete about.input;
    });
    await expect(previewModel(older)).rejects.toMatchObject({
      code: 'bad-input',
      message: expect.stringMatching(/model\.json: input: .+ Export the model again/u),
    });
    const wider = await changed('wider', (about) => {
      const { blocks } = about.pipeline as { blocks: { options: Record<string, unknown> }[] }; // as it was written
      blocks[0]!.options.hiddenSize = 16;
    });
    await expect(previewModel(wider)).rejects.toMatchObject({
      code: 'corrupt',
      message: expect.stringMatching(/wider was read as tiny-words.+ instead of/u),
    });
    const deeper = await changed('deeper', (about) => {
      const { blocks } = about.pipeline as { blocks: { options: Record<string, unknown> }[] }; // as it was written
      blocks.find(({ options }) => 'layers' in options)!.options.layers = 2 ** 31;
    });
    await expect(previewModel(deeper)).rejects.toMatchObject({
      code: 'bad-input',
      message: expect.stringMatching(
        /model\.json: pipeline\.blocks\.\d\.options\.layers is 2147483648, where its weights/u,
      ),
    });
    const without = await changed('without', () => undefined);
    await rm(join(without, 'tokenizer.json'));
    await expect(importModel(tiny.workspace, 'without', without, { signal })).rejects.toThrow(
      /tokenizer\.json is missing/u,
    );
    await writeFile(join(folder, 'model.json'), '{}');
    await expect(importModel(tiny.workspace, 'damaged', folder, { signal })).rejects.toMatchObject({ code: 'corrupt' });
  });
});
