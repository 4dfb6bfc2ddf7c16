/** What a study found: means, gains and their intervals, the verdict in words, and how many labels pretraining saved. */
import { LabError } from '../../shared/errors.ts';
import { metricOf } from '../../shared/metrics.ts';
import type { RunResult } from '../../shared/spec/run/result.ts';
import { describeLeaks } from '../../shared/spec/leaks.ts';
import type { Study, StudyResult } from '../../shared/spec/study.ts';
import type { Interval } from '../../shared/stats.ts';
import { mean, meanInterval } from '../../shared/stats.ts';
import type { AnsweredRun } from '../../shared/study/answered-run.ts';
import { answeredExamples, haveSameExamples } from '../../shared/study/answered-run.ts';
import type { Gain } from '../../shared/study/gain.ts';
import { chanceToShow, pairedGain, seedsToShow } from '../../shared/study/gain.ts';
import type { ArmCurve } from '../../shared/study/labels-saved.ts';
import { labelsSaved, labelsSavedSentence } from '../../shared/study/labels-saved.ts';
import type { ResampledMetric } from '../../shared/study/test-bootstrap.ts';
import { resampleMetric } from '../../shared/study/test-bootstrap.ts';
import { gainSentence, headlineOf, verdictOf, worthwhileGain } from '../../shared/study/verdict.ts';

export interface FinishedCell {
  readonly cell: { readonly condition: string; readonly arm: string; readonly seed: number };
  readonly result: RunResult;
  /** To the test examples. */
  readonly answers?: AnsweredRun | undefined;
  /** Of all examples, the share that the test has. */
  readonly testFraction?: number | undefined;
}

interface MeasuredRun extends FinishedCell {
  readonly value: number;
  readonly resampled?: ResampledMetric | undefined;
}

/** Cells of a condition count when there is something to compare. Throws `LabError('bad-spec')` for a metric that runs do not have. */
export function summariseStudy(study: Study, results: readonly FinishedCell[]): StudyResult {
  const { metric, direction } = comparedMetric(study, results);
  const sign = direction === 'maximise' ? 1 : -1;
  const reference = study.arms.at(-1)!.name; // there are two or more
  const measured = study.conditions.flatMap(({ name }) => measure(results, name, metric));
  const of = byArm(measured);
  const conditions = study.conditions
    .map(({ name }) => ({ name, labels: of(name, reference)[0]?.result.examples?.training ?? null }))
    .filter(({ name }) => measured.some(({ cell }) => cell.condition === name));
  const seeds = new Set(measured.map(({ cell }) => cell.seed)).size;
  const isInterim = study.stopForFutility && seeds < study.seeds.length;
  const titles = new Map(study.arms.map(({ name, title }) => [name, title ?? name]));
  const titleOf = (arm: string): string => titles.get(arm) ?? arm;
  const gainOf = (condition: string, arm: string, other: string, confidence = 0.95): Gain => {
    const [ours, theirs] = [of(condition, arm), of(condition, other)];
    return pairedGain(pairUp(ours, theirs, sign), {
      confidence,
      testExamples: ours[0]?.answers && answeredExamples(ours[0].answers),
      testFraction: study.splits === 'per-seed' ? (ours[0]?.testFraction ?? 0.2) : undefined,
    });
  };
  const arms = conditions.flatMap(({ name: condition }) =>
    study.arms.flatMap((own) => {
      const { name: arm, method = 'training' } = own;
      const values = of(condition, arm).map(({ value }) => value);
      if (values.length === 0) return [];
      const pretrained = isPretrained(own);
      const interval = intervalOf(metric, values);
      return [{ condition, arm, title: titleOf(arm), method, pretrained, mean: mean(values), interval }];
    }),
  );
  const gains = arms
    .filter(({ arm, condition }) => arm !== reference && of(condition, reference).length > 0)
    .map(({ condition, arm }) => {
      const gain = gainOf(condition, arm, reference);
      return {
        condition,
        arm,
        reference,
        gain: gain.gain,
        interval: gain.interval,
        overSeeds: gain.overSeeds,
        overExamples: gain.overExamples,
        pValue: gain.pValue,
        seedsNeeded: gain.uncertainty && seedsToShow(worthwhileGain, gain.uncertainty),
        sentence: gainSentence(gain, titleOf(arm), titleOf(reference), condition, isInterim),
      };
    });
  // The arm that the study is about: the first with pretrained weights.
  const main = study.arms.find((arm) => isPretrained(arm) && arm.name !== reference)?.name;
  return {
    formatVersion: 2,
    name: study.name,
    metric,
    direction,
    splits: study.splits,
    ...(isInterim && { interim: { seeds, planned: study.seeds.length } }),
    testExamples: measured[0]?.result.examples?.test ?? null,
    conditions,
    runs: measured.map(({ cell, result, value }) => ({
      condition: cell.condition,
      arm: cell.arm,
      seed: cell.seed,
      run: result.id,
      value,
      split: result.test ? 'test' : 'validation',
      chosen: result.tuning?.chosen ?? null,
      trials: result.tuning?.trials.length ?? null,
    })),
    baselines: baselinesOf(study, results, metric),
    arms,
    gains,
    verdicts: conditions.flatMap(({ name: condition }) => {
      const verdict = verdictOf({
        condition,
        direction,
        isInterim,
        arms: arms
          .filter((arm) => arm.condition === condition)
          .map((arm) => ({ name: arm.arm, title: arm.title, mean: arm.mean })),
        gainOf: (arm, other, confidence) => gainOf(condition, arm, other, confidence),
      });
      const own = gains.find((gain) => gain.arm === main && gain.condition === condition);
      const mainGain = own && { title: titleOf(own.arm), reference: titleOf(reference), interval: own.interval };
      return verdict ? [{ ...verdict, headline: headlineOf(verdict, titleOf, mainGain, isInterim) }] : [];
    }),
    leaks: leaksOfArms(study, measured),
    labelsSaved: savedBy(conditions, arms, reference, titleOf, of, sign),
  };
}

type RunsOf = (condition: string, arm: string) => readonly MeasuredRun[];

/** Asked for again and again: of thousands of runs, those of an arm are put together once. */
function byArm(runs: readonly MeasuredRun[]): RunsOf {
  const keyOf = (condition: string, arm: string): string => JSON.stringify([condition, arm]);
  const groups = Map.groupBy(runs, ({ cell }) => keyOf(cell.condition, cell.arm));
  return (condition, arm) => groups.get(keyOf(condition, arm)) ?? [];
}

/** The first one of each seed. */
function bySeed(runs: readonly MeasuredRun[]): ReadonlyMap<number, MeasuredRun> {
  const seeds = new Map<number, MeasuredRun>();
  for (const run of runs) if (!seeds.has(run.cell.seed)) seeds.set(run.cell.seed, run);
  return seeds;
}

/** What is still expected of an arm, at most, when there are fewer chances than this that it shows a difference. */
const fewChances = 0.1;

/** Before that the spread is hardly known. */
export const fewestSeeds = 3;

/** Whether no arm with pretrained weights is expected to differ from the reference by the end, under any condition. */
export function isFutile(study: Study, results: readonly FinishedCell[]): boolean {
  const { metric, direction } = comparedMetric(study, results);
  const sign = direction === 'maximise' ? 1 : -1;
  const reference = study.arms.at(-1)!.name;
  return study.conditions.every(({ name }) => {
    const measured = measure(results, name, metric);
    const of = (arm: string) => measured.filter(({ cell }) => cell.arm === arm);
    return study.arms.filter(isPretrained).every(({ name: arm }) => {
      const { gain, uncertainty } = pairedGain(pairUp(of(arm), of(reference), sign), {
        testExamples: measured[0]?.answers && answeredExamples(measured[0].answers),
      });
      return arm === reference || (uncertainty && chanceToShow(gain, uncertainty, study.seeds.length) < fewChances);
    });
  });
}

function isPretrained({ settings }: Study['arms'][number]): boolean {
  return Object.keys(settings).some((key) => key === 'from' || key.startsWith('from.'));
}

function comparedMetric(study: Study, results: readonly FinishedCell[]): Pick<StudyResult, 'metric' | 'direction'> {
  const { metric, direction } = results[0]?.result.selection ?? { metric: 'loss', direction: 'minimise' };
  if (study.metric === undefined || study.metric === metric) return { metric, direction };
  return { metric: study.metric, direction: metricOf(study.metric).direction ?? 'maximise' };
}

/** Of each arm the run with most leaks: its runs are compared with the same material, seed by seed. */
function leaksOfArms(study: Study, runs: readonly FinishedCell[]): StudyResult['leaks'] {
  return study.arms.flatMap(({ name: arm }) => {
    const found = runs.flatMap(({ cell, result }) => (cell.arm === arm && result.leaks ? [result.leaks] : []));
    const [most] = found.toSorted((a, b) => b.leaked - a.leaked);
    return most ? [{ arm, leaked: most.leaked, excluded: most.excluded.length, sentence: describeLeaks(most) }] : [];
  });
}

/** The metric of every run of a condition, and in every resample of the test where all of them answered the same examples. */
function measure(results: readonly FinishedCell[], condition: string, metric: string): MeasuredRun[] {
  const own = results.filter(({ cell }) => cell.condition === condition);
  const resampled = resample(own, metric);
  return own.map((finished, index) => {
    const { result } = finished;
    const { metrics } = result.test ?? result.validation;
    const value = metrics[metric];
    if (typeof value !== 'number') {
      throw new LabError(
        'bad-spec',
        `metric: the run ${result.id} has no metric '${metric}'. It has: ${Object.keys(metrics).join(', ')}`,
      );
    }
    return { ...finished, value, resampled: resampled?.[index] };
  });
}

function resample(runs: readonly FinishedCell[], metric: string): readonly ResampledMetric[] | undefined {
  const answers = runs.map((run) => run.answers).filter((one) => one !== undefined);
  const [first] = answers;
  if (!first || answers.length < runs.length || answeredExamples(first) === 0) return undefined;
  if (!answers.every((one) => haveSameExamples(one, first))) return undefined;
  const resampled = resampleMetric(answers, metric);
  return resampled.length > 0 ? resampled : undefined;
}

/** Runs of the same seed, so that what is compared had the same labels. */
function pairUp(ours: readonly MeasuredRun[], theirs: readonly MeasuredRun[], sign: number) {
  const others = bySeed(theirs);
  return ours.flatMap((one) => {
    const other = others.get(one.cell.seed);
    if (!other) return [];
    const [first, second] = sign > 0 ? [one, other] : [other, one];
    const both = first.resampled && second.resampled && { first: first.resampled, second: second.resampled };
    return [{ first: first.value, second: second.value, resampled: both }];
  });
}

/** The interval of a mean, no further than the metric can go: Student's interval of a few shares can pass 1. */
function intervalOf(metric: string, values: readonly number[]): Interval | null {
  const interval = meanInterval(values);
  const [least, most] = metricOf(metric).bounds;
  if (!interval) return null;
  return {
    ...interval,
    low: Math.max(least ?? -Infinity, interval.low),
    high: Math.min(most ?? Infinity, interval.high),
  };
}

/** Baselines depend on the condition and the seed, not on the arm: those of the reference arm stand for all. */
function baselinesOf(study: Study, results: readonly FinishedCell[], metric: string): StudyResult['baselines'] {
  const reference = study.arms.at(-1)!.name;
  return study.conditions.flatMap(({ name: condition }) => {
    const values = new Map<string, number[]>();
    for (const { cell, result } of results) {
      if (cell.condition !== condition || cell.arm !== reference) continue;
      for (const { name, metrics } of result.baselines) {
        const value = metrics[metric];
        if (typeof value === 'number') values.set(name, [...(values.get(name) ?? []), value]);
      }
    }
    return [...values].map(([name, list]) => ({
      condition,
      name,
      mean: mean(list),
      interval: intervalOf(metric, list),
    }));
  });
}

/** For each arm that begins with pretrained weights, at each budget: what the reference would need. */
function savedBy(
  conditions: StudyResult['conditions'],
  arms: StudyResult['arms'],
  reference: string,
  titleOf: (arm: string) => string,
  of: RunsOf,
  sign: number,
): StudyResult['labelsSaved'] {
  const budgets = conditions
    .flatMap(({ name, labels }) => (labels === null ? [] : [{ name, labels }]))
    .toSorted((a, b) => a.labels - b.labels);
  if (budgets.length < 2 || new Set(budgets.map(({ labels }) => labels)).size < budgets.length) return [];
  const names = [
    ...new Set(arms.filter(({ pretrained, arm }) => pretrained && arm !== reference).map(({ arm }) => arm)),
  ];
  return names.flatMap((arm) => {
    const found = (one: string) => budgets.map(({ name }) => bySeed(of(name, one)));
    const [own, others] = [found(arm), found(reference)];
    // The seeds that have everything.
    const complete = [...(own[0]?.keys() ?? [])].filter((seed) => [...own, ...others].every((runs) => runs.has(seed)));
    if (complete.length === 0) return [];
    const curve = (budget: typeof own): ArmCurve => ({
      labels: budgets.map(({ labels }) => labels),
      values: budget.map((runs) => complete.map((seed) => sign * (runs.get(seed)?.value ?? Number.NaN))),
    });
    const [ownCurve, otherCurve] = [curve(own), curve(others)];
    return budgets.map(({ name: condition }, index) => {
      const saved = labelsSaved(ownCurve, otherCurve, index);
      return {
        arm,
        reference,
        condition,
        ...saved,
        sentence: labelsSavedSentence(saved, titleOf(arm), titleOf(reference)),
      };
    });
  });
}
