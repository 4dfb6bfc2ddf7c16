/** What the folder of a run tells: all of it where the lab meets the run for the first time, and how it stands at any later one. */
import { readFileSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { cannotRead } from '../../../shared/errors.ts';
import { storedExperiment } from '../../../shared/spec/experiment/index.ts';
import type { RunEvent } from '../../../shared/spec/run/events.ts';
import type { RunResult } from '../../../shared/spec/run/result.ts';
import { runResult } from '../../../shared/spec/run/result.ts';
import type { ListedSums } from '../../files/checksums.ts';
import { listedSums } from '../../files/checksums.ts';
import { fileExists, unlessAbsent } from '../../files/file-exists.ts';
import { listCheckpoints } from '../../workspace/checkpoint-folders.ts';
import type { RunFolder } from '../../workspace/run-folder.ts';
import { isLocked, readJson, runOrigin } from '../../workspace/run-folder.ts';
import type { TaskNotes } from '../task-notes.ts';
import { readAnnotations } from './annotations.ts';
import { applyEvent, pointsOf, readNewEvents } from './follow-events.ts';
import type { Point } from './points.ts';
import type { NewRunRecord, RunProgress } from './run-record.ts';
import { hasResult, initialRunProgress } from './run-record.ts';

export interface NewRun {
  readonly record: NewRunRecord;
  /** Up to `record.eventsRead`. */
  readonly events: readonly RunEvent[];
  readonly points: readonly Point[];
  /** Lines of events that are left out. */
  readonly damagedLines: number;
  /** As `markOf` said before anything was read; undefined where the run has to be looked at once more: it is very long, or damaged. */
  readonly mark: string | undefined;
}

/** Throws `LabError('not-found' | 'corrupt')`, and what the system does, where there is too little for a run. */
export async function readNewRun(run: RunFolder, tasks: TaskNotes, waits: boolean): Promise<NewRun> {
  const mark = await markOf(run);
  const sums = await listedSums(run.folder);
  const origin = await readJson(run.origin, runOrigin, sums);
  const spec = await readJson(run.spec, storedExperiment, sums);
  const record: NewRunRecord = {
    id: run.id,
    createdAt: Date.parse(origin.createdAt),
    ...{ name: spec.name, task: spec.task.type, data: spec.data },
    spec,
    origin,
    state: 'stopped',
    paused: false,
    result: null,
    progress: initialRunProgress,
    failure: null,
    eventsRead: 0,
    ...(await readAnnotations(run)),
  };
  try {
    const { events, position, more, damaged } = await readNewEvents(run, 0);
    const { progress, points } = replay(events, tasks.selectionOf(record.spec.task.type).metric);
    const told = { ...record, progress, eventsRead: position };
    await settle(run, told, () => undefined, waits, sums);
    return { record: told, events, points, damagedLines: damaged, mark: more ? undefined : mark };
  } catch {
    return { record, events: [], points: [], damagedLines: 0, mark: undefined }; // the next look says why
  }
}

/** What events change, and the points that are left of them: a run that was taken up again goes over the same steps. */
function replay(
  events: readonly RunEvent[],
  selection: string,
): { readonly progress: RunProgress; readonly points: readonly Point[] } {
  let progress = initialRunProgress;
  let points: Point[] = [];
  for (const event of events) {
    if (event.type === 'resumed') points = points.filter(({ step }) => step <= event.step);
    progress = applyEvent(progress, event, selection);
    points.push(...pointsOf(event, progress));
  }
  return { progress, points };
}

/** The state that a folder tells: whether there is a result, a trainer at work, and how its events end. */
export async function settle<Kept extends NewRunRecord>(
  run: RunFolder,
  record: Kept,
  store: (record: Kept) => unknown,
  waits: boolean,
  sums?: ListedSums,
): Promise<void> {
  const before = { state: record.state, isDone: hasResult(record) };
  if (!before.isDone && (await fileExists(run.result))) {
    record.result = await readJson(run.result, runResult, sums);
  }
  // Of finished runs nothing more is asked: they are the most, and every start looks at them.
  const isDone = hasResult(record);
  const last = isDone ? undefined : await lastEvent(run);
  if (isDone) {
    record.state = 'finished';
    record.failure = null;
  } else if (await isLocked(run)) {
    record.state = 'running'; // another process trains it
  } else if (waits) {
    record.state = 'queued';
    record.failure = null;
  } else if (last?.type === 'failed') {
    record.state = 'failed';
    const details = last.before === undefined ? {} : { before: last.before };
    record.failure = { code: last.code, message: last.message, details };
  } else if (last === undefined || last.type === 'created' || last.type === 'stopped') {
    record.state = 'stopped';
    if (record.failure?.code === 'interrupted') record.failure = null; // it has gone on since
  } else {
    record.state = 'interrupted';
    record.failure ??= {
      code: 'interrupted',
      message:
        'The trainer exited unexpectedly: the lab or the computer was shut down, or the process was killed. The run can resume from its last checkpoint',
      details: {},
    };
  }
  record.progress = { ...record.progress, checkpoint: (await listCheckpoints(run.checkpoints)).at(-1) ?? null };
  if (record.state !== before.state || isDone !== before.isDone) store(record);
}

/** The result of a finished run, at once. Throws `LabError('not-found')` where it cannot be read. */
export function readResult({ result: file }: RunFolder): RunResult {
  try {
    return runResult.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (error) {
    throw cannotRead('result', file, error);
  }
}

/** A trainer of another process, whose end leaves no event, is behind none of these. */
export function isAtRest({ state }: Pick<NewRunRecord, 'state'>): boolean {
  return state === 'finished' || state === 'stopped' || state === 'failed' || state === 'interrupted';
}

/** Changes whenever a trainer says something. */
export async function markOf({ events }: RunFolder): Promise<string> {
  const { size, mtimeMs } = (await unlessAbsent(stat(events))) ?? { size: -1, mtimeMs: 0 };
  return `${size} ${mtimeMs}`;
}

/** The last few kilobytes are enough for it. */
async function lastEvent(run: RunFolder): Promise<RunEvent | undefined> {
  const { size } = (await unlessAbsent(stat(run.events))) ?? { size: 0 };
  const { events } = await readNewEvents(run, Math.max(0, size - 65_536));
  return events.at(-1);
}
