/**
 * What a node of a cluster does for a study: it takes cells that nobody works on, trains their runs, and says in the shared folder
 * which are done. Any number of nodes work side by side without talking to each other; one that is killed is forgotten when its claims
 * give no more signs of life, and what it had begun goes on from its last checkpoint, to the same bits.
 */
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { isLabError, LabError, messageOf } from '../../../shared/errors.ts';
import { replaceFile } from '../../files/durable-file.ts';
import { fileExists } from '../../files/file-exists.ts';
import { ownerOfLock, takeLock } from '../../files/process-lock.ts';
import { readJson, runFolder, runOrigin } from '../../workspace/run-folder.ts';
import type { RunFolder } from '../../workspace/run-folder.ts';
import type { CellContent, WorkCell, WorkFolder, WorkPlan, WorkState } from '../../workspace/work-folder.ts';
import { isLeftOut, readCell, readFutility, readPlan, readWorkState, seedPlace } from '../../workspace/work-folder.ts';
import type { Workspace } from '../../workspace/workspace.ts';
import { createRun } from '../create-run.ts';
import { trainRun } from '../train-run.ts';
import { judgeFutility } from './futility.ts';

export interface WorkOptions {
  readonly workspace: Workspace;
  readonly folder: WorkFolder;
  /** Which of how many nodes this is: it begins with its own share of the cells, and helps with the others afterwards. */
  readonly index: number;
  readonly count: number;
  /** Stops at a checkpoint. */
  readonly signal: AbortSignal;
  /** Whether it waits for the cells of other nodes, to take those that are lost. */
  readonly stay?: boolean;
  readonly onCell?: (cell: WorkCell, outcome: CellOutcome | 'begun', message?: string) => void;
  readonly pollMilliseconds?: number;
}

export type CellOutcome = 'done' | 'failed' | 'stopped' | 'taken';

export interface WorkReport {
  readonly trained: number;
  readonly failed: number;
  /** Cells of the study that are neither done nor failed nor left out. */
  readonly left: number;
  /** Why before all was done: by a signal, because a person has cancelled the study, or because more seeds would show nothing. */
  readonly stopped: 'signal' | 'cancelled' | 'futility' | null;
}

/** A node on which so many runs fail one after the other is at fault itself, and would take every cell to fail it. */
const patience = 3;

/** Throws `LabError`: the plan cannot be read, the disk is full, or the node cannot train. */
export async function work(options: WorkOptions): Promise<WorkReport> {
  const { folder, index, count, stay = false, onCell, pollMilliseconds = 2000 } = options;
  const plan = await readPlan(folder);
  const { cells } = plan;
  const own = new Set(cells.filter((_, place) => place % count === index).map(({ key }) => key));
  const ownFirst = [...cells.filter(({ key }) => own.has(key)), ...rotate(cells, index, count)];
  const { question } = plan;
  // The sooner the first seeds are there, the sooner it is known whether there have to be others.
  const ordered = question ? ownFirst.toSorted((a, b) => seedPlace(question, a) - seedPlace(question, b)) : ownFirst;
  using cancel = await watchForEnd(folder, plan);
  const stop = AbortSignal.any([options.signal, cancel.signal]);
  /** Runs that are trained by others without a claim, such as by the queue of the lab, and until when they are left alone. */
  const busy = new Map<string, number>();
  let trained = 0;
  let failed = 0;
  let inARow = 0;
  for (;;) {
    const state = await readWorkState(folder);
    const answer = await judgeFutility(options.workspace, folder, plan, state.done);
    const isKept = (cell: WorkCell): boolean => !isLeftOut(plan, answer, cell);
    const open = cells.filter((cell) => isOpen(state, cell.key) && isKept(cell));
    const stopped = answer?.stop
      ? 'futility'
      : cancel.signal.aborted
        ? 'cancelled'
        : options.signal.aborted
          ? 'signal'
          : null;
    const report: WorkReport = { trained, failed, left: open.length, stopped };
    if (open.length === 0 || stop.aborted) return report;
    const isFree = ({ key }: WorkCell): boolean => (busy.get(key) ?? 0) <= performance.now();
    const next = await choose(
      options.workspace,
      folder,
      ordered.filter((cell) => isFree(cell) && isKept(cell)),
      state,
    );
    if (!next) {
      // What others work on is theirs; what waits for trials of theirs is not begun by anybody.
      const waits = open.some((cell) => own.has(cell.key) && !state.claimed.has(cell.key));
      if (!waits && !stay) return report;
      await wait(pollMilliseconds, undefined, { signal: stop }).catch(() => undefined);
      continue;
    }
    onCell?.(next, 'begun');
    const { outcome, message } = await attempt({ ...options, signal: stop }, plan, next);
    onCell?.(next, outcome, message);
    if (outcome === 'done') trained += 1;
    if (outcome === 'failed') failed += 1;
    inARow = outcome === 'failed' ? inARow + 1 : outcome === 'done' ? 0 : inARow;
    if (inARow >= patience) {
      throw new LabError(
        'engine-failed',
        `${patience} runs in a row have failed on ${hostname()}, the last one with: ${(message ?? '').replace(/\.$/u, '')}. This node takes no more of them. Submit the study again to retry them`,
      );
    }
    if (outcome === 'taken') busy.set(next.key, performance.now() + pollMilliseconds);
  }
}

function isOpen({ done, failed }: WorkState, key: string): boolean {
  return !done.has(key) && !failed.has(key);
}

/** Nodes that help begin at different places. */
function rotate(cells: readonly WorkCell[], index: number, count: number): readonly WorkCell[] {
  const start = Math.floor((cells.length * index) / count);
  return [...cells.slice(start), ...cells.slice(0, start)];
}

/** The first cell that can be begun: open, of nobody, and not waiting for another one's trials. */
async function choose(
  workspace: Workspace,
  folder: WorkFolder,
  ordered: readonly WorkCell[],
  state: WorkState,
): Promise<WorkCell | undefined> {
  const byKey = new Map(ordered.map((cell) => [cell.key, cell]));
  const claimed: WorkCell[] = [];
  for (const cell of ordered) {
    if (!isOpen(state, cell.key)) continue;
    if (state.claimed.has(cell.key)) claimed.push(cell);
    else if (await isReady(workspace, state, byKey.get(cell.after ?? ''))) return cell;
  }
  for (const cell of claimed) if ((await ownerOfLock(claimOf(folder, cell))) === undefined) return cell;
  return undefined;
}

/** Whether the trials of the cell before it are over, or that cell is lost. */
async function isReady({ runs }: Workspace, state: WorkState, leader: WorkCell | undefined): Promise<boolean> {
  if (!leader || !isOpen(state, leader.key)) return true;
  return fileExists(runFolder(join(runs, leader.id)).tuning);
}

const claimOf = ({ claims }: WorkFolder, { key }: WorkCell): string => join(claims, `${key}.lock`);

async function attempt(
  options: WorkOptions,
  plan: WorkPlan,
  cell: WorkCell,
): Promise<{ readonly outcome: CellOutcome; readonly message?: string }> {
  const { workspace, folder, signal } = options;
  let release: () => Promise<void>;
  try {
    release = await takeLock(claimOf(folder, cell), () => new LabError('conflict', `${cell.id} is another node's`));
  } catch (error) {
    if (isLabError(error, 'conflict')) return { outcome: 'taken' };
    throw error;
  }
  try {
    // Between the look and the claim another node may have done it.
    if (!isOpen(await readWorkState(folder), cell.key)) return { outcome: 'taken' };
    const run = runFolder(join(workspace.runs, cell.id));
    await prepare(workspace, run, await readCell(folder, plan, cell));
    if (!(await fileExists(run.result)) && !(await trainRun(workspace, run, { signal }))) return { outcome: 'stopped' };
    await mark(folder.done, cell, {});
    return { outcome: 'done' };
  } catch (error) {
    if (isLabError(error, 'conflict')) return { outcome: 'taken' }; // such as by the queue of the lab
    if (isLabError(error, 'disk-full') || isLabError(error, 'aborted')) throw error;
    const message = messageOf(error);
    await mark(folder.failed, cell, { code: isLabError(error) ? error.code : 'internal', message });
    return { outcome: 'failed', message };
  } finally {
    await release();
  }
}

/** The folder of the run, with the data and weights that it was planned with. */
async function prepare(workspace: Workspace, run: RunFolder, content: CellContent): Promise<void> {
  if (!(await fileExists(run.origin))) await createRun(workspace, content.experiment, run.id);
  const { data, weights } = await readJson(run.origin, runOrigin);
  if (data.contentHash !== content.data || (weights?.label ?? null) !== content.weights) {
    throw new LabError(
      'bad-spec',
      `The data of ${run.id} has changed since the study was submitted: it was to be ${data.name} ${content.data.slice(0, 12)}${content.weights === null ? '' : ` with ${content.weights}`}. Submit the study again`,
      { run: run.id },
    );
  }
}

async function mark(folder: string, { key }: WorkCell, about: object): Promise<void> {
  await replaceFile(
    join(folder, key),
    `${JSON.stringify({ ...about, host: hostname(), at: new Date().toISOString() })}\n`,
  );
}

const lookMilliseconds = 5000;

/** Fires when a person cancels the study, and when it turns out that no more of it is needed. */
async function watchForEnd(
  folder: WorkFolder,
  { question }: WorkPlan,
): Promise<{ readonly signal: AbortSignal } & Disposable> {
  const controller = new AbortController();
  const isOver = async (): Promise<boolean> =>
    (await fileExists(folder.cancelled)) || (question !== undefined && (await readFutility(folder))?.stop === true);
  const look = async (): Promise<void> => {
    if (await isOver().catch(() => false)) controller.abort();
  };
  const timer = setInterval(() => void look(), lookMilliseconds);
  timer.unref();
  await look();
  return {
    signal: controller.signal,
    [Symbol.dispose]() {
      clearInterval(timer);
    },
  };
}
