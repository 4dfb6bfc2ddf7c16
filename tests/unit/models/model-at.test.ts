// Models that somebody takes for data: said so before anything is imported; data in which a checkpoint lies stay data.
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { modelAt } from '../../../src/main/models/model-at.ts';
import { importCorpus, importDataset, importImages } from '../../../src/main/work/import-material.ts';
import { inspectSources } from '../../../src/main/work/inspect.ts';
import { fileExists } from '../../../src/main/files/file-exists.ts';
import { openWorkspace } from '../../../src/main/workspace/workspace.ts';

const fixtures = path.resolve(import.meta.dirname, '../../fixtures');
const bert = path.join(fixtures, 'models', 'bert');
const quiet = { signal: new AbortController().signal, onProgress: () => undefined };
let folder: string;
const place = (name: string): string => path.join(folder, name);

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'model-at-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('a model that is given as data', () => {
  it.each([
    ['a folder of transformers', 'models/bert', 'BERT, 2 layers of 8 features'],
    ['its file of weights', 'models/bert/model.safetensors', 'BERT, 2 layers of 8 features'],
    ['weights of PyTorch', 'models/vit-torchvision/model.pth', 'ViT, 2 layers of 8 features, patches of 4 × 4'],
    ['an ONNX network', 'onnx/convolutional-17.onnx', /^ONNX network of/u],
  ])('is told: %s', async (_what, file, title) => {
    const found = await modelAt([path.join(fixtures, file)]);
    expect(found?.path).toBe(path.join(fixtures, file));
    if (typeof title === 'string') expect(found?.title).toBe(title);
    else expect(found?.title).toMatch(title);
  });

  it('is told of files that were chosen one by one, and of weights of no family', async () => {
    const files = ['config.json', 'model.safetensors', 'vocab.txt'].map((name) => path.join(bert, name));
    expect(await modelAt(files)).toMatchObject({ path: bert });
    await writeFile(place('x.safetensors'), 'nothing');
    expect(await modelAt([place('x.safetensors')])).toEqual({ path: place('x.safetensors'), title: undefined });
  });

  it('is not imported, and a look at it points to the models', async () => {
    const workspace = await openWorkspace(place('workspace'));
    const refused = /is a model: BERT.*pretext model import/u;
    await expect(importCorpus(workspace, 'a', { sources: [bert], ...quiet })).rejects.toThrow(refused);
    await expect(importDataset(workspace, 'a', { sources: [bert], ...quiet })).rejects.toThrow(refused);
    const images = { sources: [bert], options: {}, ...quiet };
    await expect(importImages(workspace, 'dataset', 'a', images)).rejects.toThrow(refused);
    expect(await fileExists(path.join(workspace.corpora, 'a'))).toBe(false);
    const look = { paths: [bert], rows: 5, pictures: 5, header: true };
    expect(await inspectSources(quiet, look)).toMatchObject({
      suggestion: null,
      model: { path: bert, title: 'BERT, 2 layers of 8 features' },
    });
  });

  it('may be read as text by whoever says so', async () => {
    const workspace = await openWorkspace(place('workspace'));
    const words = { sources: [bert], include: ['vocab.txt'], ...quiet };
    await expect(importCorpus(workspace, 'words', words)).resolves.toMatchObject({ name: 'words' });
  });
});

it('data stay data, also where somebody has left a checkpoint among them', async () => {
  await mkdir(place('pictures/cats'), { recursive: true });
  await cp(path.join(fixtures, 'models/resnet-torchvision/model.pth'), place('pictures/resnet.pth'));
  expect(await modelAt([place('pictures')])).toBeUndefined();
  await writeFile(place('notes.txt'), 'A text.');
  expect(await modelAt([place('notes.txt')])).toBeUndefined();
  expect(await modelAt([place('gone')])).toBeUndefined();
  await writeFile(place('data.bin'), 'no weights');
  expect(await modelAt([place('data.bin')])).toBeUndefined();
});
