/** An axis of parallel coordinates: a place from 0 to 1 for each of what is compared, such as runs. */
import { formatValue } from '../time-axis.ts';

type Value = string | number | boolean | null;

export interface ParallelAxis {
  readonly key: string;
  readonly title: string;
  /** By run; null where the run has no value. */
  readonly places: readonly (number | null)[];
  /** The values in words, by run. */
  readonly labels: readonly (string | null)[];
  readonly ticks: readonly { readonly place: number; readonly label: string }[];
}

/** More than a hundredfold between the smallest and the largest positive value: the axis is logarithmic. */
const logarithmicFrom = 100;

export function parallelAxis(key: string, title: string, values: readonly Value[]): ParallelAxis | undefined {
  const present = values.filter((value) => value !== null);
  if (present.length === 0) return undefined;
  return present.every((value) => typeof value === 'number')
    ? numberAxis(key, title, values as readonly (number | null)[]) // just checked
    : categoryAxis(key, title, values);
}

function numberAxis(key: string, title: string, values: readonly (number | null)[]): ParallelAxis {
  const present = values.filter((value) => value !== null);
  const low = Math.min(...present);
  const high = Math.max(...present);
  const logarithmic = low > 0 && high / low >= logarithmicFrom;
  const scale = (value: number): number => (logarithmic ? Math.log10(value) : value);
  const span = scale(high) - scale(low);
  const placeOf = (value: number): number => (span === 0 ? 0.5 : (scale(value) - scale(low)) / span);
  const middle = logarithmic ? 10 ** ((scale(low) + scale(high)) / 2) : (low + high) / 2;
  const marked = span === 0 ? [low] : [low, middle, high];
  return {
    key,
    title: logarithmic ? `${title} (log)` : title,
    places: values.map((value) => (value === null ? null : placeOf(value))),
    labels: values.map((value) => (value === null ? null : formatValue(value))),
    ticks: marked.map((value) => ({ place: placeOf(value), label: formatValue(value) })),
  };
}

/** A setting that a run does not have is a value as well: it starts from none. */
function categoryAxis(key: string, title: string, values: readonly Value[]): ParallelAxis {
  const names = [...new Set(values.map((value) => String(value ?? 'none')))].sort((a, b) =>
    a.localeCompare(b, undefined, { numeric: true }),
  );
  const placeOf = (name: string): number => (names.length === 1 ? 0.5 : names.indexOf(name) / (names.length - 1));
  return {
    key,
    title,
    places: values.map((value) => placeOf(String(value ?? 'none'))),
    labels: values.map((value) => String(value ?? 'none')),
    ticks: names.map((name) => ({ place: placeOf(name), label: name })),
  };
}

/** Whether an axis tells runs apart: one on which all lie in the same place, or are missing, does not. */
export function tellsApart({ places }: ParallelAxis): boolean {
  return new Set(places.filter((place) => place !== null)).size > 1;
}
