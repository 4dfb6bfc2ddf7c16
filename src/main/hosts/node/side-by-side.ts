/**
 * Several small runs of a study at the same time, each in a trainer with its share of the cores, as far as cores and memory allow. The
 * queue of a lab does the same with what waits in it; here there is no lab, and what is trained is what the study has left.
 */
import { setTimeout as wait } from 'node:timers/promises';
import type { LabErrorCode } from '../../../shared/errors.ts';
import { LabError, messageOf } from '../../../shared/errors.ts';
import type { Concurrency } from '../../../shared/contract/runs.ts';
import { networkKey } from '../../lab/estimate.ts';
import type { ProcessHost, TrainerProcess } from '../../lab/process-host.ts';
import { explainExit } from '../../lab/queue/explain-exit.ts';
import type { Job, Machine } from '../../lab/queue/jobs.ts';
import { createMemoryNotes, isOnDevice, isShortOfMemory, shareForNext, thisMachine } from '../../lab/queue/jobs.ts';
import { trainerMessage } from '../../lab/queue/trainer-message.ts';
import type { OpenCell } from '../../runs/study.ts';
import type { Workspace } from '../../workspace/workspace.ts';

export interface SideBySideOptions {
  /** How many at a time. */
  readonly jobs: Concurrency;
  /** Stops all at a checkpoint. */
  readonly signal: AbortSignal;
  readonly startTrainer: ProcessHost['startTrainer'];
  readonly onCell?: (id: string, outcome: 'begun' | 'done' | 'put off', atWork: number) => void;
  /** Failures that the others go on after. */
  readonly mayFail?: (error: LabError) => boolean;
  readonly machine?: Machine;
}

interface AtWork {
  readonly cell: OpenCell;
  readonly id: string;
  readonly trainer: TrainerProcess;
  readonly threads: number | undefined;
  residentBytes: number;
  isToldToStop: boolean;
}

const codes: readonly LabErrorCode[] = [
  ...([
    'bad-input',
    'bad-spec',
    'not-found',
    'conflict',
    'corrupt',
    'disk-full',
    'out-of-memory',
    'non-finite',
  ] as const),
];

/** What processes tell each other is text. */
function codeOf(told: string): LabErrorCode {
  return codes.find((code) => code === told) ?? 'engine-failed';
}

/** How often runs that wait for the trials of another one look whether these are over. */
const lookMilliseconds = 500;

/**
 * Trains what a study has left; false where it was stopped. When a run fails the others stop at a checkpoint. Throws `LabError` with
 * what the first one failed with.
 */
export async function trainSideBySide(
  workspace: Workspace,
  cells: readonly OpenCell[],
  { jobs, signal, startTrainer, onCell, mayFail = () => false, machine = thisMachine }: SideBySideOptions,
): Promise<boolean> {
  const waiting = [...cells];
  const active = new Set<AtWork>();
  const memory = createMemoryNotes();
  /** By kind of network. */
  const computed = new Map<string, number>();
  let failure: Error | undefined;
  let changed = Promise.withResolvers<undefined>();

  const jobOf = ({ experiment }: OpenCell, own?: AtWork): Job => ({
    threads: experiment.engine.threads ?? own?.threads,
    onDevice: isOnDevice(experiment),
    expectedBytes: memory.expected(networkKey(experiment), computed.get(networkKey(experiment)) ?? 0),
    residentBytes: own?.residentBytes ?? 0,
  });

  const begin = async (cell: OpenCell, threads: number | undefined): Promise<void> => {
    const { id } = await cell.open();
    const trainer = startTrainer(workspace.folder, id, threads);
    const own: AtWork = { cell, id, trainer, threads, residentBytes: 0, isToldToStop: false };
    active.add(own);
    let reported: LabError | undefined;
    trainer.onMessage((message) => {
      const { data } = trainerMessage.safeParse(message);
      if (data?.type === 'failed') reported = new LabError(codeOf(data.code), `${id}: ${data.message}`, { run: id });
      if (data?.type !== 'memory') return;
      own.residentBytes = data.bytes;
      memory.note(networkKey(cell.experiment), data.bytes);
      if (jobs === 'auto' && active.size > 1 && isShortOfMemory(machine)) putOffYoungest();
    });
    trainer.onExit((exit) => {
      active.delete(own);
      const explained = explainExit(exit);
      const error =
        explained && (reported ?? new LabError(codeOf(explained.code), `${id}: ${explained.message}`, { run: id }));
      if (error && !mayFail(error)) failure ??= error;
      else if (exit.code === 130) waiting.unshift(cell);
      else memory.noteEnd(networkKey(cell.experiment));
      onCell?.(id, exit.code === 0 || error ? 'done' : 'put off', active.size);
      changed.resolve(undefined);
    });
    onCell?.(id, 'begun', active.size);
  };
  const stop = (own: AtWork): void => {
    if (own.isToldToStop) return;
    own.isToldToStop = true;
    own.trainer.stop();
  };
  const putOffYoungest = (): void => {
    const all = [...active];
    if (!all.some(({ isToldToStop }) => isToldToStop)) all.slice(-1).forEach(stop); // one at a time
  };
  const onAbort = (): void => {
    changed.resolve(undefined);
  };
  /** Begins what there is room for. */
  const advance = async (): Promise<void> => {
    while (waiting.length > 0 && !signal.aborted && !failure) {
      const ready = await Promise.all(waiting.map((cell) => cell.isReady()));
      const next = waiting[ready.indexOf(true)];
      if (!next) return;
      const network = networkKey(next.experiment);
      if (jobs === 'auto' && !computed.has(network)) computed.set(network, await next.expectedBytes());
      const share = shareForNext(
        jobs,
        machine,
        [...active].map((own) => jobOf(own.cell, own)),
        jobOf(next),
        waiting.length,
      );
      if (share === undefined) return;
      waiting.splice(waiting.indexOf(next), 1);
      await begin(next, share === 'all' ? undefined : share);
    }
  };

  signal.addEventListener('abort', onAbort);
  try {
    for (;;) {
      changed = Promise.withResolvers<undefined>();
      await advance().catch((error: unknown) => {
        failure ??= error instanceof Error ? error : new Error(messageOf(error));
      });
      if (failure || signal.aborted) active.forEach(stop);
      if (active.size === 0) {
        if (failure) throw failure;
        if (signal.aborted || waiting.length === 0) return waiting.length === 0;
      }
      await Promise.race([changed.promise, wait(lookMilliseconds)]);
    }
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
