/** Lines of charts out of the store, and groups of them as means with bands. */
import { setImmediate } from 'node:timers/promises';
import type { z } from 'zod';
import type { Band } from '../../shared/contract/compare.ts';
import type { Series, seriesRequest } from '../../shared/contract/series.ts';
import type { FieldValue } from './run-fields.ts';
import type { RunStore } from './store/run-store.ts';

type Request = z.output<typeof seriesRequest>;

/** A line for every run and metric that there is. Between the runs, other requests get their turn. */
export async function readSeries(
  store: RunStore,
  { ids, metrics, maximumPoints, fromStep, toStep }: Request,
  signal?: AbortSignal,
): Promise<Series[]> {
  const lines: Series[] = [];
  for (const id of ids) {
    const record = store.find(id);
    if (!record) continue; // deleted in the meantime
    for (const metric of metrics ?? store.points.metrics(record.number).map((known) => known.metric)) {
      const line = store.points.line(record.number, metric, { maximumPoints, fromStep, toStep });
      const { total } = line;
      const [before, after] =
        fromStep === undefined && toStep === undefined
          ? []
          : store.points.beside(record.number, metric, fromStep ?? 0, toStep ?? Number.MAX_SAFE_INTEGER);
      const points = [before, ...line.points, after].filter((point) => point !== undefined);
      if (points.length === 0) continue;
      lines.push({
        run: id,
        metric,
        steps: points.map(({ step }) => step),
        times: points.map(({ time }) => time),
        relative: points.map(({ relative }) => relative),
        values: points.map(({ value }) => value),
        total,
        restarts: points.flatMap(({ session }, index) =>
          index > 0 && session !== points[index - 1]?.session ? [index] : [],
        ),
      });
    }
    await setImmediate();
    signal?.throwIfAborted();
  }
  return lines;
}

/** Places at which the mean of a group is taken. */
const places = 200;

/** One band for each metric of a group of lines: values interpolated at common places where at least one run has them. */
export function bandOf(
  key: readonly FieldValue[],
  lines: readonly Series[],
  metric: string,
  x: 'step' | 'relative' | 'wall',
  kind: 'range' | 'deviation',
): Band | undefined {
  const curves = lines
    .filter((line) => line.metric === metric)
    .map((line) => curveOf(line, x))
    .filter(({ xs }) => xs.length > 0);
  if (curves.length === 0) return undefined;
  const start = Math.min(...curves.map(({ xs }) => xs[0]!));
  const end = Math.max(...curves.map(({ xs }) => xs.at(-1)!));
  // Few points, such as those of evaluations, stay where they are; long lines are read at evenly spaced places.
  const own = [...new Set(curves.flatMap(({ xs }) => xs))].sort((a, b) => a - b);
  const at =
    own.length <= places
      ? own
      : Array.from({ length: places }, (_, index) => start + (index * (end - start)) / (places - 1));
  const band: Band = {
    key: [...key],
    runs: lines.filter((line) => line.metric === metric).map(({ run }) => run),
    metric,
    x: at,
    mean: [],
    low: [],
    high: [],
    count: [],
  };
  for (const place of at) {
    const values = curves.flatMap((curve) => interpolate(curve, place) ?? []);
    const mean = values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
    band.count.push(values.length);
    band.mean.push(mean);
    const [low, high] = mean === null ? [null, null] : spread(values, mean, kind);
    band.low.push(low);
    band.high.push(high);
  }
  return band;
}

interface Curve {
  readonly xs: readonly number[];
  readonly ys: readonly number[];
}

function curveOf({ steps, relative, times, values }: Series, x: 'step' | 'relative' | 'wall'): Curve {
  const axis = { step: steps, relative, wall: times }[x];
  const finite = values.flatMap((value, index) => (value === null ? [] : [index]));
  return { xs: finite.map((index) => axis[index]!), ys: finite.map((index) => values[index]!) };
}

/** Undefined outside of the curve: a run that ended early does not count any more. */
function interpolate({ xs, ys }: Curve, place: number): number | undefined {
  if (place < xs[0]! || place > xs.at(-1)!) return undefined;
  let low = 0;
  let high = xs.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (xs[middle]! <= place) low = middle;
    else high = middle;
  }
  const [x0, x1, y0, y1] = [xs[low]!, xs[high]!, ys[low]!, ys[high]!];
  if (place === x0 || x1 === x0) return y0;
  return y0 + ((place - x0) / (x1 - x0)) * (y1 - y0);
}

function spread(values: readonly number[], mean: number, kind: 'range' | 'deviation'): [number, number] {
  if (kind === 'range') return [Math.min(...values), Math.max(...values)];
  const deviation =
    values.length < 2
      ? 0
      : Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1));
  return [mean - deviation, mean + deviation];
}

/** Which metrics some runs have, in the order of the alphabet: in how many of the runs, and how many points. Throws `LabError('not-found')`. */
export function countPoints(
  store: RunStore,
  ids: readonly string[],
): { metric: string; runs: number; points: number }[] {
  const found = new Map<string, { runs: number; points: number }>();
  for (const id of ids) {
    for (const { metric, points } of store.points.metrics(store.get(id).number)) {
      const known = found.get(metric) ?? { runs: 0, points: 0 };
      found.set(metric, { runs: known.runs + 1, points: known.points + points });
    }
  }
  return [...found].map(([metric, counts]) => ({ metric, ...counts })).sort((a, b) => a.metric.localeCompare(b.metric));
}
