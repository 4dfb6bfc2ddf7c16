/**
 * What a bench is: one file in `bench/` that exports `bench`. `run.ts` finds it there by its file name, which is also
 * the name it is called by.
 */
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { LabError } from '../../src/shared/errors.ts';
import { quantile } from '../../src/shared/stats.ts';

export interface BenchOptions {
  /** Timed steps (or repetitions) of each side. */
  readonly steps: number;
  readonly threads: number;
  /** Compare only with PyTorch versions that begin so; empty for all that are found. */
  readonly torch: string;
  /** What was asked for with --steps, where it was. */
  readonly stepBudget?: number | undefined;
  /** Of few-labels: minutes of pretraining, sets, draws, and where the runs are kept. */
  readonly minutes?: readonly number[] | undefined;
  readonly only?: readonly string[] | undefined;
  readonly seeds?: number | undefined;
  readonly workspace?: string | undefined;
  /** Of benches of single steps: what ours is compared with. */
  readonly against: readonly Rival[];
  /** One line for the person who waits. */
  readonly progress: (line: string) => void;
}

/** PyTorch as it is, compiled by `torch.compile`, and under Hugging Face's Trainer. */
export const rivals = ['torch', 'torch-compile', 'hf-trainer'] as const;
export type Rival = (typeof rivals)[number];

export interface Measurement {
  /** The median: what a step of a long run takes. */
  readonly milliseconds: number;
  readonly fastestMilliseconds: number;
  /** Between these lie the middle half of the steps. */
  readonly middleHalf?: readonly [number, number];
  /** The most that was resident at once, where a side is a process of its own. */
  readonly residentMegabytes?: number;
  readonly [detail: string]: unknown;
}

/** What `--json` prints. Benches that compare have `ours`, the other side and a `ratio` as well. */
export interface BenchReport {
  readonly name: string;
  readonly threads: number;
  readonly size: BenchSize;
  readonly [detail: string]: unknown;
}

export type BenchSize = Readonly<Record<string, number>>;

export interface Bench {
  readonly summary: string;
  /** Of benches that compare whole trainings with PyTorch: they have a Python file too, but no program to step. */
  readonly comparesTrainings?: true;
  /** Throws `LabError('engine-failed')` when the sides do not compute the same. */
  run(name: string, options: BenchOptions): Promise<BenchReport>;
}

const folder = path.resolve(import.meta.dirname, '..');

/** Names of all benches, in alphabetical order. */
export async function benchNames(): Promise<readonly string[]> {
  const files = await readdir(folder);
  return files
    .filter((file) => file.endsWith('.ts') && file !== 'run.ts')
    .map((file) => path.basename(file, '.ts'))
    .sort();
}

/** Throws `LabError('not-found')` naming the benches there are. */
export async function loadBench(name: string): Promise<Bench> {
  const names = await benchNames();
  if (!names.includes(name)) {
    throw new LabError('not-found', `there is no bench '${name}'. Benches: ${names.join(', ')}`);
  }
  const module: unknown = await import(pathToFileURL(path.join(folder, `${name}.ts`)).href);
  if (!hasBench(module)) throw new LabError('internal', `bench/${name}.ts exports no 'bench'`);
  return module.bench;
}

function hasBench(module: unknown): module is { readonly bench: Bench } {
  return typeof module === 'object' && module !== null && 'bench' in module;
}

export function summariseTimes(times: readonly number[]): Measurement {
  const [low, high] = [quantile(times, 0.25), quantile(times, 0.75)];
  return {
    milliseconds: roundTo(median(times), 3),
    fastestMilliseconds: roundTo(Math.min(...times), 3),
    middleHalf: [roundTo(low, 3), roundTo(high, 3)],
  };
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

export function roundTo(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
