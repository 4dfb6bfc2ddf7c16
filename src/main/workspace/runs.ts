/** The runs of a workspace: finding them by what people call them, and saying how each stands. */
import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import { LabError } from '../../shared/errors.ts';
import type { Experiment } from '../../shared/spec/experiment/index.ts';
import { storedExperiment } from '../../shared/spec/experiment/index.ts';
import { nearest } from '../../shared/spec/problems.ts';
import type { RunEvent } from '../../shared/spec/run/events.ts';
import type { RunResult } from '../../shared/spec/run/result.ts';
import { runResult } from '../../shared/spec/run/result.ts';
import type { TransferReport } from '../../shared/spec/run/transfer.ts';
import { transferReport } from '../../shared/spec/run/transfer.ts';
import { listedSums } from '../files/checksums.ts';
import { fileExists, namesIn, textOf } from '../files/file-exists.ts';
import { someAtOnce } from '../files/many.ts';
import type { RunFolder, RunOrigin } from './run-folder.ts';
import { isLocked, readEventLog, readJson, runFolder, runOrigin } from './run-folder.ts';
import type { Workspace } from './workspace.ts';

export type RunStatus =
  | 'created' // nothing has been done yet
  | 'running'
  | 'stopped' // by a person, at a checkpoint
  | 'interrupted' // its trainer exited unexpectedly
  | 'failed'
  | 'finished';

export interface RunSummary {
  readonly id: string;
  readonly folder: string;
  readonly createdAt: string;
  readonly status: RunStatus;
  readonly experiment: Experiment;
  readonly step: number;
  readonly totalSteps: number | null;
  readonly result: RunResult | null;
  /** Why it failed. */
  readonly failure: string | null;
  /** Of the `LabError` that it failed with. */
  readonly failureCode: string | null;
}

export interface RunDetails extends RunSummary {
  readonly origin: RunOrigin;
  readonly events: readonly RunEvent[];
  /** Lines of its events that are not what was written, and are left out. */
  readonly damagedEvents: number;
  readonly transfer: TransferReport | null;
}

/** `name-xxxx`: readable, and short to type. Letters that look alike are left out. */
export function newRunId(name: string): string {
  const letters = '23456789abcdefghjkmnpqrstuvwxyz';
  return `${name}-${Array.from({ length: 5 }, () => letters[randomInt(letters.length)]).join('')}`;
}

/**
 * Newest first. Folders that hold no readable run are named in `damaged`. With `name`, runs of the experiments that are called so, and
 * only folders that are called after it are looked at.
 */
export async function listRuns(
  workspace: Workspace,
  name?: string,
): Promise<{ readonly runs: readonly RunSummary[]; readonly damaged: readonly string[] }> {
  const names = await namesIn(workspace.runs);
  const isMeant = (entry: string): boolean =>
    !entry.startsWith('.') && (name === undefined || entry.startsWith(`${name}-`));
  const folders = names.filter(isMeant).map((entry) => join(workspace.runs, entry));
  const found = await someAtOnce(folders, (folder) => readRun(runFolder(folder)).catch(() => undefined));
  const damaged = folders.filter((_, place) => found[place] === undefined);
  const runs: RunSummary[] = found
    .filter((run) => run !== undefined)
    .filter(({ experiment }) => name === undefined || experiment.name === name);
  return { runs: runs.sort(newestFirst), damaged };
}

function newestFirst(a: RunSummary, b: RunSummary): number {
  return b.createdAt.localeCompare(a.createdAt) || a.id.localeCompare(b.id);
}

/**
 * Runs of the experiments that are called so in folders that are called something else, because a person has renamed them. Of the
 * thousands of others only the spec is looked at.
 */
async function renamedRuns(workspace: Workspace, name: string): Promise<readonly RunSummary[]> {
  const others = (await namesIn(workspace.runs)).filter(
    (entry) => !entry.startsWith('.') && !entry.startsWith(`${name}-`),
  );
  const found = await someAtOnce(others, async (entry) => {
    const run = runFolder(join(workspace.runs, entry));
    const spec = await textOf(run.spec).catch(() => undefined); // what cannot be read is no run of this name
    return spec?.includes(JSON.stringify(name)) === true ? readRun(run).catch(() => undefined) : undefined;
  });
  return found.filter((run) => run?.experiment.name === name).filter((run) => run !== undefined);
}

/**
 * The run with this id, with the only id that begins so, or the latest of the experiment with this name. Throws
 * `LabError('not-found')`, or `LabError('bad-input')` when several ids begin so.
 */
export async function findRun(workspace: Workspace, reference: string): Promise<RunFolder> {
  return (await findNamed(workspace, reference)).run;
}

/**
 * As `findRun`, for whoever needs what was trained: of several runs of one name the latest that is finished, even when a later
 * one has failed. Without any, the latest.
 *
 * @param onPassedOver told of a later run that is not taken
 */
export async function findTrainedRun(
  workspace: Workspace,
  reference: string,
  onPassedOver?: (message: string) => void,
): Promise<RunFolder> {
  const { run, named } = await findNamed(workspace, reference);
  const [latest] = named;
  const finished = named.find(({ status }) => status === 'finished');
  if (!latest || !finished || finished === latest) return run;
  onPassedOver?.(
    `${finished.id} is taken, the latest finished run of '${reference}'. A later one, ${latest.id}, is ${latest.status}; name it to take it`,
  );
  return runFolder(finished.folder);
}

/** What is meant, and where that is the name of an experiment all of its runs, newest first. */
async function findNamed(
  workspace: Workspace,
  reference: string,
): Promise<{ readonly run: RunFolder; readonly named: readonly RunSummary[] }> {
  const exact = runFolder(join(workspace.runs, reference));
  if (/^[^/\\]+$/.test(reference) && !reference.startsWith('.') && (await fileExists(exact.spec))) {
    return { run: exact, named: [] };
  }
  const { runs: called } = await listRuns(workspace, reference);
  const named = [...called, ...(await renamedRuns(workspace, reference))].sort(newestFirst);
  if (named[0]) return { run: runFolder(named[0].folder), named };
  const { runs } = await listRuns(workspace);
  const beginning = runs.filter(({ id }) => reference !== '' && id.startsWith(reference));
  const [only] = beginning;
  if (only && beginning.length === 1) return { run: runFolder(only.folder), named: [] };
  if (only) {
    const ids = beginning.map(({ id }) => id).join(', ');
    throw new LabError('bad-input', `Several runs begin with '${reference}': ${ids}`, { reference });
  }
  const guess = nearest(
    reference,
    runs.flatMap(({ id, experiment }) => [id, experiment.name]),
  );
  const hint = guess !== undefined ? `Did you mean '${guess}'?` : "'pretext runs' lists them";
  throw new LabError('not-found', `There is no run '${reference}' in ${workspace.folder}. ${hint}`, { reference });
}

/** How a run stands. Also for one that was killed at any moment of its life. Throws `LabError('not-found' | 'corrupt')`. */
export async function readRun(run: RunFolder): Promise<RunDetails> {
  const sums = await listedSums(run.folder);
  const experiment = await readJson(run.spec, storedExperiment, sums);
  const origin = await readJson(run.origin, runOrigin, sums);
  const result = (await fileExists(run.result)) ? await readJson(run.result, runResult, sums) : null;
  const transfer = (await fileExists(run.transfer)) ? await readJson(run.transfer, transferReport, sums) : null;
  const { events, damaged } = await readEventLog(run);
  const failed = events.findLast(({ type }) => type === 'failed' || type === 'resumed' || type === 'started');
  return {
    id: run.id,
    folder: run.folder,
    createdAt: origin.createdAt,
    status: await statusOf(run, events, result),
    experiment,
    step: events.at(-1)?.step ?? 0,
    totalSteps: totalStepsOf(events),
    result,
    failure: failed?.type === 'failed' ? failed.message : null,
    failureCode: failed?.type === 'failed' ? failed.code : null,
    origin,
    events,
    damagedEvents: damaged,
    transfer,
  };
}

async function statusOf(run: RunFolder, events: readonly RunEvent[], result: RunResult | null): Promise<RunStatus> {
  if (result) return 'finished';
  if (await isLocked(run)) return 'running';
  switch (events.at(-1)?.type) {
    case undefined:
    case 'created':
      return 'created';
    case 'failed':
      return 'failed';
    case 'stopped':
      return 'stopped';
    default:
      return 'interrupted';
  }
}

function totalStepsOf(events: readonly RunEvent[]): number | null {
  const started = events.findLast(({ type }) => type === 'started' || type === 'resumed');
  return started && 'totalSteps' in started ? started.totalSteps : null;
}
