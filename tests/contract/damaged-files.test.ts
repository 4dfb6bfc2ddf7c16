// One flipped bit, and a file that is cut, in every kind of file that is kept or given away: whoever reads it says which file is damaged,
// and what to do about it. Texts, runs and checkpoints: tests/unit/runs/damage.test.ts.
import { cp, mkdir, readFile, readdir, stat, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { LabError } from '../../src/shared/errors.ts';
import { createBundle } from '../../src/main/runs/bundle/create.ts';
import { openBundle } from '../../src/main/runs/bundle/open.ts';
import { createRun } from '../../src/main/runs/create-run.ts';
import { parseExperiment } from '../../src/main/runs/experiment.ts';
import { exportNetwork } from '../../src/main/runs/export/index.ts';
import { importModel } from '../../src/main/runs/import-model.ts';
import { parseSpecText } from '../../src/main/runs/spec-file.ts';
import { trainRun } from '../../src/main/runs/train-run.ts';
import { networkOfModel } from '../../src/main/runs/trained-network.ts';
import { checkWorkspace } from '../../src/main/training/check-workspace.ts';
import { importAudio } from '../../src/main/work/import-material.ts';
import { findModel, modelFolder } from '../../src/main/workspace/models.ts';
import type { RunFolder } from '../../src/main/workspace/run-folder.ts';
import type { Workspace } from '../../src/main/workspace/workspace.ts';
import { openWorkspace } from '../../src/main/workspace/workspace.ts';
import { pretextInProcess } from '../cli/in-process.ts';
import type { TinyImageWorkspace } from '../tiny-images.ts';
import { createTinyImageWorkspace } from '../tiny-images.ts';
import { tone, wavFile } from '../unit/audio-fixtures.ts';
import { testLab } from './lab-fixture.ts';
import { reaches } from './queue-fixture.ts';

const signal = new AbortController().signal;
const onProgress = (): void => undefined;
let tiny: TinyImageWorkspace;
let workspace: Workspace;

const experimentOf = (text: string) => parseExperiment(parseSpecText(text, 'tiny.yaml'));
const training = 'training: {steps: 2, batchSize: 4, evaluateEvery: 2}\nengine: {threads: 1}';
const images = `
name: colours
task: {type: image-classification}
data: colours
pipeline: {preset: patch-cnn, options: {width: 4, features: 8}}
${training}`;
const sounds = `
name: notes
task: {type: transcription, longest: 4}
data: notes
pipeline: {preset: speech-lstm, options: {hiddenSize: 12, stacking: 2}}
${training}`;

const damages: Readonly<Record<string, (bytes: Buffer) => Buffer>> = {
  'a flipped bit': (bytes) => {
    const damaged = Buffer.from(bytes);
    const place = Math.floor(bytes.length * 0.6);
    damaged.writeUInt8(damaged.readUInt8(place) ^ 1, place);
    return damaged;
  },
  'the end cut off': (bytes) => bytes.subarray(0, bytes.length - 1),
};

/** Damages every file of a folder in turn, looks, and puts it back. */
async function eachDamaged(folder: string, look: (name: string, damage: string) => Promise<void>): Promise<number> {
  let tried = 0;
  const entries = await readdir(folder, { withFileTypes: true });
  for (const { name } of entries.filter((entry) => entry.isFile() && entry.name !== 'SHA256SUMS')) {
    const file = join(folder, name);
    const whole = await readFile(file);
    if (whole.length === 0) continue;
    for (const [kind, damage] of Object.entries(damages)) {
      await writeFile(file, damage(whole));
      await look(name, kind);
      tried += 1;
    }
    await writeFile(file, whole);
  }
  return tried;
}

/** Fails unless it is said which file is damaged, and what to do. */
async function expectSaid(asked: Promise<unknown>, name: string, advice: RegExp): Promise<void> {
  const error = await asked.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error, `${name} is taken as it is`).toBeInstanceOf(LabError);
  expect(error).toMatchObject({ code: 'corrupt', message: expect.stringContaining(name) });
  expect((error as LabError).message).toMatch(advice);
}

async function damagedPaths(): Promise<readonly string[]> {
  const found: string[] = [];
  for await (const { path, state } of checkWorkspace(workspace, signal)) if (state === 'damaged') found.push(path);
  return found;
}

let runs: Readonly<Record<'colours' | 'notes', RunFolder>>;

beforeAll(async () => {
  tiny = await createTinyImageWorkspace();
  workspace = await openWorkspace(tiny.workspace.folder);
  const recordings = join(tiny.folder, 'recordings');
  await mkdir(recordings);
  const notes = Array.from({ length: 12 }, (_, index) => 1 + (index % 3));
  for (const [index, note] of notes.entries()) {
    await writeFile(
      join(recordings, `${index}.wav`),
      wavFile([tone(400 * note, 0.2 + index / 100, 16_000)], 16_000, { bits: 16 }),
    );
  }
  const rows = notes.map((note, index) => `${index}.wav,${note}`);
  await writeFile(join(recordings, 'list.csv'), ['path,label', ...rows].join('\n'));
  await importAudio(workspace, 'notes', { sources: [join(recordings, 'list.csv')], options: { bands: 16 } });
  await importModel(workspace, 'small', resolve('tests/fixtures/models/bert'), { signal });
  runs = {
    colours: await createRun(workspace, experimentOf(images)),
    notes: await createRun(workspace, experimentOf(sounds)),
  };
}, 60_000);
afterAll(() => tiny.remove());

describe.each(['colours', 'notes'] as const)('the dataset %s with a damaged file', (name) => {
  it('is not learned from, and check names it', async () => {
    const folder = join(workspace.datasets, name);
    const tried = await eachDamaged(folder, async (file) => {
      await expectSaid(trainRun(workspace, runs[name], { signal, prefetch: false }), file, /delete .* import/i);
      expect(await damagedPaths()).toEqual([`datasets/${name}`]);
    });
    expect(tried).toBeGreaterThan(5);
  }, 60_000);

  it('is refused by the command line and by the queue in the same words', async () => {
    const folder = join(workspace.datasets, name);
    const file = (await readdir(folder)).find((one) => one.endsWith('.bin')) ?? '';
    const whole = await readFile(join(folder, file));
    await writeFile(join(folder, file), damages['a flipped bit']!(whole)); // one of ours
    vi.stubEnv('PRETEXT_WORKSPACE', workspace.folder);
    const said = await pretextInProcess('run', runs[name].id, '--resume');
    expect(said).toMatchObject({ code: 1, err: expect.stringContaining(file) });
    expect(said.err).toMatch(/Delete .* and import it again/);
    const lab = await testLab({ folder: workspace.folder });
    lab.queue.enqueue([runs[name].id]);
    await reaches(lab, runs[name].id, 'failed');
    const { failure } = lab.runs.get(runs[name].id);
    expect(failure).toMatchObject({ code: 'corrupt' });
    expect(said.err).toContain(failure?.message);
    await lab.close();
    await writeFile(join(folder, file), whole);
    vi.unstubAllEnvs();
  }, 90_000);
});

describe('an imported model with a damaged file', () => {
  it('answers nothing and is not exported', async () => {
    const folder = modelFolder(workspace, 'small');
    const read = async (): Promise<void> => {
      const network = await networkOfModel(await findModel(workspace, 'small'));
      await network.weights();
    };
    await read();
    const cards = new Set(['README.md', 'source-card.md']);
    const tried = await eachDamaged(folder, async (file) => {
      if (!cards.has(file)) await expectSaid(read(), file, /Delete .* and import the model again/);
      expect(await damagedPaths()).toEqual(['models/small']);
    });
    expect(tried).toBeGreaterThanOrEqual(6);
  }, 60_000);
});

describe('what is given away', () => {
  let trained: RunFolder;
  beforeAll(async () => {
    trained = await createRun(workspace, experimentOf(images));
    await trainRun(workspace, trained, { signal, prefetch: false });
  }, 60_000);

  it('is not imported again from an exported folder with a damaged file', async () => {
    const folder = join(tiny.folder, 'exported');
    const model = await findModel(workspace, 'small');
    await exportNetwork(workspace, { kind: 'model', model }, { folder, format: 'huggingface' });
    let number = 0;
    const tried = await eachDamaged(folder, async (file) => {
      const asked = importModel(workspace, `again-${(number += 1)}`, folder, { signal });
      await expectSaid(asked, file, /Export the model again, or copy it here again/);
    });
    expect(tried).toBeGreaterThanOrEqual(6);
    expect(await readdir(workspace.models)).toEqual(['small']);
  }, 60_000);

  it('is not opened from a bundle with a flipped bit anywhere, or without its end', async () => {
    const whole = join(tiny.folder, 'whole.zip');
    await createBundle(workspace, trained.id, { output: whole, data: 'hashes', signal, onProgress });
    const bytes = await readFile(whole);
    const other = await openWorkspace(join(tiny.folder, 'other'));
    const file = join(tiny.folder, 'damaged.zip');
    let refused = 0;
    for (let place = 0; place < 40; place++) {
      const damaged = Buffer.from(bytes);
      const at = Math.floor(((place + 0.5) / 40) * bytes.length);
      damaged.writeUInt8(damaged.readUInt8(at) ^ (1 << (place % 8)), at);
      await writeFile(file, damaged);
      const error = await openBundle(other, file, { signal, onProgress }).then(
        () => undefined,
        (reason: unknown) => reason,
      );
      if (error === undefined) break; // times and attributes of entries are not compared
      expect(error).toMatchObject({ code: 'corrupt', message: expect.stringContaining(file) });
      expect((error as LabError).message).toContain('Copy it here again');
      refused += 1;
    }
    expect(refused).toBe(40);
    await writeFile(file, bytes.subarray(0, bytes.length - 30));
    await expectSaid(openBundle(other, file, { signal, onProgress }), file, /Copy it here again/);
    expect(await readdir(other.runs)).toEqual([]);
  }, 60_000);

  it.each(['answers.json', 'scores.json'])('and what a run found out in %s has a seal', async (name) => {
    const copy = join(tiny.folder, `copy-${name}`);
    await cp(workspace.folder, copy, { recursive: true });
    const artifacts = join(copy, 'runs', trained.id, 'artifacts');
    expect((await stat(join(artifacts, name))).size).toBeGreaterThan(10);
    const bytes = await readFile(join(artifacts, name));
    await writeFile(join(artifacts, name), damages['a flipped bit']!(bytes)); // one of ours
    const checked = await pretextInProcess('--workspace', copy, 'check');
    expect(checked).toMatchObject({ code: 1, err: expect.stringContaining(`${name} is damaged`) });
  });
});
