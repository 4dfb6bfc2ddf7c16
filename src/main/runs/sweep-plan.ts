/** From a sweep to its trials, and to the experiment of a trial on a rung; a mistake in the last one shows before the first is trained. */
import type { Direction } from '../../shared/metrics.ts';
import { metricOf } from '../../shared/metrics.ts';
import type { Experiment } from '../../shared/spec/experiment/index.ts';
import { migrateExperiment } from '../../shared/spec/experiment/index.ts';
import { problemsOf } from '../../shared/spec/problems.ts';
import type { FieldScale, SweepOptions, SweptField } from '../../shared/spec/sweep.ts';
import { sweepSpec } from '../../shared/spec/sweep.ts';
import type { Domain, Settings } from '../../shared/sweep/draw-trials.ts';
import { drawTrials, gridValues } from '../../shared/sweep/draw-trials.ts';
import { rungSizes } from '../../shared/sweep/halving.ts';
import { findTask } from '../tasks/index.ts';
import { sweepSchema } from './experiment-schema.ts';
import { badSpec, parseExperiment } from './experiment.ts';
import type { SpecSource } from './spec-file.ts';
import { withValues } from './spec-file.ts';
import { runName } from './study-plan.ts';
import { checkOptions, checkTrialCount } from './sweep-problems.ts';
import { combinations } from './tune-run.ts';

/** Of a trial on a rung. */
export interface SweepCell {
  readonly trial: number;
  readonly rung: number;
  readonly experiment: Experiment;
}

export interface Rung {
  /** Null: as the experiment says. */
  readonly steps: number | null;
  /** Trials that come to it. */
  readonly trials: number;
}

export interface SweepPlan {
  readonly name: string;
  readonly notes: string;
  readonly method: SweepOptions['method'];
  readonly metric: string;
  readonly direction: Direction;
  readonly fields: readonly FieldScale[];
  /** Settings by the number of the trial less 1. */
  readonly trials: readonly Settings[];
  readonly rungs: readonly Rung[];
  /** All trainings compared with one of the experiment as it stands, by their steps; null where it says epochs. */
  readonly effort: number | null;
  /** Trials are numbered from 1, rungs from 0. */
  cell(trial: number, rung: number): SweepCell;
  /** The experiment as it was written with the settings of a trial: to be trained, tested and looked at like any other. */
  winner(trial: number): Readonly<Record<string, unknown>>;
}

/** Of a name that goes on. */
const longestBeginning = 60;
const usualTrials = 20;
const usualFactor = 3;
const usualRungs = 3;

/** Throws `LabError('bad-spec')` listing every problem with its place. */
export function planSweep(source: SpecSource): SweepPlan {
  const { options, written, base, name, notes } = readSweepFile(source);
  const { method, fields, trials: count = usualTrials, reductionFactor: factor = usualFactor } = options;
  const experimentWith = (settings: Settings): Experiment => withFields(source, written, options, settings);
  const domains = Object.entries(fields).map(([path, field]) =>
    domainOf(path, field, method, (value) => experimentWith({ [path]: value })),
  );
  // A setting that there is not is told before how often it was to be tried.
  experimentWith(Object.fromEntries(domains.map((one) => [one.path, 'values' in one ? one.values[0] : one.from])));
  const rungs = rungsOf(options, base, factor);
  const wrongCount = checkTrialCount({ method, trials: count, rungs: rungs.length, factor }, domains);
  if (wrongCount) throw badSpec(source, [wrongCount]);
  const trials = method === 'grid' ? gridOf(domains) : drawTrials(domains, count, options.seed);
  const sizes = rungSizes(trials.length, rungs.length, factor);
  const cells = new Map<string, SweepCell>();
  const cell = (trial: number, rung: number): SweepCell => {
    const known = cells.get(`${trial} ${rung}`);
    if (known) return known;
    const steps = rungs[rung] ?? null;
    const experiment = experimentWith({ ...trials[trial - 1], ...lengthOf(steps) });
    const own = runName([name, steps === null ? 'trial' : `${steps}-steps`], trial);
    const made = { trial, rung, experiment: trialOf(experiment, own) };
    cells.set(`${trial} ${rung}`, made);
    return made;
  };
  for (const rung of rungs.keys()) cell(1, rung);
  const ownSteps = trials.map((_, index) => cell(index + 1, 0).experiment.training.steps ?? NaN);
  const stepsOf = rungs.map((steps, rung) => (steps === null ? sum(ownSteps) : steps * (sizes[rung] ?? 0)));
  const effort = sum(stepsOf) / (base.training.steps ?? NaN);
  return {
    ...{ name, notes, method, trials, cell, ...metricOfTrials(options, base) },
    fields: domains.map((domain) => scaleOf(domain, fields[domain.path])),
    rungs: rungs.map((steps, rung) => ({ steps, trials: sizes[rung] ?? 0 })),
    effort: Number.isFinite(effort) ? effort : null,
    winner(trial) {
      const settings = { ...trials[trial - 1], ...lengthOf(rungs.at(-1) ?? null), $schema: null };
      const { value } = withValues({ value: written, locate: () => name }, settings);
      return {
        ...(value as Settings), // an object went in
        name: `${name.slice(0, longestBeginning)}-trial-${trial}`,
        notes: `Trial ${trial} of the sweep ${name}`,
      };
    },
  };
}

interface SweepFile {
  readonly name: string;
  readonly notes: string;
  readonly options: SweepOptions;
  /** The experiment as it was written, and with everything filled in. */
  readonly written: Settings;
  readonly base: Experiment;
}

function readSweepFile(source: SpecSource): SweepFile {
  const value = migrateExperiment(source.value);
  const parsed = sweepSpec.safeParse(value);
  if (!parsed.success) throw badSpec(source, problemsOf(parsed.error, value, sweepSchema()));
  const { sweep: options, ...written } = parsed.data;
  const { name, notes = '' } = written;
  const base = parseExperiment({ value: written, locate: (path) => source.locate(path) });
  const problems = checkOptions(options, base);
  if (problems.length > 0) throw badSpec(source, problems);
  return { name, notes, options, written, base };
}

function metricOfTrials({ metric }: SweepOptions, { task }: Experiment): Pick<SweepPlan, 'metric' | 'direction'> {
  const { selection } = findTask(task.type);
  if (metric === undefined || metric === selection.metric) return selection;
  return { metric, direction: metricOf(metric).direction ?? 'maximise' };
}

/** The settings that make an experiment so long; none where it says itself. */
function lengthOf(steps: number | null): Settings {
  return steps === null ? {} : { 'training.steps': steps, 'training.epochs': null };
}

/** Ranges of a grid become lists. */
function domainOf(
  path: string,
  field: SweptField,
  method: SweepOptions['method'],
  parse: (value: number) => unknown,
): Domain {
  if (Array.isArray(field)) return { path, values: field };
  const { from, to, scale, points = 2 } = field;
  const range = { path, from, to, scale, whole: takesWholeNumbers(field, parse) };
  return method === 'grid' ? { path, values: gridValues(range, points) } : range;
}

function gridOf(domains: readonly Domain[]): readonly Settings[] {
  return combinations(Object.fromEntries(domains.flatMap((one) => ('values' in one ? [[one.path, one.values]] : []))));
}

/** Steps of each rung; null where the experiment's own length is the only one. */
function rungsOf(
  { method, rungs }: SweepOptions,
  { training }: Experiment,
  factor: number,
): readonly (number | null)[] {
  if (method !== 'halving') return [null];
  if (rungs) return rungs;
  const steps = training.steps ?? 0; // its absence was a problem
  const growing = Array.from({ length: usualRungs }, (_, rung) =>
    Math.max(1, Math.round(steps / factor ** (usualRungs - 1 - rung))),
  );
  return [...new Set(growing)]; // few steps make fewer rungs
}

/** As it was written: a range is an axis also where a grid takes a few values of it. */
function scaleOf(domain: Domain, field: SweptField | undefined): FieldScale {
  if (field && !Array.isArray(field)) {
    const { from, to, scale } = field;
    return { path: domain.path, range: { from, to, scale } };
  }
  return { path: domain.path, values: 'values' in domain ? [...domain.values] : [] };
}

/** Of a range between whole numbers: whether a number between them is refused where a whole one is not. */
function takesWholeNumbers(
  { from, to }: { readonly from: number; readonly to: number },
  parse: (value: number) => unknown,
): boolean {
  if (!Number.isInteger(from) || !Number.isInteger(to)) return false;
  const accepts = (value: number): boolean => {
    try {
      parse(value);
      return true;
    } catch {
      return false;
    }
  };
  return !accepts(from + 0.5) && accepts(from);
}

/** Problems of a setting stand where the sweep says it. */
function withFields(source: SpecSource, written: unknown, { fields }: SweepOptions, settings: Settings): Experiment {
  const { value } = withValues({ value: written, locate: (path) => source.locate(path) }, settings);
  return parseExperiment({
    value,
    locate(path) {
      const dotted = path.join('.');
      const field = Object.keys(fields).find((key) => dotted === key || dotted.startsWith(`${key}.`));
      if (field === undefined) return source.locate(path);
      const values = fields[field];
      const index = Array.isArray(values) ? values.indexOf(settings[field]) : -1;
      return source.locate(['sweep', 'fields', field, ...(index < 0 ? [] : [index])]);
    },
  });
}

/** The test, baselines and pictures are for the experiment that wins. */
function trialOf(experiment: Experiment, name: string): Experiment {
  return {
    ...experiment,
    name,
    evaluation: { ...experiment.evaluation, test: false, baselines: false, inspect: false },
  };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
