/**
 * How many damaged files a test tries: the same few in every run of the tests, and as many others as `FUZZ_RUNS` says by hand.
 *
 *     FUZZ_RUNS=10000 npx vitest run tests/unit/formats/open-weights.test.ts
 *     node scripts/fuzz-readers.ts        # 10,000 for each reader of foreign models, one after the other, with times and memory
 */
import { afterAll, expect } from 'vitest';

const wanted = process.env.FUZZ_RUNS;

/** Parameters of `fc.assert`. */
export function fuzzRuns(few: number): { readonly numRuns: number; readonly seed?: number } {
  return wanted === undefined ? { numRuns: few, seed: 1 } : { numRuns: Number(wanted) };
}

/** For a test that tries so many, in milliseconds: what needs a tenth of a second for a small file hangs. */
export const fuzzPatience = 120_000 + 100 * Number(wanted ?? 0);

/** Resident memory that a process may ever have had, with all that was loaded, after any number of damaged files of a few kB. */
const mostMemory = 1.5 * 2 ** 30;

/** Where many are tried, the process itself must have stayed small: buffers of files are not of the heap, which Node limits. */
export function expectBoundedMemory(): void {
  if (wanted === undefined) return; // the process is shared with other tests
  afterAll(() => {
    const { maxRSS } = process.resourceUsage();
    process.stdout.write(`largest resident memory: ${Math.round(maxRSS / 1024)} MB\n`);
    expect(maxRSS * 1024).toBeLessThan(mostMemory);
  });
}
