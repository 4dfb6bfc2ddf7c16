// Bundles: a run with what it stands on goes into another lab and says the same there, bit for bit.
import { cp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { VerifiedRow } from '../../../src/main/runs/bundle/agreement.ts';
import { createBundle } from '../../../src/main/runs/bundle/create.ts';
import { openBundle } from '../../../src/main/runs/bundle/open.ts';
import { verifyBundle } from '../../../src/main/runs/bundle/verify.ts';
import { createRun } from '../../../src/main/runs/create-run.ts';
import { parseExperiment } from '../../../src/main/runs/experiment.ts';
import { parseSpecText } from '../../../src/main/runs/spec-file.ts';
import { trainRun } from '../../../src/main/runs/train-run.ts';
import { importCorpus, importDataset } from '../../../src/main/work/import-material.ts';
import type { RunFolder } from '../../../src/main/workspace/run-folder.ts';
import { runFolder } from '../../../src/main/workspace/run-folder.ts';
import { readRun } from '../../../src/main/workspace/runs.ts';
import type { Workspace } from '../../../src/main/workspace/workspace.ts';
import { openWorkspace } from '../../../src/main/workspace/workspace.ts';
import type { TinyWorkspace } from '../../tiny-workspace.ts';
import { createTinyWorkspace, tinyDocument, tinyExperiment, writeTinyText } from '../../tiny-workspace.ts';

const signal = new AbortController().signal;
const quiet = { signal, onProgress: () => undefined };
const asked = { signal, onPhase: () => undefined };

let tiny: TinyWorkspace;
let pretrained: RunFolder;
let tuned: RunFolder;
let bundle: string;
let other: Workspace;
let others = 0;

const place = (name: string): string => join(tiny.folder, name);

beforeAll(async () => {
  tiny = await createTinyWorkspace();
  const rows = Array.from({ length: 60 }, (_, index) => {
    const text = tinyDocument(index).split(' ').slice(0, 4).join(' ');
    return JSON.stringify({ text, label: /cat|dog|bird/.test(text) ? 'animal' : 'other' });
  });
  await writeFile(place('animals.jsonl'), rows.join('\n'));
  await importDataset(tiny.workspace, 'animals', { sources: [place('animals.jsonl')] });
  const training =
    'training: {steps: 6, batchSize: 4, learningRate: 1e-2, evaluateEvery: 3, checkpointEvery: 2, logEvery: 1}';
  pretrained = await createRun(tiny.workspace, tinyExperiment(training));
  await trainRun(tiny.workspace, pretrained, { signal, prefetch: false });
  const spec = `
name: tuned
task: {type: text-classification, length: 16}
data: animals
from: {run: ${pretrained.id}}
pipeline: {preset: bert-tiny, options: {layers: 2, hiddenSize: 8, heads: 2, maximumLength: 16}}
engine: {threads: 1}
${training}`;
  tuned = await createRun(tiny.workspace, parseExperiment(parseSpecText(spec, 'tuned.yaml')));
  await trainRun(tiny.workspace, tuned, { signal, prefetch: false });
  bundle = place('tuned.zip');
  await createBundle(tiny.workspace, 'tuned', { ...quiet, output: bundle, data: 'include' });
});
afterAll(() => tiny.remove());
beforeEach(async () => {
  other = await openWorkspace(place(`other-${(others += 1)}`));
});

describe('a bundle of a run', () => {
  it('brings the run, the one that its weights come from, and their data into another lab', async () => {
    const opened = await openBundle(other, bundle, quiet);
    expect(opened).toMatchObject({ known: [], renamed: [], missing: [] });
    expect([...opened.added].sort()).toEqual(
      ['corpora/tiny', 'datasets/animals', `runs/${pretrained.id}`, `runs/${tuned.id}`].sort(),
    );
    expect((await readRun(runFolder(join(other.runs, tuned.id)))).result).toEqual((await readRun(tuned)).result);
    for (const path of ['checkpoints/step-6/model.safetensors', 'events.jsonl']) {
      const there = await readFile(join(other.runs, tuned.id, path));
      expect(there.equals(await readFile(join(tuned.folder, path)))).toBe(true);
    }
    const again = await openBundle(other, bundle, quiet);
    expect(again.added).toEqual([]);
    expect(again.known).toHaveLength(4);
    await expect(readdir(other.folder)).resolves.not.toContainEqual(expect.stringMatching(/^\./));
  });

  it('says the same numbers and bits when it is evaluated and trained again', async () => {
    const { rows, files, differences } = await verifyBundle(bundle, { ...asked, train: true });
    expect(files).toBeGreaterThan(20);
    expect(differences).toEqual([]);
    expect(rows.filter(({ agreement }) => agreement !== 'same bits')).toEqual([]);
    const checked = rows.map(({ run, what }) => `${run} ${what}`);
    for (const run of [pretrained.id, tuned.id]) {
      expect(checked).toEqual(
        expect.arrayContaining([
          `${run} validation loss`,
          `${run} test loss`,
          `${run} training loss, 6 points to step 6`,
          `${run} test loss after training`,
          expect.stringMatching(`${run} weights of step \\d after training`),
        ]),
      );
    }
  });

  it('says what trials reach and choose when it is trained again, and trains its beginning with what they chose', async () => {
    const spec = {
      ...(await readRun(tuned)).experiment,
      ...{ name: 'chosen', tune: { settings: { 'training.learningRate': [1e-3, 1e-2] } } },
    };
    const run = await createRun(tiny.workspace, parseExperiment({ value: spec, locate: () => 'chosen' }));
    await trainRun(tiny.workspace, run, { signal, prefetch: false });
    const file = place('chosen.zip');
    await createBundle(tiny.workspace, run.id, { ...quiet, output: file, data: 'include' });
    const own = async (options: object): Promise<readonly VerifiedRow[]> => {
      const { rows } = await verifyBundle(file, { ...asked, train: true, ...options });
      expect(rows.filter(({ agreement }) => agreement !== 'same bits')).toEqual([]);
      return rows.filter((row) => row.run === run.id);
    };
    const { chosen } = JSON.parse(await readFile(run.tuning, 'utf8')) as { chosen: Record<string, number> };
    const whole = await own({});
    expect(whole.filter(({ what }) => what.includes('of the trial with'))).toHaveLength(2);
    expect(whole).toContainEqual({
      ...{ run: run.id, what: 'settings that trials chose', agreement: 'same bits' },
      recorded: `training.learningRate=${chosen['training.learningRate']}`,
      found: `training.learningRate=${chosen['training.learningRate']}`,
    });
    expect(whole.map(({ what }) => what)).toContain('test loss after training');
    const beginning = (await own({ steps: 2 })).map(({ what }) => what);
    expect(beginning).toContain('training loss, 2 points to step 2');
    expect(beginning.filter((what) => what.includes('trial'))).toEqual([]);
  });

  it('with hashes alone is verified with the data of a lab that has it, and says what it lacks without', async () => {
    const file = place('hashes.zip');
    const { manifest } = await createBundle(tiny.workspace, tuned.id, { ...quiet, output: file, data: 'hashes' });
    expect(Object.keys(manifest.files).filter((path) => /^(corpora|datasets)/.test(path))).toEqual([]);
    const here = await verifyBundle(file, { ...asked, workspace: tiny.workspace, train: true, steps: 2 });
    expect(here.rows.every(({ agreement }) => agreement === 'same bits')).toBe(true);
    expect(here.rows.map(({ what }) => what)).toContain('training loss, 2 points to step 2');
    const elsewhere = await verifyBundle(file, { ...asked, workspace: other });
    expect(elsewhere.rows).toEqual([
      expect.objectContaining({
        run: pretrained.id,
        agreement: 'not checked',
        reason: expect.stringContaining("'tiny'"),
      }),
      expect.objectContaining({
        run: tuned.id,
        agreement: 'not checked',
        reason: expect.stringContaining("'animals'"),
      }),
    ]);
    expect((await openBundle(other, file, quiet)).missing).toEqual(["the corpus 'tiny'", "the dataset 'animals'"]);
  });

  it('tells numbers that are not what its weights give', async () => {
    const changed = place('changed');
    await cp(tiny.workspace.folder, changed, { recursive: true });
    const run = runFolder(join(changed, 'runs', tuned.id));
    const result = JSON.parse(await readFile(run.result, 'utf8')) as { test: { metrics: { accuracy: number } } };
    result.test.metrics.accuracy += 0.25;
    await rm(join(run.folder, 'SHA256SUMS'));
    await writeFile(run.result, JSON.stringify(result));
    const file = place('changed.zip');
    await createBundle(await openWorkspace(changed), tuned.id, { ...quiet, output: file, data: 'include' });
    const { rows } = await verifyBundle(file, asked);
    expect(rows.filter(({ agreement }) => agreement === 'different')).toEqual([
      expect.objectContaining({ run: tuned.id, what: 'test accuracy' }),
    ]);
  });

  it('comes in beside material of the same name, and does not touch it', async () => {
    await writeTinyText(join(other.folder, 'text'), 12);
    await importCorpus(other, 'tiny', { sources: [join(other.folder, 'text')], tokenizer: { vocabularySize: 60 } });
    const before = await readFile(join(other.corpora, 'tiny', 'manifest.json'), 'utf8');
    const opened = await openBundle(other, bundle, quiet);
    expect(opened.renamed).toEqual([{ from: 'tiny', to: 'tiny-2' }]);
    expect(await readFile(join(other.corpora, 'tiny', 'manifest.json'), 'utf8')).toBe(before);
    const { experiment, origin } = await readRun(runFolder(join(other.runs, pretrained.id)));
    expect([experiment.data, origin.data.name]).toEqual(['tiny-2', 'tiny-2']);
    const file = join(other.folder, 'again.zip');
    await createBundle(other, tuned.id, { ...quiet, output: file, data: 'include' });
    const { rows } = await verifyBundle(file, asked);
    expect(rows.every(({ agreement }) => agreement === 'same bits')).toBe(true);
  });
});

describe('a bundle that cannot be written', () => {
  it.each([
    ['tuned', 'tuned.zip', 'exists already'],
    ['tuned', 'tuned.tar', 'name a .zip file'],
    ['tuned', 'missing/t.zip', 'cannot be written'],
    ['tunde', 't.zip', "Did you mean 'tuned'"],
  ])('%s %s', async (reference, name, message) => {
    const before = await readdir(tiny.folder);
    const made = createBundle(tiny.workspace, reference, { ...quiet, output: place(name), data: 'include' });
    await expect(made).rejects.toThrow(message);
    expect(await readdir(tiny.folder)).toEqual(before);
  });
});
