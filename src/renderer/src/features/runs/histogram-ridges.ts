/** Histograms of a parameter over the training as lines behind each other: where they stand, and how high they are. */
import type { Histogram, SignedLogScale } from '../../../../shared/histogram.ts';
import {
  linearEdges,
  quantileOf,
  rebin,
  robustRange,
  signedLogEdges,
  signedLogScale,
} from '../../../../shared/histogram.ts';
import type { ValueRange } from '../../../../shared/linear-scale.ts';
import { partOf } from '../../../../shared/parameter-part.ts';
import { valueTicks } from '../../../../shared/value-ticks.ts';
import { formatTick, formatValue } from '../../charts/time-axis.ts';

export type HistogramKind = 'weights' | 'gradients';

export interface HistogramScales {
  /** Values stand by their order of magnitude, on both sides of zero. */
  readonly logarithmicValues: boolean;
  /** Heights grow with the logarithm of the counts, so that a few values are seen beside many. */
  readonly logarithmicCounts: boolean;
}

export interface Ridge {
  readonly step: number;
  readonly values: Histogram;
  /** From 0 to 1, the highest of all ridges; for neighbouring places of the same width. */
  readonly heights: readonly number[];
}

export interface Ridges {
  /** In the order of steps. */
  readonly ridges: readonly Ridge[];
  /** Places from 0, on the left, to 1. */
  readonly ticks: readonly { readonly place: number; readonly text: string }[];
  /** The largest share of a histogram that lies beyond both ends. */
  readonly outside: number;
}

interface Recorded {
  readonly step: number;
  readonly weights: Histogram;
  readonly gradients?: Histogram | undefined;
}

const bins = 72;
const ticks = 6;

/** Undefined where nothing was recorded of them, or no number. */
export function ridgesOf(
  records: readonly Recorded[],
  kind: HistogramKind,
  { logarithmicValues, logarithmicCounts }: HistogramScales,
): Ridges | undefined {
  const known = records.flatMap(({ step, [kind]: values }) => (values && values.count > 0 ? [{ step, values }] : []));
  const histograms = known.map(({ values }) => values);
  const scale = logarithmicValues ? signedLogScale(histograms) : undefined;
  const range = robustRange(histograms);
  if (!range) return undefined;
  const edges = scale ? signedLogEdges(scale) : linearEdges(range, bins);
  const counted = known.map(({ step, values }) => ({ step, values, ...rebin(values, edges) }));
  const heightOf = (count: number, all: number): number => (logarithmicCounts ? Math.log1p(count) : count / all);
  const highest = Math.max(
    ...counted.flatMap(({ counts, values }) => counts.map((one) => heightOf(one, values.count))),
  );
  return {
    ridges: counted.map(({ step, values, counts }) => ({
      step,
      values,
      heights: counts.map((count) => (highest > 0 ? heightOf(count, values.count) / highest : 0)),
    })),
    ticks: scale ? logarithmicTicks(scale) : linearTicks(range),
    outside: Math.max(...counted.map(({ below, above, values }) => (below + above) / values.count)),
  };
}

function linearTicks({ low, high }: ValueRange): Ridges['ticks'] {
  const values = valueTicks(low, high, ticks);
  return values.map((value) => ({ place: (value - low) / (high - low), text: formatTick(value, values) }));
}

/** Ticks that are nearer to zero would be written over it. */
const besideZero = 0.07;

/** Powers of ten, as many as there is room for, and zero. */
function logarithmicTicks({ least, octaves }: SignedLogScale): Ridges['ticks'] {
  const half = signedLogEdges({ least, octaves }).length / 2;
  const placeOf = (value: number): number => {
    const beyond = 0.5 + ((half - 1) * Math.log2(value / least)) / octaves; // in bins, from the middle of the one around zero
    return 0.5 + beyond / (2 * half - 1);
  };
  const [first, last] = [Math.ceil(Math.log10(least)), Math.floor(Math.log10(least * 2 ** octaves) + 1e-9)];
  const every = Math.max(1, Math.ceil((last - first + 1) / (ticks / 2)));
  const powers = Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => last - index).filter(
    (power) => (last - power) % every === 0,
  );
  const above = powers
    .map((power) => ({ place: placeOf(10 ** power), text: `1e${power}`.replace('-', '−') }))
    .filter(({ place }) => place > 0.5 + besideZero);
  return [
    ...above.map(({ place, text }) => ({ place: 1 - place, text: `−${text}` })),
    { place: 0.5, text: '0' },
    ...above.reverse(),
  ];
}

/** What is said of a histogram in words and in the table. */
export function factsOf(values: Histogram): readonly { readonly term: string; readonly value: string }[] {
  const { minimum, maximum, mean, std, zero, count, nan, infinite } = values;
  const facts: readonly (readonly [string, number | null])[] = [
    ['Minimum', minimum],
    ['5 %', quantileOf(values, 0.05)],
    ['Median', quantileOf(values, 0.5)],
    ['95 %', quantileOf(values, 0.95)],
    ['Maximum', maximum],
    ['Mean', mean],
    ['Standard deviation', std],
    ['Zeros', count === 0 ? null : zero],
    ['NaN', nan],
    ['Infinite', infinite],
  ];
  return facts.map(([term, value]) => ({ term, value: formatValue(value) }));
}

/** Parameters by the block that they belong to, in the order of the network. */
export function byPart(
  parameters: readonly string[],
): readonly { readonly part: string; readonly names: readonly string[] }[] {
  return [...Map.groupBy(parameters, partOf)].map(([part, names]) => ({ part, names }));
}
