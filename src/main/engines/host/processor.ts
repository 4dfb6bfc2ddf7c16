/** The processor: how many cores it really has, and its name. */
import { readFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';

/**
 * Physical cores this process may use. Two hardware threads of one core share its vector units, so a second one only
 * slows matrix products down.
 */
export function physicalCores(): number {
  const logical = availableParallelism();
  return Math.max(1, Math.min(logical, countLinuxCores() ?? logical));
}

let given: number | undefined;

/** Where several processes train at a time, each has its share of the cores. What is computed is the same. */
export function setProcessThreads(threads: number): void {
  given = threads;
}

/** Threads of a program that does not say how many it wants. */
export function processThreads(): number {
  return given ?? physicalCores();
}

/** The processor's name as the system says it, such as `AMD EPYC`; of the first where there are several. */
export function processorName(): string {
  return cpus()[0]?.model.trim() ?? 'unknown processor';
}

function countLinuxCores(): number | undefined {
  try {
    const blocks = readFileSync('/proc/cpuinfo', 'utf8').split('\n\n');
    const cores = blocks.flatMap((block) => {
      const core = /^core id\s*:\s*(\d+)/m.exec(block)?.[1];
      const socket = /^physical id\s*:\s*(\d+)/m.exec(block)?.[1] ?? '0';
      return core === undefined ? [] : [`${socket}.${core}`];
    });
    return cores.length === 0 ? undefined : new Set(cores).size;
  } catch {
    return undefined; // not Linux
  }
}
