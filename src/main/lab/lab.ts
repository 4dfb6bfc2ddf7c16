/**
 * The lab: one workspace opened for use. It owns the database, the queue, the workers and the tasks, and follows what other
 * processes do in the workspace. Hosts open it, the RPC layer speaks for it, nobody computes in its process.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import type { ChangedPart } from '../../shared/contract/workspace.ts';
import type { RunState } from '../../shared/contract/runs.ts';
import { isLabError, reasonOf } from '../../shared/errors.ts';
import { isDiskFull } from '../files/disk-space.ts';
import type { Documents } from './documents.ts';
import { createDocuments } from './documents.ts';
import type { Signal } from './events.ts';
import { createSignal } from './events.ts';
import type { Jobs } from './jobs.ts';
import { createJobs } from './jobs.ts';
import { lookAtRuns } from './first-look.ts';
import { holdLock } from './lab-lock.ts';
import type { MaterialIndex } from './materials.ts';
import { createMaterialIndex } from './materials.ts';
import type { ModelIndex } from './models.ts';
import { createModelIndex } from './models.ts';
import type { ProcessHost } from './process-host.ts';
import type { Queue, QueueOptions } from './queue/queue.ts';
import { createQueue } from './queue/queue.ts';
import { openQueueFile } from './queue/queue-file.ts';
import { databaseFile, isFullDatabase, openDatabase, openMemoryDatabase } from './store/database.ts';
import type { RunStore } from './store/run-store.ts';
import { createRunStore } from './store/run-store.ts';
import type { TaskNotes } from './task-notes.ts';
import type { Trash } from './trash.ts';
import { createTrash } from './trash.ts';
import type { UploadLimits, Uploads } from './uploads.ts';
import { createUploads } from './uploads.ts';
import type { WorkerPool } from './worker-pool.ts';
import { createWorkerPool } from './worker-pool.ts';
import { sweep } from '../files/sweep.ts';
import { sweepDownloads } from '../workspace/downloads.ts';
import type { Workspace } from '../workspace/workspace.ts';
import { openWorkspace } from '../workspace/workspace.ts';

export type HostKind = 'desktop' | 'server' | 'command-line';

export interface Lab {
  readonly host: HostKind;
  readonly workspace: Workspace;
  readonly tasks: TaskNotes;
  readonly runs: RunStore;
  readonly queue: Queue;
  readonly materials: MaterialIndex;
  readonly models: ModelIndex;
  readonly documents: Documents;
  readonly jobs: Jobs;
  readonly workers: WorkerPool;
  readonly trash: Trash;
  readonly uploads: Uploads;
  readonly changes: Signal<ChangedPart>;
  /** Runs that were found running without their trainer when the lab was opened. */
  readonly interrupted: readonly string[];
  /** Runs whose folders have not been looked at since the lab was opened: of a large workspace they are while it is used. */
  readonly unread: number;
  /** How many of these are not listed yet. */
  readonly toCome: number;
  /** Resolves when there are none any more, or the lab is closed. */
  readonly whole: Promise<void>;
  /** Why the folders could not be looked at the last time; null where they could. */
  readonly scanProblem: string | null;
  /** Looks at the folders now, and not only at the next time. */
  refresh(): Promise<void>;
  /** Stops runs with a checkpoint and ends all processes. */
  close(): Promise<void>;
}

export interface LabOptions {
  readonly folder?: string | undefined;
  readonly host: HostKind;
  readonly processes: ProcessHost;
  readonly tasks: TaskNotes;
  /** How often the folders are looked at for what other processes did. */
  readonly scanMilliseconds?: number;
  readonly queue?: Partial<
    Pick<
      QueueOptions,
      'trains' | 'concurrency' | 'machine' | 'memoryCheckMilliseconds' | 'spaceCheckMilliseconds' | 'checkSpace'
    >
  >;
  readonly uploadLimits?: UploadLimits;
  /** The lab is there as soon as it has looked at so many runs, the newest ones; unless this is said, at all of them. */
  readonly firstRuns?: number;
  /** How long trainers may take to stop when the lab is closed. */
  readonly patienceMilliseconds?: number;
}

/**
 * On a full disk it opens to look and to delete: with a database in memory, and without a lock where none can be written, so it trains
 * nothing. Throws `LabError`: the workspace cannot be used, its database is damaged or of a newer lab, or another lab has it open.
 */
export async function openLab(options: LabOptions): Promise<Lab> {
  const workspace = await openWorkspace(options.folder);
  const unlock = await holdLock(workspace).catch((error: unknown) => {
    if (isLabError(error, 'disk-full')) return undefined;
    throw error;
  });
  let database: DatabaseSync | undefined;
  try {
    const onDisk = unlock && !(await isDiskFull(workspace.folder)) ? await openUnlessFull(workspace) : undefined;
    database = onDisk ?? openMemoryDatabase();
    const lab = { workspace, database, unlock: unlock ?? (() => Promise.resolve()), isFull: onDisk === undefined };
    return await startLab(lab, options);
  } catch (error) {
    database?.close();
    await unlock?.();
    throw error;
  }
}

async function openUnlessFull(workspace: Workspace): Promise<DatabaseSync | undefined> {
  try {
    return await openDatabase(databaseFile(workspace));
  } catch (error) {
    if (isFullDatabase(error)) return undefined;
    throw error;
  }
}

/** What pages say of a lab that was opened on a full disk. */
function fullDisk({ folder }: Workspace): string {
  return `The disk of ${folder} is full. What is there can be looked at and deleted, which is at once and for good; to train and import again, make room and open the lab anew`;
}

interface Opened {
  readonly workspace: Workspace;
  readonly database: DatabaseSync;
  readonly unlock: () => Promise<void>;
  readonly isFull: boolean;
}

/** What processes that were killed have left, where nobody is at work on it. */
async function sweepWorkspace(workspace: Workspace): Promise<void> {
  const { folder, corpora, datasets, models, runs } = workspace;
  const documents = ['pipelines', 'experiments', 'studies', 'sweeps'].map((name) => join(folder, name));
  for (const place of [folder, corpora, datasets, models, runs, ...documents]) await sweep(place);
  await sweepDownloads(workspace);
}

/** A run that was found at rest before is not one that was interrupted now. */
function isAtRest(state: RunState | undefined): boolean {
  return state === 'interrupted' || state === 'stopped' || state === 'failed' || state === 'queued';
}

async function startLab({ workspace, database, unlock, isFull }: Opened, options: LabOptions): Promise<Lab> {
  const { host, processes, scanMilliseconds = 2000, patienceMilliseconds = 15_000, firstRuns = Infinity } = options;
  const changes = createSignal<ChangedPart>();
  const queueFile = await openQueueFile(workspace, database);
  const runs = createRunStore(workspace, database, options.tasks, queueFile.waits);
  const queue = createQueue({
    ...{ workspace, file: queueFile, store: runs, host: processes },
    ...options.queue,
    ...(isFull && { trains: false }),
  });
  const materials = createMaterialIndex(workspace, database);
  const models = createModelIndex(workspace);
  const documents = createDocuments(workspace, database);
  const jobs = createJobs();
  const workers = createWorkerPool(workspace, processes);
  const trash = createTrash(workspace, isFull);
  const uploads = createUploads(workspace, options.uploadLimits);

  // Undone deletions of a lab that was killed are not offered any more.
  await trash.empty();
  await uploads.close();
  await rm(join(workspace.folder, '.samples'), { recursive: true, force: true });
  for (const { id, state } of runs.all()) if (state === 'running') await queue.adopt(id);
  await sweepWorkspace(workspace);
  await documents.scan();
  await materials.scan();
  await models.scan();
  const before = new Map(runs.all().map(({ id, state }) => [id, state]));
  let interrupted: readonly string[] = [];
  const look = lookAtRuns(runs, firstRuns, () => {
    changes.emit('runs');
    changes.emit('notices');
  });
  const looked = look.whole.then(() => {
    const found = runs.all().filter(({ id, state }) => state === 'interrupted' && !isAtRest(before.get(id)));
    interrupted = found.map(({ id }) => id);
  });
  const isWhole = await Promise.race([look.first.then(() => false), looked.then(() => true)]);

  runs.changes.on(() => {
    changes.emit('runs');
  });
  queue.changes.on(() => {
    changes.emit('queue');
  });
  jobs.changes.on(() => {
    changes.emit('jobs');
  });
  materials.changes.on(() => {
    changes.emit('materials');
  });
  models.changes.on(() => {
    changes.emit('models');
  });

  const lasting = isFull ? fullDisk(workspace) : null;
  let scanProblem = lasting;
  /** What was known stays; pages hear why nothing new is. */
  const tell = (problem: string | null): void => {
    if (problem === scanProblem) return;
    scanProblem = problem;
    changes.emit('notices');
  };
  const goOn = async (): Promise<void> => {
    try {
      await looked;
    } catch (error) {
      if (!isClosing) tell(reasonOf(error));
    }
    scanning = undefined;
    if (isClosing) return;
    changes.emit('runs');
    changes.emit('notices');
    void queue.advance();
  };
  let isClosing = false;
  let scanning: Promise<void> | undefined;
  const whole = isWhole ? Promise.resolve() : (scanning = goOn());
  const refresh = (): Promise<void> => {
    scanning ??= Promise.allSettled([runs.scan(queue.isOurs), materials.scan(), models.scan()]).then((scans) => {
      const [problem = null] = scans.flatMap((scan) => (scan.status === 'rejected' ? [reasonOf(scan.reason)] : []));
      tell(problem ?? lasting);
    });
    return scanning.finally(() => {
      scanning = undefined;
    });
  };
  const timer = setInterval(() => void refresh(), scanMilliseconds);
  timer.unref();
  if (isWhole) void queue.advance();

  const close = async (): Promise<void> => {
    clearInterval(timer);
    isClosing = true;
    look.stop();
    const failures: unknown[] = [];
    /** Whatever one of them throws, the others are closed as well. */
    const attempt = async (step: () => unknown): Promise<void> => {
      try {
        await step();
      } catch (error) {
        failures.push(error);
      }
    };
    await attempt(() => scanning);
    await Promise.all([attempt(() => queue.close(patienceMilliseconds)), attempt(() => jobs.close())]);
    await attempt(() => {
      workers.close();
    });
    await attempt(() => trash.empty());
    await attempt(() => uploads.close());
    await attempt(() => {
      database.exec('PRAGMA optimize');
    });
    await attempt(() => {
      database.close();
    });
    await attempt(unlock);
    if (failures.length > 0) throw failures[0];
  };
  let closing: Promise<void> | undefined;

  return {
    host,
    workspace,
    tasks: options.tasks,
    runs,
    queue,
    materials,
    models,
    documents,
    jobs,
    workers,
    trash,
    uploads,
    changes,
    whole,
    get unread() {
      return look.unread();
    },
    get toCome() {
      return look.toCome();
    },
    get interrupted() {
      return interrupted;
    },
    get scanProblem() {
      return scanProblem;
    },
    refresh,
    close: () => (closing ??= close()),
  };
}
