// The curves of a finished run as an event file: every number of its events, and nothing where there was no training.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { scalarRecord } from '../../../../src/main/formats/tensorboard.ts';
import { createRun } from '../../../../src/main/runs/create-run.ts';
import { exportNetwork, exportRun } from '../../../../src/main/runs/export/index.ts';
import { importModel } from '../../../../src/main/runs/import-model.ts';
import { scalarsOf } from '../../../../src/main/runs/tensorboard-log.ts';
import { trainRun } from '../../../../src/main/runs/train-run.ts';
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

it('holds every number of the events', async () => {
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
  const records = Buffer.concat(events.flatMap((event) => scalarsOf(event) ?? []).map(scalarRecord));
  expect(records.length).toBeGreaterThan(200);
  expect(written.subarray(-records.length).equals(records)).toBe(true);
});

it('is refused for a model of others', async () => {
  await importModel(tiny.workspace, 'minilm', fixture('minilm'), { signal });
  const model = await findModel(tiny.workspace, 'minilm');
  const request = { folder: join(tiny.folder, 'none'), format: 'tensorboard' };
  await expect(exportNetwork(tiny.workspace, { kind: 'model', model }, request)).rejects.toThrow(/not trained here/u);
});
