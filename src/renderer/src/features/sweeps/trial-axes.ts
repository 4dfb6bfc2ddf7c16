/** The trials of a sweep over parallel coordinates: an axis for each field, on its own scale, and one for the metric. */
import { formatNumber } from '../../../../shared/display.ts';
import type { ValueRange } from '../../../../shared/linear-scale.ts';
import { rangeOf } from '../../../../shared/linear-scale.ts';
import { metricOf } from '../../../../shared/metrics.ts';
import type { FieldScale, SweepResult, TrialResult } from '../../../../shared/spec/sweep.ts';
import { settingWords } from '../../../../shared/study/verdict.ts';
import { inOrder } from '../../../../shared/sweep/order-trials.ts';
import { placeOf } from '../../../../shared/sweep/place-fields.ts';
import { valueTicks } from '../../../../shared/value-ticks.ts';
import type { ParallelAxis } from '../../charts/parallel/parallel-axis.ts';

interface DrawnTrial {
  readonly number: number;
  /** Null where it diverged. */
  readonly value: number | null;
  /** 0 for the best of those that are drawn, 1 for the worst, and for those that diverged. */
  readonly rank: number;
}

export interface TrialChart {
  readonly axes: readonly ParallelAxis[];
  /** In the order of the places on the axes: the worst first, so that the best are drawn over them. */
  readonly trials: readonly DrawnTrial[];
}

const mostTicks = 6;

/** Of the trainings of a rung: those of different lengths cannot be compared. */
export function trialChart(result: SweepResult, rung: number): TrialChart {
  const over = result.trials.filter(({ rungs }) => rungs.length > rung);
  const atRung = over.map((trial) => ({ ...trial, rungs: trial.rungs.slice(0, rung + 1) }));
  const trials = inOrder({ trials: atRung, direction: result.direction }).toReversed();
  const values = trials.map(({ rungs }) => rungs[rung]?.value ?? null);
  const known = values.filter((value) => value !== null).length;
  return {
    axes: [...result.fields.map((field) => fieldAxis(field, trials)), metricAxis(result, values)],
    trials: trials.map(({ number }, index) => ({
      number,
      value: values[index] ?? null,
      rank: Math.min(1, (trials.length - 1 - index) / Math.max(1, known - 1)),
    })),
  };
}

function fieldAxis(field: FieldScale, trials: readonly TrialResult[]): ParallelAxis {
  const { path, values, range } = field;
  return {
    key: path,
    title: path.split('.').at(-1) ?? path, // what people call it
    places: trials.map(({ settings }) => placeOf(field, settings[path])),
    labels: trials.map(({ settings }) => settingWords(settings[path])),
    ticks: (values ?? marksOf(range)).map((value) => ({
      place: placeOf(field, value) ?? 0,
      label: settingWords(value),
    })),
  };
}

function marksOf(range: FieldScale['range']): readonly number[] {
  if (!range) return [];
  const { from, to, scale } = range;
  return scale === 'log' ? roundBetween(from, to) : valueTicks(from, to, mostTicks);
}

/** Powers of ten, with twice and five times these where there are few. */
function roundBetween(from: number, to: number): readonly number[] {
  const first = Math.floor(Math.log10(from));
  const powers = Array.from({ length: Math.floor(Math.log10(to)) - first + 1 }, (_, index) => first + index);
  const factors = powers.length > 3 ? [1] : [1, 2, 5];
  const all = powers.flatMap((power) => factors.map((factor) => Number(`${factor}e${power}`)));
  return all.filter((value) => value >= from * (1 - 1e-9) && value <= to * (1 + 1e-9));
}

/** Trials that diverged stand at its worse end. */
function metricAxis({ metric, direction }: SweepResult, values: readonly (number | null)[]): ParallelAxis {
  const known = values.filter((value) => value !== null);
  const range: ValueRange = known.length === 0 ? { low: 0, high: 1 } : rangeOf(known, 0.03, 0.02);
  const placeOfValue = (value: number): number => (value - range.low) / (range.high - range.low);
  return {
    key: 'metric',
    title: metricOf(metric).title,
    places: values.map((value) => (value === null ? Number(direction === 'minimise') : placeOfValue(value))),
    labels: values.map((value) => (value === null ? 'diverged' : formatNumber(value))),
    ticks: valueTicks(range.low, range.high, mostTicks).map((value) => ({
      place: placeOfValue(value),
      label: String(value),
    })),
  };
}
