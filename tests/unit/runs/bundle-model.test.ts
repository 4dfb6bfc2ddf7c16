// A bundle of an imported model: it goes into another lab as it is, says that it is one, and is refused where it is damaged or in the way.
import { cp, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createBundle } from '../../../src/main/runs/bundle/create.ts';
import { openBundle } from '../../../src/main/runs/bundle/open.ts';
import { verifyBundle } from '../../../src/main/runs/bundle/verify.ts';
import { importModel } from '../../../src/main/runs/import-model.ts';
import { openWorkspace } from '../../../src/main/workspace/workspace.ts';
import type { TinyWorkspace } from '../../tiny-workspace.ts';
import { createTinyWorkspace } from '../../tiny-workspace.ts';
import { fixture } from '../models/recorded.ts';

const signal = new AbortController().signal;
const quiet = { signal, onProgress: () => undefined };
const asked = { signal, onPhase: () => undefined };

let tiny: TinyWorkspace;
let file: string;

beforeAll(async () => {
  tiny = await createTinyWorkspace();
  file = join(tiny.folder, 'bert.zip');
  await importModel(tiny.workspace, 'bert', fixture('bert'), { signal });
  const { manifest } = await createBundle(tiny.workspace, 'bert', { ...quiet, output: file, data: 'include' });
  expect(manifest).toMatchObject({
    formatVersion: 2,
    subject: { kind: 'model', name: 'bert' },
    runs: [],
    models: ['bert'],
  });
});
afterAll(() => tiny.remove());

it('brings the model into another lab, file by file', async () => {
  const other = await openWorkspace(join(tiny.folder, 'other'));
  expect(await openBundle(other, file, quiet)).toMatchObject({ added: ['models/bert'], known: [], missing: [] });
  const names = await readdir(join(tiny.workspace.models, 'bert'));
  expect((await readdir(join(other.models, 'bert'))).sort()).toEqual(names.sort());
  for (const name of names) {
    const [there, here] = [other, tiny.workspace].map(({ models }) => readFile(join(models, 'bert', name)));
    expect((await there!).equals(await here!)).toBe(true);
  }
  expect(await openBundle(other, file, quiet)).toMatchObject({ added: [], known: ['models/bert'] });
  await expect(
    createBundle(
      other,
      { kind: 'run', name: 'bert-1' },
      { ...quiet, output: join(tiny.folder, 'x.zip'), data: 'include' },
    ),
  ).rejects.toMatchObject({ code: 'not-found' });
  await expect(
    createBundle(
      other,
      { kind: 'study', name: 'bert' },
      { ...quiet, output: join(tiny.folder, 'x.zip'), data: 'include' },
    ),
  ).rejects.toMatchObject({ code: 'not-found' });
});

it('says that the network takes its weights', async () => {
  const { rows, files } = await verifyBundle(file, asked);
  expect(files).toBeGreaterThan(3);
  expect(rows).toEqual([expect.objectContaining({ run: 'bert', agreement: 'same bits' })]);
  expect(rows[0]?.recorded).toBe(rows[0]?.found);
  expect(Number(rows[0]?.found)).toBeGreaterThan(20);
});

it('is refused where another model has the name, and nothing changes', async () => {
  const other = await openWorkspace(join(tiny.folder, 'taken'));
  await importModel(other, 'bert', fixture('minilm'), { signal });
  const before = await readFile(join(other.models, 'bert', 'model.safetensors'));
  await expect(openBundle(other, file, quiet)).rejects.toMatchObject({ code: 'conflict' });
  expect((await readFile(join(other.models, 'bert', 'model.safetensors'))).equals(before)).toBe(true);
});

it('is no model where its manifest is none', async () => {
  const source = await openWorkspace(join(tiny.folder, 'source'));
  await cp(join(tiny.workspace.models, 'bert'), join(source.models, 'bert'), { recursive: true });
  const output = join(tiny.folder, 'damaged.zip');
  const manifest = (await readdir(join(source.models, 'bert'))).find(
    (name) => name.endsWith('.json') && name !== 'tokenizer.json',
  )!;
  await createBundle(source, 'bert', { ...quiet, output, data: 'include' });
  await writeFile(join(source.models, 'bert', manifest), '{}');
  const broken = join(tiny.folder, 'broken.zip');
  await expect(
    createBundle(source, { kind: 'model', name: 'bert' }, { ...quiet, output: broken, data: 'include' }),
  ).rejects.toMatchObject({
    code: 'corrupt',
  });
  expect(await readdir(tiny.folder)).not.toContain('broken.zip');
});
