// Event files beside a run: every number of its events, in a new file when it is taken up again, and none where nobody asked.
import { readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunEvent } from '../../../src/shared/spec/run/events.ts';
import { scalarRecord } from '../../../src/main/formats/tensorboard.ts';
import { createRun } from '../../../src/main/runs/create-run.ts';
import { prepareResume } from '../../../src/main/runs/resume-run.ts';
import { scalarsOf, tensorboardFolder } from '../../../src/main/runs/tensorboard-log.ts';
import { trainRun } from '../../../src/main/runs/train-run.ts';
import type { RunFolder } from '../../../src/main/workspace/run-folder.ts';
import { readHistograms } from '../../../src/main/workspace/histogram-records.ts';
import { readEventLog } from '../../../src/main/workspace/run-folder.ts';
import type { TinyWorkspace } from '../../tiny-workspace.ts';
import { createTinyWorkspace, tinyExperiment } from '../../tiny-workspace.ts';

const training = (more: string): string =>
  `training: {steps: 6, batchSize: 4, evaluateEvery: 3, checkpointEvery: 2, logEvery: 1${more}}`;
const wanted = tinyExperiment(training(', tensorboard: true'));
const unwanted = tinyExperiment(training(''));

let tiny: TinyWorkspace;
beforeAll(async () => {
  tiny = await createTinyWorkspace();
});
afterAll(() => tiny.remove());

async function train(run: RunFolder, stopAt = Infinity): Promise<void> {
  const stop = new AbortController();
  const onStep = (step: number): void => {
    if (step === stopAt) stop.abort();
  };
  await trainRun(tiny.workspace, run, { signal: stop.signal, prefetch: false, onStep });
}

const filesOf = async (run: RunFolder): Promise<Buffer[]> => {
  const names = (await readdir(tensorboardFolder(run))).sort();
  return Promise.all(names.map((name) => readFile(join(tensorboardFolder(run), name))));
};

function recordsOf(events: readonly RunEvent[]): readonly Uint8Array[] {
  return events.flatMap((event) => scalarsOf(event) ?? []).map((scalars) => scalarRecord(scalars));
}

/** How often a tag stands in a file: behind its length, which tells it from longer ones. */
function timesIn(file: Buffer, tag: string): number {
  const named = Buffer.concat([Buffer.of(tag.length), Buffer.from(tag)]);
  let times = 0;
  for (let at = file.indexOf(named); at >= 0; at = file.indexOf(named, at + 1)) times += 1;
  return times;
}

describe('event files of a run', () => {
  it('have all numbers of its events, and go on in another file', async () => {
    const run = await createRun(tiny.workspace, wanted);
    await train(run, 3);
    await train(run);
    const { events } = await readEventLog(run);
    const resumed = events.findIndex(({ type }) => type === 'resumed');
    const files = await filesOf(run);
    expect(files).toHaveLength(2);
    for (const [index, part] of [events.slice(0, resumed), events.slice(resumed)].entries()) {
      const scalars = recordsOf(part);
      expect(scalars.length).toBeGreaterThan(2);
      let at = 0;
      for (const scalar of scalars) {
        at = files[index]!.indexOf(scalar, at);
        expect(at).toBeGreaterThan(0);
      }
    }
    const { parameters } = await readHistograms(run);
    expect(parameters.length).toBeGreaterThan(10);
    const [first, second] = files;
    for (const parameter of parameters) {
      expect(timesIn(first!, `weights/${parameter}`)).toBe(1); // before the first step: stopped before the evaluation of the third
      expect(timesIn(first!, `gradients/${parameter}`)).toBe(0);
      expect(timesIn(second!, `weights/${parameter}`)).toBe(2);
      expect(timesIn(second!, `gradients/${parameter}`)).toBe(2);
    }
    const tags = events.flatMap((event) => Object.keys(scalarsOf(event)?.scalars ?? {}));
    expect(tags).toEqual(expect.arrayContaining(['training/loss', 'training/learningRate', 'validation/accuracy']));
  });

  it('are not there where nobody asked, and can be asked for when the run is taken up again', async () => {
    const run = await createRun(tiny.workspace, unwanted);
    await train(run, 3);
    await expect(readdir(run.folder)).resolves.not.toContain('tensorboard');
    await prepareResume(run, wanted);
    await train(run);
    expect(await filesOf(run)).toHaveLength(1);
  });

  it('that cannot be written are told once, and the run goes on', async () => {
    const run = await createRun(tiny.workspace, wanted);
    await writeFile(tensorboardFolder(run), 'in the way');
    await train(run);
    const { events } = await readEventLog(run);
    expect(events.map(({ type }) => type)).toContain('finished');
    expect(events.flatMap((event) => (event.type === 'notice' ? [event.message] : []))).toEqual([
      expect.stringContaining('The TensorBoard file cannot be written any more'),
    ]);
  });
});
