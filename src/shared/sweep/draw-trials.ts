/** Which settings a sweep tries: every combination of a grid, or draws from the fields. */
import { randomStream } from '../random.ts';
import type { RandomStream } from '../random.ts';

export type Settings = Readonly<Record<string, unknown>>;

/** Values to choose among. */
interface Choice {
  readonly path: string;
  readonly values: readonly unknown[];
}

/** Numbers between two ends, both included. */
export interface NumberRange {
  readonly path: string;
  readonly from: number;
  readonly to: number;
  readonly scale: 'linear' | 'log';
  /** Whether the setting takes whole numbers alone. */
  readonly whole: boolean;
}

export type Domain = Choice | NumberRange;

/** Digits of a value: enough to search with, few enough to read, and the same on every machine, whose logarithms may differ in the last. */
const digits = 4;

function rounded(value: number, { from, to }: NumberRange): number {
  return Math.min(to, Math.max(from, Number(value.toPrecision(digits))));
}

/** At a place from 0 to 1 of the range: even steps for a linear one, even ratios on a logarithmic one. */
function valueAt(range: NumberRange, place: number): number {
  const { from, to, scale } = range;
  if (place === 0) return from;
  if (place === 1) return to;
  return scale === 'log' ? Math.exp(Math.log(from) + place * Math.log(to / from)) : from + place * (to - from);
}

/** A number of values of a range, both ends among them; fewer where whole numbers coincide. */
export function gridValues(range: NumberRange, points: number): readonly number[] {
  const values = Array.from({ length: points }, (_, index) => valueAt(range, index / (points - 1)));
  return [...new Set(values.map((value) => (range.whole ? Math.round(value) : rounded(value, range))))];
}

/** Different values that a field can have; infinite for a range of real numbers. */
export function countValues(domain: Domain): number {
  if ('values' in domain) return domain.values.length;
  return domain.whole ? domain.to - domain.from + 1 : Infinity;
}

/** Uniform over a list, over a range, or over the logarithm of a range; a whole number has the share of the reals from it to the next. */
export function drawValue(domain: Domain, random: RandomStream): unknown {
  if ('values' in domain) return domain.values[random.integer(domain.values.length)];
  if (domain.whole) return Math.min(domain.to, Math.floor(valueAt({ ...domain, to: domain.to + 1 }, random.uniform())));
  return rounded(valueAt(domain, random.uniform()), domain);
}

/**
 * Different combinations, a function of the seed and the fields: more of them begin with the same ones. Combinations that were drawn
 * before are drawn again, so there have to be as many as are wanted (`countValues`).
 */
export function drawTrials(domains: readonly Domain[], count: number, seed: number): readonly Settings[] {
  const drawn = new Map<string, Settings>();
  for (let draw = 0; drawn.size < count; draw++) {
    const random = randomStream(seed, draw);
    const settings = Object.fromEntries(domains.map((domain) => [domain.path, drawValue(domain, random)]));
    const key = JSON.stringify(settings);
    if (!drawn.has(key)) drawn.set(key, settings);
  }
  return [...drawn.values()];
}
