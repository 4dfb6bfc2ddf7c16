/**
 * How many runs are trained at a time, and with how many threads each. Small networks cannot keep several cores busy, so as many runs
 * go side by side as there are cores, each with its share of them; large ones are held back by the memory that they are expected to take.
 */
import { availableParallelism, totalmem } from 'node:os';
import type { Concurrency } from '../../../shared/contract/runs.ts';
import type { Experiment } from '../../../shared/spec/experiment/index.ts';

export interface Machine {
  readonly cores: number;
  /** Bytes that can be had without taking them from another process. */
  freeBytes(): number;
  /** Kept free for the system and other programs. */
  readonly reserveBytes: number;
}

/** A run with a trainer, or one that is to have one. */
export interface Job {
  readonly threads: number | undefined;
  /** On a graphics card, which has no cores to share. */
  readonly onDevice: boolean;
  /** What it takes at most, as far as is known. */
  readonly expectedBytes: number;
  /** What it takes now. */
  readonly residentBytes: number;
}

const gibibyte = 1024 ** 3;

export const thisMachine: Machine = {
  cores: availableParallelism(),
  reserveBytes: Math.min(2 * gibibyte, totalBytes() / 10),
  freeBytes: () => process.availableMemory(),
};

/** Of a container, where it has less than the machine. */
function totalBytes(): number {
  const limit = process.constrainedMemory();
  return limit > 0 && limit < totalmem() ? limit : totalmem();
}

/**
 * Threads for the next run, of so many that wait (with it); 'all' leaves them to it. Undefined while it has to wait. A single run is
 * never held back: it fails by itself where the machine is too small for it.
 */
export function shareForNext(
  concurrency: Concurrency,
  machine: Machine,
  jobs: readonly Job[],
  next: Job,
  waiting: number,
): number | 'all' | undefined {
  if (concurrency !== 'auto') {
    if (jobs.length >= concurrency) return undefined;
    return concurrency === 1 ? 'all' : (next.threads ?? Math.max(1, Math.floor(machine.cores / concurrency)));
  }
  if (jobs.length > 0) {
    if (next.onDevice && jobs.some(({ onDevice }) => onDevice)) return undefined;
    if (next.expectedBytes > freeFor(machine, jobs)) return undefined;
  }
  const used = jobs.reduce((sum, { threads, onDevice }) => sum + (onDevice ? 1 : (threads ?? machine.cores)), 0);
  const free = machine.cores - used;
  if (jobs.length > 0 && (next.threads ?? 1) > free) return undefined;
  return next.threads ?? Math.max(1, Math.floor(free / Math.max(1, Math.min(waiting, free))));
}

/** What is free once the runs at work have grown to what is expected of them. */
function freeFor(machine: Machine, jobs: readonly Job[]): number {
  const toCome = jobs.reduce((sum, job) => sum + Math.max(0, job.expectedBytes - job.residentBytes), 0);
  return machine.freeBytes() - machine.reserveBytes - toCome;
}

/** Whether a run should make room for the others before the system ends one. */
export function isShortOfMemory(machine: Machine): boolean {
  return machine.freeBytes() < machine.reserveBytes / 2;
}

/** A process with its engine, and what a small network needs besides its weights. */
const baseBytes = 0.5 * gibibyte;
/** Weights, gradients, two moments, and as much again for what is computed with them; float32. */
const bytesPerParameter = 8 * 4;

/** Of a run whose network says nothing more. */
export function bytesOfParameters(parameters: number): number {
  return bytesPerParameter * parameters;
}

/** What runs take, by kind of network: as computed before any of them has ended, and as measured from then on. */
export interface MemoryNotes {
  /** The process of one takes so many now. */
  note(network: string, bytes: number): void;
  /** One has come to its end, so that all it took is known. */
  noteEnd(network: string): void;
  /** Bytes of a process, where its network was computed to take so many. */
  expected(network: string, computed: number): number;
}

/** Bytes by network, the most that any run of it has taken; from this process alone. */
export function createMemoryNotes(): MemoryNotes {
  const most = new Map<string, number>();
  const known = new Set<string>();
  return {
    note(network, bytes) {
      most.set(network, Math.max(bytes, most.get(network) ?? 0));
    },
    noteEnd(network) {
      if (most.has(network)) known.add(network);
    },
    expected(network, computed) {
      const measured = most.get(network) ?? 0;
      return known.has(network) ? measured : Math.max(measured, baseBytes + computed);
    },
  };
}

/** Whether a run is trained elsewhere than on the processor. */
export function isOnDevice({ engine }: Experiment): boolean {
  return engine.device !== undefined && engine.device !== 'cpu';
}
