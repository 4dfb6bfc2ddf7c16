// The curves of a finished run as an event file: every number of its events, its histograms, and nothing where there was no training.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { histogramEventRecord, scalarRecord } from '../../../../src/main/formats/tensorboard.ts';
import { createRun } from '../../../../src/main/runs/create-run.ts';
import { exportNetwork, exportRun } from '../../../../src/main/runs/export/index.ts';
import { importModel } from '../../../../src/main/runs/import-model.ts';
import { histogramsOf, scalarsOf } from '../../../../src/main/runs/tensorboard-log.ts';
import { trainRun } from '../../../../src/main/runs/train-run.ts';
import { readHistograms } from '../../../../src/main/workspace/histogram-records.ts';
import { findModel } from '../../../../src/main/workspace/models.ts';
import { readEventLog } from '../../../../src/main/workspace/run-folder.ts';
import { createTinyWorkspace, tinyExperiment } from '../../../tiny-workspace.ts';
import type { TinyWorkspace } from '../../../tiny-workspace.ts';
import { fixture } from '../../models/recorded.ts';

let tiny: TinyWorkspace;
const { signal } = new AbortController();
beforeAll(async () => {
  tiny = await createTinyWorkspace();
});
afterAll(() => tiny.remove());

it('holds every number of the events, and histograms at their evaluations', async () => {
  const run = await createRun(tiny.workspace, tinyExperiment());
  await trainRun(tiny.workspace, run, { signal, prefetch: false });
  const { folder, files } = await exportRun(tiny.workspace, run, {
    folder: join(tiny.folder, 'curves'),
    format: 'tensorboard',
  });
  const [file] = files;
  expect(file).toMatch(/^events\.out\.tfevents\.\d+\./u);
  const written = await readFile(join(folder, file!));
  const { events } = await readEventLog(run);
  const course = await readHistograms(run);
  const histograms = (step: number, time: number): Uint8Array[] => {
    const records = course.records.filter((record) => record.step === step);
    return records.length === 0 ? [] : [histogramEventRecord(histogramsOf(time, step, records))];
  };
  const records = events.flatMap((event) => [
    ...(event.type === 'created' ? histograms(0, event.time) : []),
    ...[scalarsOf(event) ?? []].flat().map(scalarRecord),
    ...(event.type === 'evaluation' && event.split === 'validation' ? histograms(event.step, event.time) : []),
  ]);
  const all = Buffer.concat(records);
  expect(all.length).toBeGreaterThan(20_000);
  expect(written.subarray(-all.length).equals(all)).toBe(true);
});

it('is refused for a model of others', async () => {
  await importModel(tiny.workspace, 'minilm', fixture('minilm'), { signal });
  const model = await findModel(tiny.workspace, 'minilm');
  const request = { folder: join(tiny.folder, 'none'), format: 'tensorboard' };
  await expect(exportNetwork(tiny.workspace, { kind: 'model', model }, request)).rejects.toThrow(/not trained here/u);
});
