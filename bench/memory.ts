/**
 * Whether what a run holds is given back: a study of 30 small runs, trained one after the other in this process, with the resident
 * memory after each of them. It may grow while kernels, caches and pools of threads come to be, and not any more after the tenth run.
 * Beside it what JavaScript holds, on its heap and in buffers: where that stays and the resident memory grows, memory that was given
 * back lies in the arenas of the allocator. glibc has up to eight for each core, and keeps in them what is larger from time to time:
 * MALLOC_ARENA_MAX=1 MALLOC_TRIM_THRESHOLD_=65536 leaves one, and gives large blocks back at once.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { parseSpecText } from '../src/main/runs/spec-file.ts';
import { runStudy } from '../src/main/runs/study.ts';
import { parseStudy } from '../src/main/runs/study-plan.ts';
import { animalsStudy, createStudyWorkspace } from '../tests/tiny-study.ts';
import type { Bench } from './lib/bench.ts';
import { roundTo } from './lib/bench.ts';

const cellsBySeed = 4; // two arms under two conditions
const settledAfter = 10;

/** Without what only waits to be collected. */
function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  if (typeof collect === 'function') Reflect.apply(collect, undefined, []);
}

const megabytes = (bytes: number): number => roundTo(bytes / 1e6, 1);

export const bench: Bench = {
  summary: 'resident memory of a study of 30 small runs in one process (--steps n: of n runs), after each of them',
  async run(name, { threads, stepBudget = 30, progress }) {
    const seeds = Array.from({ length: Math.ceil(stepBudget / cellsBySeed) }, (_, index) => index + 1);
    const tiny = await createStudyWorkspace();
    const resident: number[] = [];
    const heap: number[] = [];
    let latest = 0;
    try {
      const source = parseSpecText(animalsStudy('memory', seeds), 'study.yaml');
      const measure = (): void => {
        collectGarbage();
        const { rss, heapUsed, external } = process.memoryUsage();
        latest = megabytes(rss);
        resident.push(latest);
        heap.push(megabytes(heapUsed + external));
        progress(`${resident.length - 1} runs: ${latest} MB`);
      };
      await runStudy(tiny.workspace, parseStudy(source), source, {
        signal: new AbortController().signal,
        prefetch: false,
        // Told when a run begins: what the one before it held is given back by then.
        onCell: measure,
      });
      measure();
    } finally {
      await tiny.remove();
    }
    const settled = resident[settledAfter] ?? 0;
    const settledHeap = heap[settledAfter] ?? 0;
    return {
      name,
      threads,
      size: { runs: resident.length - 1 },
      residentMegabytes: resident,
      afterTheTenthMegabytes: settled,
      grownSinceMegabytes: roundTo(latest - settled, 1),
      heapMegabytes: heap,
      heapGrownSinceMegabytes: roundTo((heap[heap.length - 1] ?? 0) - settledHeap, 1),
    };
  },
};
