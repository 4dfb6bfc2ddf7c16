/** The first look of a lab at its runs, which in a large workspace goes on while the lab is used. */
import type { RunStore } from './store/run-store.ts';

/** Pages are shown when so many runs are known, which are more than any shows at first. */
export const firstRuns = 200;

/** After so many runs, what was found is told. */
const toldAfter = 1000;

export interface FirstLook {
  /** Resolves when the newest runs have been looked at, as many as were asked for; at once where as many are known from before. */
  readonly first: Promise<void>;
  /** Resolves when all have; rejects when the folder cannot be listed, and when the look is stopped. */
  readonly whole: Promise<void>;
  /** How many have not been looked at yet. */
  unread(): number;
  /** How many of these are not even listed: with a database, most are. */
  toCome(): number;
  stop(): void;
}

export function lookAtRuns(runs: RunStore, firstRuns: number, onFound: () => void): FirstLook {
  const controller = new AbortController();
  const first = Promise.withResolvers<void>();
  const known = runs.all().length;
  let unread = known;
  let folders = known;
  if (known >= firstRuns) first.resolve();
  let told = 0;
  const onProgress = (looked: number, total: number): void => {
    unread = total - looked;
    folders = total;
    if (looked >= firstRuns) first.resolve();
    if (looked - told < toldAfter) return;
    told = looked;
    onFound();
  };
  const whole = async (): Promise<void> => {
    try {
      await runs.scan(() => false, { signal: controller.signal, newestFirst: firstRuns < Infinity, onProgress });
    } finally {
      unread = 0; // where it has failed, the next looks find the rest
    }
  };
  return {
    first: first.promise,
    whole: whole(),
    unread: () => unread,
    toCome: () => (unread === 0 ? 0 : Math.max(0, folders - runs.all().length)),
    stop() {
      controller.abort();
    },
  };
}
