/** Whether a machine has nothing else to do: what is measured beside other work says nothing. */
import { cpus } from 'node:os';
import { setTimeout as wait } from 'node:timers/promises';

/** Above this share of all cores, somebody else computes. */
const busyFrom = 0.15;
const lookMilliseconds = 400;
const pauseMilliseconds = 3000;

export interface Quiet {
  /** Share of the time of all cores that was used, from 0 to 1. */
  readonly busy: number;
  readonly isQuiet: boolean;
}

/** Looks on for less than half a second. Whoever asks must not compute in the meantime. */
export async function lookForQuiet(usage: () => Usage = coreUsage, look = lookMilliseconds): Promise<Quiet> {
  const before = usage();
  await wait(look);
  const after = usage();
  const total = after.total - before.total;
  const busy = total <= 0 ? 0 : (after.used - before.used) / total;
  return { busy, isQuiet: busy < busyFrom };
}

export interface Turn<Result> {
  readonly result: Result;
  /** Whether it was quiet before and after, as it was not in any of the attempts where this is false. */
  readonly isQuiet: boolean;
}

/** Measures when the machine is quiet, and again where it was not; after so many attempts what was measured last is taken. */
export async function measureQuietly<Result>(
  measure: () => Promise<Result>,
  {
    attempts = 10,
    look = lookForQuiet,
    pause = () => wait(pauseMilliseconds),
    onLoad,
  }: {
    readonly attempts?: number;
    readonly look?: () => Promise<Quiet>;
    readonly pause?: () => Promise<void>;
    readonly onLoad: (busy: number, again: boolean) => void;
  },
): Promise<Turn<Result>> {
  for (let attempt = 1; ; attempt += 1) {
    const before = await look();
    if (!before.isQuiet && attempt < attempts) {
      onLoad(before.busy, true);
      await pause();
      continue;
    }
    const result = await measure();
    const after = await look();
    const isQuiet = before.isQuiet && after.isQuiet;
    if (isQuiet || attempt >= attempts) {
      if (!isQuiet) onLoad(Math.max(before.busy, after.busy), false);
      return { result, isQuiet };
    }
    onLoad(after.busy, true);
    await pause();
  }
}

interface Usage {
  readonly used: number;
  readonly total: number;
}

function coreUsage(): Usage {
  let [used, total] = [0, 0];
  for (const { times } of cpus()) {
    const all = Object.values(times).reduce((sum, part) => sum + part, 0);
    total += all;
    used += all - times.idle;
  }
  return { used, total };
}
