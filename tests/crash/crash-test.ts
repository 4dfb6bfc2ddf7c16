// Kills processes in the middle of what they do to a workspace, again and again, and looks each time whether anything is lost.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { randomStream } from '../../src/shared/random.ts';
import { verifyFiles } from '../../src/main/files/checksums.ts';
import { fileExists } from '../../src/main/files/file-exists.ts';
import { openLab } from '../../src/main/lab/lab.ts';
import { createRun } from '../../src/main/runs/create-run.ts';
import { taskNotes } from '../../src/main/runs/task-notes.ts';
import { trainRun } from '../../src/main/runs/train-run.ts';
import { editsOf } from '../../src/main/work/edit-dataset.ts';
import { importDataset } from '../../src/main/work/import-material.ts';
import { listCheckpoints } from '../../src/main/workspace/checkpoint-folders.ts';
import { runFolder } from '../../src/main/workspace/run-folder.ts';
import { listRuns } from '../../src/main/workspace/runs.ts';
import type { Workspace } from '../../src/main/workspace/workspace.ts';
import { openWorkspace } from '../../src/main/workspace/workspace.ts';
import { createTinyWorkspace, tinyDocument, tinyExperiment } from '../tiny-workspace.ts';
import { wrongWith } from './wrong-with.ts';

const operations = ['import', 'train', 'queue', 'reindex', 'export', 'label'] as const;
type Operation = (typeof operations)[number];

export interface CrashReport {
  readonly kills: number;
  /** Processes that came to their end before the call at which they were to be killed. */
  readonly survived: number;
  readonly byOperation: Readonly<Record<string, number>>;
  /** What was found wrong, each with the kill after which it was. Empty, if all is as promised. */
  readonly lost: readonly string[];
}

const victim = fileURLToPath(new URL('victim.ts', import.meta.url));
const training =
  'training: {steps: 12, batchSize: 4, evaluateEvery: 4, checkpointEvery: 3, keepCheckpoints: 1, logEvery: 2}';

interface Ended {
  readonly killed: boolean;
  readonly said: readonly Record<string, unknown>[];
}

async function perform(
  operation: Operation,
  { folder }: Workspace,
  killAt: number,
  ids: readonly string[],
): Promise<Ended> {
  const child = fork(victim, [operation, folder, String(killAt), ...ids], {
    execArgv: ['--disable-warning=ExperimentalWarning'],
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  let text = '';
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  if (signal === null && code !== 0) throw new Error(`${operation} failed with the code ${code}`);
  const lines = text.split('\n').filter((line) => line !== '');
  return { killed: signal === 'SIGKILL', said: lines.map((line) => JSON.parse(line) as Record<string, unknown>) };
}

/** Kills `kills` processes at calls that are drawn with the seed; a fresh copy of one workspace for each kind of work. */
export async function crashTest(kills: number, seed: number, tell: (line: string) => void): Promise<CrashReport> {
  const random = randomStream(seed, 0);
  const tiny = await createTinyWorkspace();
  const scratch = await mkdtemp(join(tmpdir(), 'pretext-crash-'));
  const lost: string[] = [];
  const byOperation: Record<string, number> = {};
  let killed = 0;
  let survived = 0;
  try {
    const finished = await createRun(tiny.workspace, tinyExperiment(training));
    await trainRun(tiny.workspace, finished, { signal: new AbortController().signal, prefetch: false });
    const waiting: string[] = [];
    for (let run = 0; run < 3; run++) {
      waiting.push((await createRun(tiny.workspace, tinyExperiment(training))).id);
    }
    const weightsOf = (workspace: Workspace, id: string): Promise<Buffer> =>
      readFile(join(workspace.runs, id, 'checkpoints', 'step-12', 'model.safetensors'));
    const reference = await weightsOf(tiny.workspace, finished.id);
    await cp(join(tiny.folder, 'text'), join(scratch, 'text'), { recursive: true });
    await importLabelled(tiny.workspace, join(scratch, 'labelled.csv'));
    let copies = 0;
    const freshWorkspace = async (): Promise<Workspace> => {
      const folder = join(scratch, `workspace-${(copies += 1)}`);
      await cp(tiny.workspace.folder, folder, { recursive: true });
      return openWorkspace(folder);
    };
    const idsFor = (operation: Operation): string[] => (operation === 'export' ? [finished.id] : waiting);

    const callsOf = new Map<Operation, number>();
    let allLabelled: unknown;
    for (const operation of operations) {
      const workspace = await freshWorkspace();
      const { said } = await perform(operation, workspace, -1, idsFor(operation));
      callsOf.set(operation, Number(said.at(-1)?.calls));
      if (operation === 'label') allLabelled = said.at(-2)?.contentHash;
      await rm(workspace.folder, { recursive: true, force: true });
    }
    tell(`calls to the file system: ${[...callsOf].map(([name, calls]) => `${name} ${calls}`).join(', ')}`);

    for (let round = 0; killed < kills; round++) {
      const operation: Operation = operations[round % operations.length] ?? 'train';
      const workspace = await freshWorkspace();
      const ids = idsFor(operation);
      const killAt = random.integer(callsOf.get(operation) ?? 1);
      const problem = (what: string): void => {
        lost.push(`${operation}, killed at call ${killAt}: ${what}`);
      };
      const first = await perform(operation, workspace, killAt, ids);
      if (first.killed) killed += 1;
      else survived += 1;
      byOperation[operation] = (byOperation[operation] ?? 0) + 1;
      for await (const wrong of wrongWith(workspace)) problem(wrong);
      const said = first.said;

      if (operation === 'queue') {
        const orders = ordersIn(said);
        const lab = await openLab({
          folder: workspace.folder,
          host: 'command-line',
          tasks: taskNotes,
          processes: { startTrainer: fail, startWorker: fail },
          queue: { trains: false },
        });
        const found = lab.queue.state().order.join();
        await lab.close();
        // The change that was under way may be there already.
        const known = await perform('queue', await freshWorkspace(), -1, ids);
        const possible = known.said.flatMap(({ order }) => (Array.isArray(order) ? [order.map(String).join()] : []));
        const next = possible[orders.length];
        const acknowledged = orders.at(-1) ?? '';
        if (found !== acknowledged && found !== next) problem(`the order is '${found}', not '${acknowledged}'`);
      }
      if (operation === 'train') {
        const run = runFolder(join(workspace.runs, ids[0] ?? ''));
        const acknowledged = Math.max(0, ...said.map(({ checkpoint }) => Number(checkpoint ?? 0)));
        const last = (await listCheckpoints(run.checkpoints)).at(-1) ?? 0;
        if (last < acknowledged) problem(`the checkpoint of step ${acknowledged} is gone`);
        // It goes on, is killed once more, and comes to its end.
        const second = await perform('train', workspace, random.integer(callsOf.get('train') ?? 1), ids);
        if (second.killed) killed += 1;
        for await (const wrong of wrongWith(workspace)) problem(`after the second kill, ${wrong}`);
        if (second.killed) await perform('train', workspace, -1, ids);
        if (!(await weightsOf(workspace, run.id)).equals(reference)) problem('the weights are other ones');
      }
      if (operation === 'import' || operation === 'export') {
        const target = join(workspace.folder, operation === 'import' ? join('corpora', 'imported') : 'exported');
        const isThere = await fileExists(target);
        if (isThere) await verifyFiles(target).catch((error: unknown) => problem(String(error)));
        if (said.some((one) => 'imported' in one || 'exported' in one) && !isThere) problem('it is gone');
        if (!isThere) await perform(operation, workspace, -1, ids); // nothing is in the way of another try
      }
      if (operation === 'reindex') {
        await perform('reindex', workspace, -1, ids);
        const { runs } = await listRuns(workspace);
        if (runs.length !== 4) problem(`${runs.length} runs of 4 are there`);
      }
      if (operation === 'label') {
        const acknowledged = Math.max(0, ...said.map(({ labelled }) => Number(labelled ?? 0)));
        const { edits } = await editsOf({ workspace }, { name: 'labelled' });
        // The label that was under way may be there already.
        if (edits.length < acknowledged || edits.length > acknowledged + 1) {
          problem(`${edits.length} labels are there, not ${acknowledged}`);
        }
        await perform('label', workspace, -1, ids);
        const { contentHash } = await editsOf({ workspace }, { name: 'labelled' });
        if (contentHash !== allLabelled) problem('the labels are other ones');
        for await (const wrong of wrongWith(workspace)) problem(`when it is labelled, ${wrong}`);
      }
      await rm(workspace.folder, { recursive: true, force: true });
      if (round % 10 === 9) tell(`${killed} kills, ${lost.length} losses`);
    }
  } finally {
    await tiny.remove();
    await rm(scratch, { recursive: true, force: true });
  }
  return { kills: killed, survived, byOperation, lost };
}

/** The orders of the queue that were acknowledged, one after the other. */
function ordersIn(said: Ended['said']): readonly string[] {
  const orders: string[] = [];
  for (const { order } of said) if (Array.isArray(order)) orders.push(order.map(String).join());
  return orders;
}

/** Eight texts in two classes, of which four are put into the other one. */
async function importLabelled(workspace: Workspace, table: string): Promise<void> {
  const rows = Array.from(
    { length: 8 },
    (_, row) => `${tinyDocument(row).slice(0, 40)},${row % 2 === 0 ? 'even' : 'odd'}`,
  );
  await writeFile(table, ['text,label', ...rows].join('\n'));
  await importDataset(workspace, 'labelled', { sources: [table] });
}

function fail(): never {
  throw new Error('no process is started here');
}
