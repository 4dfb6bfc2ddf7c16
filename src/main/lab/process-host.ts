/**
 * How the lab starts processes: `child_process.fork` in Node, `utilityProcess` in Electron. The lab itself never computes: runs
 * have trainers, everything else that takes long has workers. Workers end when the lab does; trainers go on, where the host lets them.
 */
import { constants } from 'node:os';
import type { Transport } from '../../shared/rpc/protocol.ts';

/**
 * Below the lab, which has to answer while a run uses every core; but not the lowest there is, or a run would get nothing at all on
 * a machine that does other things as well. Workers answer pages, so they come between the two.
 */
export const trainerPriority = constants.priority.PRIORITY_BELOW_NORMAL;
export const workerPriority = trainerPriority / 2;

export interface ProcessExit {
  readonly code: number | null;
  readonly signal: string | null;
  /** The end of what it wrote on stderr. */
  readonly output: string;
}

export interface TrainerProcess {
  readonly pid: number | undefined;
  /** Asks it to stop at the next step, with a checkpoint. */
  stop(): void;
  /** Ends it at once. */
  kill(): void;
  /** Of one that another lab started: leaves it to itself. */
  letGo?(): void;
  /** Messages of `hosts/trainer/parent.ts`, unchecked. */
  onMessage(listener: (message: unknown) => void): void;
  onExit(listener: (exit: ProcessExit) => void): void;
}

export interface WorkerProcess {
  readonly pid: number | undefined;
  /** Serves the work contract; closes when the process ends. */
  readonly transport: Transport;
  kill(): void;
}

export interface ProcessHost {
  /**
   * `threads`: its share of the cores; by default all of them. The process may be one that has trained another run before: what is
   * told of it is about this run alone.
   */
  startTrainer(workspaceFolder: string, run: string, threads?: number): TrainerProcess;
  startWorker(workspaceFolder: string): WorkerProcess;
}
