// Bits that flip on the disk: nothing is trained, continued, asked or exported with them, `check` names each of them, and a damaged
// checkpoint leads back to the one before it, and on to the same bits.
import { cp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { readChecksums } from '../../../src/main/files/checksums.ts';
import { createRun } from '../../../src/main/runs/create-run.ts';
import { exportRun } from '../../../src/main/runs/export/index.ts';
import { openPredictor } from '../../../src/main/runs/predict.ts';
import { trainRun } from '../../../src/main/runs/train-run.ts';
import { checkWorkspace } from '../../../src/main/training/check-workspace.ts';
import { goBackTo } from '../../../src/main/training/going-back.ts';
import type { RunFolder } from '../../../src/main/workspace/run-folder.ts';
import { readEventLog, runFolder } from '../../../src/main/workspace/run-folder.ts';
import { readRun } from '../../../src/main/workspace/runs.ts';
import type { Workspace } from '../../../src/main/workspace/workspace.ts';
import { openWorkspace } from '../../../src/main/workspace/workspace.ts';
import { interceptFiles } from '../../intercepted-files.ts';
import type { TinyWorkspace } from '../../tiny-workspace.ts';
import { createTinyWorkspace, tinyExperiment } from '../../tiny-workspace.ts';

const never = new AbortController().signal;
const training = 'training: {steps: 12, batchSize: 4, evaluateEvery: 4, checkpointEvery: 4, keepCheckpoints: 5}';

let tiny: TinyWorkspace;
/** A finished run, and one that was stopped after step 8. */
let finished: string;
let stopped: string;
/** Of this test alone. */
let workspace: Workspace;
let copies = 0;

beforeAll(async () => {
  tiny = await createTinyWorkspace();
  const whole = await createRun(tiny.workspace, tinyExperiment(training));
  await trainRun(tiny.workspace, whole, { signal: never, prefetch: false });
  const part = await createRun(tiny.workspace, tinyExperiment(training));
  const stop = new AbortController();
  const onStep = (step: number): void => {
    if (step === 8) stop.abort();
  };
  await trainRun(tiny.workspace, part, { signal: stop.signal, prefetch: false, onStep });
  [finished, stopped] = [whole.id, part.id];
});
afterAll(() => tiny.remove());
beforeEach(async () => {
  const folder = join(tiny.folder, `copy-${(copies += 1)}`); // material is compared once by its path
  await cp(tiny.workspace.folder, folder, { recursive: true });
  workspace = await openWorkspace(folder);
});

const run = (id: string): RunFolder => runFolder(join(workspace.runs, id));

/** One bit somewhere in the middle, never the first ones: what is no JSON any more was found before, too. */
async function flip(file: string, place = 0.6): Promise<void> {
  const bytes = await readFile(file);
  const at = Math.floor(bytes.length * place);
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  await writeFile(file, bytes);
}

async function damagedFolders(): Promise<string[]> {
  const found: string[] = [];
  for await (const { path, state } of checkWorkspace(workspace, never)) if (state === 'damaged') found.push(path);
  return found;
}

describe('a bit that flips', () => {
  it.each([
    'checkpoints/step-12/model.safetensors',
    'checkpoints/step-12/state.json',
    'spec.json',
    'artifacts/facts.json',
    'artifacts/tokenizer.json',
  ])('in %s is found before the run answers or is exported', async (file) => {
    await flip(join(run(finished).folder, file));
    // Which one is the best stands in state.json.
    const checkpoint = file.endsWith('state.json') ? 'best' : 'last';
    await expect(openPredictor(run(finished), checkpoint)).rejects.toMatchObject({ code: 'corrupt' });
    const request = { folder: join(tiny.folder, 'exported'), format: 'onnx', checkpoint } as const;
    await expect(exportRun(workspace, run(finished), request)).rejects.toMatchObject({ code: 'corrupt' });
    expect(await readdir(tiny.folder)).not.toContain('exported');
    expect(await damagedFolders()).toHaveLength(1);
  });

  it.each(['spec.json', 'artifacts/origin.json', 'artifacts/tokenizer.json'])(
    'in %s is found before the run goes on',
    async (file) => {
      await flip(join(run(stopped).folder, file));
      await expect(trainRun(workspace, run(stopped), { signal: never })).rejects.toMatchObject({ code: 'corrupt' });
    },
  );

  it('in a file of the corpus is found before anything is learned from it', async () => {
    const corpus = join(workspace.corpora, 'tiny');
    const files = await readdir(corpus);
    expect(files.length).toBeGreaterThan(4);
    for (const name of files.filter((one) => one !== 'SHA256SUMS' && one !== 'manifest.json')) {
      if ((await stat(join(corpus, name))).size === 0) continue;
      await flip(join(corpus, name));
      const begun = run(stopped);
      await expect(trainRun(workspace, begun, { signal: never }), name).rejects.toMatchObject({
        code: 'corrupt',
        message: expect.stringContaining(name),
      });
      await flip(join(corpus, name));
    }
  });

  it('is looked for once in a process, however many runs learn from the same data', async () => {
    const filesOpened = async (): Promise<ReadonlyMap<string, number>> => {
      const opened = new Map<string, number>();
      const again = await createRun(workspace, tinyExperiment(training));
      const restore = await interceptFiles(workspace.corpora, ({ name, path }) => {
        if (name === 'open') opened.set(path, (opened.get(path) ?? 0) + 1);
      });
      await trainRun(workspace, again, { signal: never, prefetch: false }).finally(restore);
      return opened;
    };
    const [first, second] = [await filesOpened(), await filesOpened()];
    const files = [...((await readChecksums(join(workspace.corpora, 'tiny'))) ?? new Map<string, string>()).keys()];
    expect(files.length).toBeGreaterThan(3);
    for (const name of files) {
      const file = join(workspace.corpora, 'tiny', name);
      expect(first.get(file) ?? 0, name).toBe((second.get(file) ?? 0) + 1);
    }
  });

  it('in the result is not believed, and in an event it is told', async () => {
    await flip(run(finished).result);
    await expect(readRun(run(finished))).rejects.toMatchObject({ code: 'corrupt' });
    await flip(run(finished).result);
    const whole = await readEventLog(run(finished));
    await flip(run(finished).events, 0.5);
    const { events, damaged } = await readEventLog(run(finished));
    expect(damaged).toBe(1);
    expect(events).toHaveLength(whole.events.length - 1);
    expect((await readRun(run(finished))).damagedEvents).toBe(1);
    expect(await damagedFolders()).toEqual([`runs/${finished}`]);
  });
});

describe('a damaged checkpoint', () => {
  it.each(['model.safetensors', 'optimizer.safetensors', 'state.json'])(
    'with a flipped bit in %s names the one before it, which leads to the same bits',
    async (file) => {
      const { id, checkpoints } = run(stopped);
      await flip(join(checkpoints, 'step-8', file));
      await expect(trainRun(workspace, run(stopped), { signal: never })).rejects.toMatchObject({
        code: 'corrupt',
        message: expect.stringContaining(`pretext run ${id} --resume --checkpoint 4`),
        details: { before: 4 },
      });
      expect((await readRun(run(stopped))).events.at(-1)).toMatchObject({ type: 'failed', code: 'corrupt', before: 4 });
      await goBackTo(id, checkpoints, 4);
      await trainRun(workspace, run(stopped), { signal: never, prefetch: false });
      const weights = (of: string): Promise<Buffer> =>
        readFile(join(run(of).checkpoints, 'step-12', 'model.safetensors'));
      expect((await weights(stopped)).equals(await weights(finished))).toBe(true);
    },
  );

  it('is the only reason to go back', async () => {
    const { id, checkpoints } = run(stopped);
    await expect(goBackTo(id, checkpoints, 4)).rejects.toMatchObject({ code: 'conflict' });
    await expect(goBackTo(id, checkpoints, 5)).rejects.toMatchObject({ code: 'not-found' });
    await flip(join(checkpoints, 'step-4', 'model.safetensors'));
    await expect(goBackTo(id, checkpoints, 4)).rejects.toMatchObject({ code: 'corrupt' });
    expect((await readdir(checkpoints)).sort()).toEqual(['step-4', 'step-8']);
  });
});

describe('a workspace', () => {
  it('is whole as it was written, and of older labs it is said that nothing is known', async () => {
    const found = [];
    for await (const folder of checkWorkspace(workspace, never)) found.push(folder);
    expect(found.filter(({ state }) => state !== 'whole')).toEqual([]);
    expect(found.map(({ path }) => path)).toEqual(
      expect.arrayContaining(['corpora/tiny', `runs/${finished}`, `runs/${finished}/checkpoints/step-12`]),
    );
    await rm(join(run(finished).folder, 'SHA256SUMS'));
    await rm(join(workspace.corpora, 'tiny', 'SHA256SUMS'));
    const states = new Map<string, string>();
    for await (const { path, state } of checkWorkspace(workspace, never)) states.set(path, state);
    expect(states.get(`runs/${finished}`)).toBe('not verified');
    expect(states.get('corpora/tiny')).toBe('not verified');
    const predictor = await openPredictor(run(finished));
    await predictor.close();
  });
});
