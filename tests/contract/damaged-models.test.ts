// What a page hears of models, exports and bundles with one flipped bit: which file is damaged, and what to do. Each byte of a folder is
// covered by damaged-files.test.ts; here it is told over the methods that pages call.
import { readFile, readdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LabClient } from '../../src/shared/contract/index.ts';
import { createClient } from '../../src/shared/rpc/client.ts';
import type { Lab } from '../../src/main/lab/lab.ts';
import { openLab } from '../../src/main/lab/lab.ts';
import { labDispatcher } from '../../src/main/rpc/features/index.ts';
import { inProcessPair } from '../../src/main/rpc/transports/in-process.ts';
import { taskNotes } from '../../src/main/runs/task-notes.ts';
import type { TinyWorkspace } from '../tiny-workspace.ts';
import { createTinyWorkspace } from '../tiny-workspace.ts';
import { inProcessWorkers } from './lab-fixture.ts';
import { finished } from './methods/scenario.ts';

let tiny: TinyWorkspace;
let lab: Lab;
let client: LabClient;
let close: () => void;
const bugs: string[] = [];

beforeAll(async () => {
  tiny = await createTinyWorkspace();
  const { folder } = tiny.workspace;
  lab = await openLab({
    folder,
    host: 'server',
    tasks: taskNotes,
    processes: inProcessWorkers,
    queue: { trains: false },
  });
  const [near, far] = inProcessPair();
  labDispatcher(lab, (method, error) => bugs.push(`${method}: ${String(error)}`)).serve(far);
  const connected = createClient({ open: () => near });
  client = connected.lab;
  close = () => {
    connected.close();
  };
  const { job } = await client.models.import({ path: resolve('tests/fixtures/models/bert'), name: 'small' });
  expect(await finished(client, job)).toMatchObject({ state: 'done' });
});
afterAll(async () => {
  close();
  await lab.close();
  await tiny.remove();
  expect(bugs).toEqual([]);
});

/** Flips a bit of a file for as long as `look` takes. */
async function whileDamaged(file: string, look: () => Promise<void>): Promise<void> {
  const whole = await readFile(file);
  const bytes = Buffer.from(whole);
  const place = Math.floor(bytes.length * 0.6);
  bytes.writeUInt8(bytes.readUInt8(place) ^ 1, place);
  await writeFile(file, bytes);
  try {
    await look();
  } finally {
    await writeFile(file, whole);
  }
}

/** How a task ended, or why it was not even begun. */
async function failureOf(asked: Promise<{ readonly job: string }>): Promise<unknown> {
  const begun = await asked.then(
    ({ job }) => ({ job }),
    (error: unknown) => ({ error }),
  );
  if ('error' in begun) return begun.error;
  const { state, failure } = await finished(client, begun.job);
  expect(state).toBe('failed');
  return failure;
}

const model = { kind: 'model', name: 'small' } as const;
const folderOf = (name: string): string => join(tiny.folder, name);

describe('a model with a flipped bit', () => {
  it('is neither exported nor bundled, and the task says which file it is', async () => {
    const weights = join(tiny.workspace.models, 'small', 'model.safetensors');
    const told = (advice: RegExp) => ({ code: 'corrupt', message: expect.stringMatching(advice) });
    await whileDamaged(weights, async () => {
      const of = { kind: 'model', model: 'small' } as const;
      const folder = folderOf('not-exported');
      expect(await failureOf(client.exports.start({ of, folder, format: 'huggingface' }))).toMatchObject(
        told(/model\.safetensors.*import the model again/is),
      );
      const file = folderOf('not-bundled.zip');
      expect(await failureOf(client.bundles.create({ of: model, file }))).toMatchObject(
        told(/model\.safetensors.*bring it in or train it again/is),
      );
    });
    expect((await readdir(tiny.folder)).filter((name) => name.startsWith('not-'))).toEqual([]);
  });

  it('is listed as damaged where its manifest is, and the others are there', async () => {
    await whileDamaged(join(tiny.workspace.models, 'small', 'manifest.json'), async () => {
      await expect(client.models.get({ name: 'small' })).rejects.toMatchObject({
        code: 'corrupt',
        message: expect.stringMatching(/manifest\.json/),
      });
    });
    expect((await client.models.get({ name: 'small' })).name).toBe('small');
  });
});

describe('what was given away and comes back with a flipped bit', () => {
  it('is no model: an export says which file is damaged', async () => {
    const folder = folderOf('exported');
    const of = { kind: 'model', model: 'small' } as const;
    const { job } = await client.exports.start({ of, folder, format: 'huggingface' });
    expect(await finished(client, job)).toMatchObject({ state: 'done' });
    await whileDamaged(join(folder, 'model.safetensors'), async () => {
      expect(await failureOf(client.models.import({ path: folder, name: 'again' }))).toMatchObject({
        code: 'corrupt',
        message: expect.stringMatching(/model\.safetensors.*Export the model again/is),
      });
    });
    expect(await readdir(tiny.workspace.models)).toEqual(['small']);
  });

  it('is no bundle: nothing of it is opened', async () => {
    const file = folderOf('small.zip');
    const { job } = await client.bundles.create({ of: model, file });
    expect(await finished(client, job)).toMatchObject({ state: 'done' });
    await whileDamaged(file, async () => {
      const told = { code: 'corrupt', message: expect.stringMatching(/small\.zip.*Copy it here again/is) };
      expect(await failureOf(client.bundles.open({ file }))).toMatchObject(told);
      expect(await failureOf(client.bundles.verify({ file }))).toMatchObject(told);
    });
    expect(await readdir(tiny.workspace.models)).toEqual(['small']);
  });
});
