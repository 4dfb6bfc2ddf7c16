// The desktop lab whose program is killed while a run trains: its trainers end with it, as Electron's do, and what they had saved is there.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, inject, it, onTestFinished, vi } from 'vitest';
import { whenEnded } from '../../scripts/processes.ts';
import { verifyFiles } from '../../src/main/files/checksums.ts';
import { createRun } from '../../src/main/runs/create-run.ts';
import { trainRun } from '../../src/main/runs/train-run.ts';
import { listCheckpoints } from '../../src/main/workspace/checkpoint-folders.ts';
import type { RunFolder } from '../../src/main/workspace/run-folder.ts';
import { readEvents } from '../../src/main/workspace/run-folder.ts';
import { createTinyWorkspace, tinyExperiment } from '../tiny-workspace.ts';
import type { TinyWorkspace } from '../tiny-workspace.ts';

/** Two programs, two browsers and two trainers start, one after the other. */
const patience = { timeout: 280_000, interval: 200 };
const program = fileURLToPath(new URL('desktop-program.ts', import.meta.url));
const training = 'training: {steps: 600, batchSize: 4, evaluateEvery: 600, checkpointEvery: 20, keepCheckpoints: 100}';
let tiny: TinyWorkspace;
let run: RunFolder;

beforeAll(async () => {
  tiny = await createTinyWorkspace();
  run = await createRun(tiny.workspace, tinyExperiment(training, 'killed'));
  await mkdir(join(tiny.folder, 'settings'));
});
afterAll(() => tiny.remove());

interface Desktop {
  /** What the page has said of the run, one after the other. */
  readonly states: readonly string[];
  /** With all that it has started, at once and without a warning. */
  kill(): Promise<void>;
}

function openDesktop(button: string): Desktop {
  const child: ChildProcess = spawn(
    process.execPath,
    [
      '--disable-warning=ExperimentalWarning',
      ...[program, inject('built'), join(tiny.folder, 'settings'), `/runs/${run.id}`, button],
    ],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
      detached: true, // a group of its own
      env: {
        ...process.env,
        PRETEXT_SETTINGS: join(tiny.folder, 'settings'),
        PRETEXT_WORKSPACE: tiny.workspace.folder,
      },
    },
  );
  const states: string[] = [];
  createInterface({ input: child.stdout! }).on('line', (line) => {
    states.push((JSON.parse(line) as { state: string }).state);
  });
  const kill = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) {
      const ended = once(child, 'exit');
      process.kill(-(child.pid ?? 0), 'SIGKILL');
      await ended;
    }
    await whenEnded(({ group }) => group === child.pid);
  };
  onTestFinished(kill);
  return { states, kill };
}

describe.skipIf(process.platform === 'win32')('the desktop lab that is killed', () => {
  it('has its run again from the last checkpoint, to the same bits', async () => {
    const first = openDesktop('Start');
    await vi.waitFor(async () => {
      expect(await listCheckpoints(run.checkpoints)).not.toEqual([]);
    }, patience);
    await first.kill();
    const kept = await listCheckpoints(run.checkpoints);
    const events = await readEvents(run);
    expect(events.map(({ type }) => type)).not.toContain('finished');
    const acknowledged = events.flatMap(({ type, step }) => (type === 'checkpoint' ? [step] : []));
    expect(kept).toEqual(expect.arrayContaining(acknowledged));
    for (const step of kept) await verifyFiles(join(run.checkpoints, `step-${step}`));

    const second = openDesktop('Resume');
    await vi.waitFor(() => {
      expect(second.states.at(-1)).toMatch(/Finished/);
    }, patience);
    expect(second.states[0]).toMatch(/Interrupted/);
    const resumed = (await readEvents(run)).filter(({ type }) => type === 'resumed');
    expect(resumed.map(({ step }) => step)).toEqual([kept.at(-1)]);
    await second.kill();

    const undisturbed = await createRun(tiny.workspace, tinyExperiment(training, 'killed'));
    await trainRun(tiny.workspace, undisturbed, { signal: new AbortController().signal, prefetch: false });
    const weightsOf = ({ checkpoints }: RunFolder) => readFile(join(checkpoints, 'step-600', 'model.safetensors'));
    expect((await weightsOf(run)).equals(await weightsOf(undisturbed))).toBe(true);
  });
});
