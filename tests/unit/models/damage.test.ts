/**
 * Models that are damaged or malicious: each is read, or refused with an error that names its folder; nothing of a refused one stays
 * in the workspace, and nothing claims more memory than the files can fill.
 */
import { cp, mkdir, mkdtemp, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { readTokenizer } from '../../../src/main/models/families/text/tokenizer-source.ts';
import { readLabels } from '../../../src/main/models/label-file.ts';
import { openModelSource } from '../../../src/main/models/source.ts';
import { createRun } from '../../../src/main/runs/create-run.ts';
import { exportRun } from '../../../src/main/runs/export/index.ts';
import { checksumsName } from '../../../src/main/files/checksums.ts';
import { importModel, previewModel } from '../../../src/main/runs/import-model.ts';
import { trainRun } from '../../../src/main/runs/train-run.ts';
import type { Workspace } from '../../../src/main/workspace/workspace.ts';
import { openWorkspace } from '../../../src/main/workspace/workspace.ts';
import { isLabError } from '../../../src/shared/errors.ts';
import { damage, damaged, damagedJson, jsonDamage } from '../../damaged-files.ts';
import type { TinyWorkspace } from '../../tiny-workspace.ts';
import { createTinyWorkspace, tinyExperiment } from '../../tiny-workspace.ts';
import { expectBoundedMemory, fuzzPatience, fuzzRuns } from '../../fuzzing.ts';

expectBoundedMemory();

const fixture = (name: string): string => path.resolve(import.meta.dirname, '../../fixtures/models', name);
const quiet = { signal: new AbortController().signal };
let folder: string;
let model: string;
let workspace: Workspace;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'damaged-model-'));
  model = path.join(folder, 'model');
  workspace = await openWorkspace(path.join(folder, 'workspace'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Passes where the work succeeds or refuses as it should. */
async function orRefused(work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!isLabError(error) || error.code === 'internal' || !error.message.includes(model)) throw error;
  }
}

const left = async (): Promise<string[]> => readdir(workspace.models).catch(() => []);

/** Looks at what lies in a folder, one of its files damaged, again and again. */
async function previewDamaged(from: string, file: string): Promise<void> {
  await cp(from, model, { recursive: true });
  const whole = await readFile(path.join(model, file));
  const isJson = file.endsWith('.json');
  const content = fc.oneof(
    damage.map((changes) => damaged(whole, changes)),
    ...(isJson ? [jsonDamage.map((changes) => Buffer.from(damagedJson(whole.toString(), changes)))] : []),
  );
  await fc.assert(
    fc.asyncProperty(content, async (bytes) => {
      await writeFile(path.join(model, file), bytes);
      await orRefused(previewModel(model));
    }),
    fuzzRuns(25),
  );
}

describe.each([
  ['bert', 'config.json'],
  ['gpt2', 'config.json'],
  ['modernbert', 'config.json'],
  ['distilbert', 'config.json'],
  ['roberta', 'config.json'],
  ['resnet-timm', 'config.json'],
  ['mobilenet-timm', 'config.json'],
  ['efficientnet-lite-timm', 'config.json'],
  ['vit-transformers', 'config.json'],
  ['vit-torchvision', 'config.json'],
  ['minilm', 'tokenizer.json'],
  ['gpt2', 'tokenizer.json'],
  ['bert', 'vocab.txt'],
  ['roberta', 'vocab.json'],
  ['roberta', 'merges.txt'],
  ['resnet-transformers', 'preprocessor_config.json'],
])('%s with a damaged %s', (name, file) => {
  it('is read, or refused with its name', { timeout: fuzzPatience }, () => previewDamaged(fixture(name), file));
});

it('a damaged tokenizer.json of Unigram is read, or refused with its name', { timeout: fuzzPatience }, async () => {
  const whole = await readFile(path.join(fixture('unigram'), 'with-bytes.json'));
  const file = path.join(model, 'tokenizer.json');
  await mkdir(model);
  const content = fc.oneof(
    damage.map((changes) => damaged(whole, changes)),
    jsonDamage.map((changes) => Buffer.from(damagedJson(whole.toString(), changes))),
  );
  await fc.assert(
    fc.asyncProperty(content, async (bytes) => {
      await writeFile(file, bytes);
      await using source = await openModelSource(model);
      const reading = readTokenizer(source).then((tokenizer) => tokenizer?.encode('A cat, 猫 and ½.'));
      await orRefused(reading);
    }),
    fuzzRuns(25),
  );
});

it('a damaged file of names is read, or refused with its name', { timeout: fuzzPatience }, async () => {
  const file = path.join(model, 'labels');
  await mkdir(model);
  const wholes = ['tench\ngreat white shark\nhen\n', '["tench", "great white shark", "hen"]'].map((text) =>
    Buffer.from(text),
  );
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...wholes), damage, async (whole, changes) => {
      await writeFile(file, damaged(whole, changes));
      await orRefused(readLabels(file));
    }),
    fuzzRuns(50),
  );
});

/** An import waits for the disk several times. */
const importPatience = 5 * fuzzPatience;

/** Imports what lies in a folder, one of its files damaged, again and again. */
async function importDamaged(whole: string): Promise<void> {
  const names = (await readdir(whole)).filter((one) => !/^(?:outputs|gradients)/u.test(one));
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...names), damage, async (file, changes) => {
      await rm(model, { recursive: true, force: true });
      await cp(whole, model, { recursive: true });
      await writeFile(path.join(model, file), damaged(await readFile(path.join(model, file)), changes));
      await orRefused(importModel(workspace, 'damaged', model, quiet));
      expect([[], ['damaged']]).toContainEqual(await left());
      await rm(workspace.models, { recursive: true, force: true });
    }),
    fuzzRuns(12),
  );
}

describe.each(['bert', 'roberta', 'resnet-transformers', 'vit-torchvision'])('%s with any damaged file', (name) => {
  it('is imported whole, or leaves nothing', { timeout: importPatience }, () => importDamaged(fixture(name)));
});

describe('an ONNX network with any damaged file', () => {
  it('is imported whole, or leaves nothing', { timeout: importPatience }, async () => {
    const whole = path.join(folder, 'exported');
    await mkdir(whole);
    await cp(path.resolve(fixture('bert'), '../../onnx/texts-17.onnx'), path.join(whole, 'model.onnx'));
    const words = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]', 'the', 'a', 'cat', 'river', 'sees', '.'];
    await writeFile(path.join(whole, 'vocab.txt'), words.join('\n'));
    await writeFile(path.join(whole, 'config.json'), JSON.stringify({ model_type: 'bert' }));
    await importDamaged(whole);
  });
});

describe('weights that the lab has exported', () => {
  let exported: string;
  let tiny: TinyWorkspace;

  beforeAll(async () => {
    tiny = await createTinyWorkspace();
    const spec = tinyExperiment('', 'tiny-words');
    const run = await createRun(tiny.workspace, { ...spec, training: { ...spec.training, steps: 1 } });
    await trainRun(tiny.workspace, run, { ...quiet, prefetch: false });
    exported = path.join(tiny.folder, 'exported');
    await exportRun(tiny.workspace, run, { folder: exported, format: 'safetensors' });
    await rm(path.join(exported, checksumsName)); // who means harm writes those that fit
  });
  afterAll(() => tiny.remove());

  it('with a damaged model.json are read, or refused with its name', { timeout: fuzzPatience }, () =>
    previewDamaged(exported, 'model.json'),
  );

  it('with any damaged file are imported whole, or leave nothing', { timeout: importPatience }, () =>
    importDamaged(exported),
  );
});

describe('a malicious model', () => {
  beforeEach(() => cp(fixture('bert'), model, { recursive: true }));

  const refused = async (message: RegExp): Promise<void> => {
    await expect(importModel(workspace, 'bad', model, quiet)).rejects.toThrow(message);
    expect(await left()).toEqual([]);
  };
  const weights = (): string => path.join(model, 'model.safetensors');

  it('claims a header of 2^60 bytes', async () => {
    const bytes = await readFile(weights());
    bytes.writeBigUInt64LE(2n ** 60n, 0);
    await writeFile(weights(), bytes);
    await refused(/model\.safetensors/u);
  });

  it('has tensors that overlap', async () => {
    const bytes = await readFile(weights());
    const length = Number(bytes.readBigUInt64LE(0));
    const header = bytes.toString('utf8', 8, 8 + length);
    const spans = [...header.matchAll(/"data_offsets":\[(\d+),(\d+)\]/gu)];
    const [first, second] = spans.filter(([, from, to]) => Number(to) - Number(from) === 32);
    const changed = header.replace(second![0], first![0]).padEnd(length).slice(0, length);
    expect(changed).not.toBe(header);
    await writeFile(weights(), Buffer.concat([bytes.subarray(0, 8), Buffer.from(changed), bytes.subarray(8 + length)]));
    await refused(/model\.safetensors/u);
  });

  it('would run code when it is unpickled', async () => {
    await rm(weights());
    // protocol 2: posix.system, ('touch …',), reduce
    const command = `touch ${path.join(folder, 'ran')}`;
    const parts = ['\x80\x02cposix\nsystem\n', `X${String.fromCharCode(command.length)}\0\0\0${command}`, '\x85R.'];
    await writeFile(path.join(model, 'pytorch_model.bin'), Buffer.from(parts.join(''), 'latin1'));
    await refused(/pytorch_model\.bin/u);
    expect(await readdir(folder)).not.toContain('ran');
  });

  it('has links that lead out of its folder', async () => {
    await writeFile(path.join(folder, 'secret'), 'not yours');
    await symlink(path.join(folder, 'secret'), path.join(model, 'README.md'));
    await refused(/README\.md is a link that leads out of/u);
  });

  it('is none where it is in the cache of the hub, whose files are links', async () => {
    const cache = path.join(folder, 'models--acme--tiny');
    const snapshot = path.join(cache, 'snapshots', '0123');
    await mkdir(path.join(cache, 'blobs'), { recursive: true });
    await mkdir(snapshot, { recursive: true });
    for (const name of ['config.json', 'vocab.txt', 'model.safetensors']) {
      await cp(path.join(model, name), path.join(cache, 'blobs', `blob-of-${name}`));
      await symlink(path.join('../../blobs', `blob-of-${name}`), path.join(snapshot, name));
    }
    await expect(importModel(workspace, 'cached', snapshot, quiet)).resolves.toMatchObject({ family: 'bert' });
  });
});
