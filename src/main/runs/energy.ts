/**
 * What a run cost in energy: by the processor's own counters where the system lets them be read (Linux' powercap, RAPL), else by an
 * assumption that is said beside the number.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { arch, platform, release, totalmem } from 'node:os';
import { join } from 'node:path';
import type { RunEnergy, RunMachine } from '../../shared/spec/run/result.ts';
import { physicalCores, processorName } from '../engines/host/processor.ts';

const POWERCAP = '/sys/class/powercap';
/** What is assumed of a processor under full load: between a laptop's 15 to 45 W and a desktop's 65 to 125 W. */
const ASSUMED_PACKAGE_WATTS = 65;

/** The computer that this process runs on, as a run's result records it. */
export function describeMachine(): RunMachine {
  return {
    processor: processorName(),
    cores: physicalCores(),
    memoryBytes: totalmem(),
    system: `${platform()} ${release()} (${arch()})`,
    node: process.version,
  };
}

interface Counter {
  readonly microjoules: number;
  /** Where the counter begins anew. */
  readonly range: number;
}

/** One counter a package; undefined where there is none or it cannot be read, as without privileges on most systems. */
function readCounters(folder: string): ReadonlyMap<string, Counter> | undefined {
  try {
    const packages = readdirSync(folder).filter((name) => /^intel-rapl:\d+$/.test(name));
    const read = (name: string, file: string): number => Number(readFileSync(join(folder, name, file), 'utf8').trim());
    const counters = packages.map(
      (name) => [name, { microjoules: read(name, 'energy_uj'), range: read(name, 'max_energy_range_uj') }] as const,
    );
    return counters.length > 0 ? new Map(counters) : undefined;
  } catch {
    return undefined;
  }
}

/** Counters begin anew after an hour at full load: they are read more often than that. */
const READ_EVERY = 10 * 60 * 1000;

/**
 * Begins to measure; the function that is returned ends it, once, and says what was used since.
 * @param folder for tests
 */
export function measureEnergy(folder = POWERCAP): (seconds: number, threads: number | null) => RunEnergy {
  let last = readCounters(folder);
  let microjoules = 0;
  const read = (): void => {
    const now = last && readCounters(folder);
    for (const [name, { microjoules: end, range }] of now ?? []) {
      const start = last?.get(name)?.microjoules ?? end;
      microjoules += end >= start ? end - start : end + range - start;
    }
    last = now;
  };
  const timer = last && setInterval(read, READ_EVERY).unref();
  return (seconds, threads) => {
    clearInterval(timer);
    read();
    return last ? { source: 'rapl', joules: microjoules / 1e6, watts: null } : estimateEnergy(seconds, threads);
  };
}

/** Package power under full load, in proportion to the cores that computed, times the time. */
export function estimateEnergy(seconds: number, threads: number | null, cores = physicalCores()): RunEnergy {
  const watts = ASSUMED_PACKAGE_WATTS * Math.min(1, (threads ?? cores) / cores);
  return { source: 'estimate', joules: watts * seconds, watts };
}
