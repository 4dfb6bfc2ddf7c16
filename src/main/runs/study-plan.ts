/** From a study to its runs: one experiment for every condition, arm and seed. */
import { createHash } from 'node:crypto';
import { LabError } from '../../shared/errors.ts';
import type { Experiment } from '../../shared/spec/experiment/index.ts';
import { experimentSpec } from '../../shared/spec/experiment/index.ts';
import { problemsOf } from '../../shared/spec/problems.ts';
import type { Study } from '../../shared/spec/study.ts';
import { studySpec } from '../../shared/spec/study.ts';
import { migrateStudy } from '../../shared/spec/study-versions.ts';
import { badSpec, parseExperiment } from './experiment.ts';
import type { SpecSource } from './spec-file.ts';
import { withValues } from './spec-file.ts';
import { combinations, withChosen } from './tune-run.ts';

export interface StudyCell {
  readonly condition: string;
  readonly arm: string;
  readonly seed: number;
  readonly experiment: Experiment;
}

type Arm = Study['arms'][number];

/** Throws `LabError('bad-spec')` listing every problem with its place. */
export function parseStudy(source: SpecSource): Study {
  const value = migrateStudy(source.value);
  const parsed = studySpec.safeParse(value);
  if (parsed.success) return parsed.data;
  throw badSpec(source, problemsOf(parsed.error, value, {}));
}

/** Every run of the study, checked with all trials: a mistake in the last cell shows before the first one is trained. */
export function planStudy(study: Study, source: SpecSource): readonly StudyCell[] {
  requireEqualTuning(study);
  const inner: SpecSource = { value: study.experiment, locate: (path) => source.locate(['experiment', ...path]) };
  return study.conditions.flatMap((condition) =>
    study.arms.flatMap((arm) => {
      let first: Experiment | undefined;
      return study.seeds.map((seed) => {
        const settings = cellSettings(study, condition, arm, seed);
        const other = first && ofOtherSeed(first, settings);
        const experiment = other ?? parseExperiment(withValues(inner, settings));
        if (!first) for (const chosen of trialsOf(study, arm)) withChosen(experiment, chosen);
        first ??= experiment;
        return { condition: condition.name, arm: arm.name, seed, experiment };
      });
    }),
  );
}

/** All that differs between the seeds of an arm under a condition. */
const seedMembers = experimentSpec.pick({ name: true, seed: true, splitSeed: true, labelSeed: true }).partial();

/** The experiment with the seeds of other settings: of thousands of cells, only one an arm and condition is checked as a whole. */
function ofOtherSeed(first: Experiment, settings: Readonly<Record<string, unknown>>): Experiment | undefined {
  const own = Object.fromEntries(Object.entries(settings).filter(([key]) => key in seedMembers.shape));
  const members = seedMembers.safeParse(own);
  return members.success ? Object.assign({ ...first }, members.data) : undefined; // else the whole check tells what is wrong
}

/** Settings that are tried for an arm; one trial without settings is none. */
function trialsOf(study: Study, arm: Arm) {
  return isTrained(arm) ? combinations(arm.tune ?? study.tune ?? {}) : [];
}

/**
 * Trainings of networks that a study makes. Tuned on the first seed, each arm and condition has its trials once: what suits an arm at
 * a budget differs little from draw to draw of the labels, and tuning every seed multiplies the cost by the number of trials.
 */
export function countTrainings(study: Study): number {
  const { arms, conditions, seeds, tuneOn } = study;
  return arms.filter(isTrained).reduce((sum, arm) => {
    const hasTrials = Object.keys(arm.tune ?? study.tune ?? {}).length > 0;
    const trials = hasTrials ? trialsOf(study, arm).length : 0;
    return sum + conditions.length * (seeds.length + trials * (tuneOn === 'first-seed' ? 1 : seeds.length));
  }, 0);
}

function isTrained({ method = 'training' }: Arm): boolean {
  return method === 'training';
}

function requireEqualTuning(study: Study): void {
  const counts = study.arms.filter(isTrained).map((arm) => ({ name: arm.name, trials: trialsOf(study, arm).length }));
  if (new Set(counts.map(({ trials }) => trials)).size <= 1) return;
  const list = counts.map(({ name, trials }) => `${name} has ${trials}`).join(', ');
  throw new LabError(
    'bad-spec',
    `tune: trained arms need the same number of trials, else the comparison is of how hard each was tuned: ${list}`,
  );
}

/** Whether test examples that leak are taken out: then those that leak into any arm, so that all are tested with the same. */
function excludesLeaks(study: Study, condition: Study['conditions'][number], arm: Arm): boolean {
  const settings = { ...flatten(study.experiment), ...flatten(condition.settings), ...flatten(arm.settings) };
  return settings['evaluation.leaks'] === 'exclude' && backbonesOf(study).length > 0;
}

/** The runs that any arm begins with. */
function backbonesOf({ experiment, arms, conditions }: Study): readonly string[] {
  const runs = [experiment, ...[...arms, ...conditions].map(({ settings }) => settings)].map(
    (settings) => flatten(settings)['from.run'],
  );
  return [...new Set(runs.filter((run) => typeof run === 'string'))].sort();
}

/** Settings by dotted path, as `--set` takes them, however they are nested. */
function flatten(settings: Readonly<Record<string, unknown>>, prefix = ''): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(settings).flatMap(([key, value]) =>
      typeof value === 'object' && value !== null && !Array.isArray(value)
        ? Object.entries(flatten({ ...value }, `${prefix}${key}.`))
        : [[`${prefix}${key}`, value] as const],
    ),
  );
}

/** Longer names of folders are a nuisance, and some file systems refuse them with what is added. */
const longestName = 80;

/** `study.condition.arm.seed`. Of what is too long the parts are cut, each alike, and never the seed: every run keeps a name of its own. */
export function runName(parts: readonly string[], seed: number): string {
  const whole = [...parts, seed].join('.');
  if (whole.length <= longestName) return whole;
  // A few letters of a hash stand for what is cut: conditions may differ at their ends alone.
  const mark = hashOf(whole).slice(0, 6);
  const room = longestName - `..${mark}.${seed}`.length - parts.length + 2;
  const each = Math.floor(room / parts.length);
  return [...parts.map((part) => part.slice(0, each)), mark, seed].join('.');
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function cellSettings(
  study: Study,
  condition: Study['conditions'][number],
  arm: Arm,
  seed: number,
): Readonly<Record<string, unknown>> {
  const reference = study.arms.at(-1)!; // there are two or more
  const name = runName([study.name, condition.name, arm.name], seed);
  const own = arm.method === 'baseline' && Object.keys(arm.settings).length === 0 ? reference.settings : arm.settings;
  if (study.splits === 'per-seed') return { name, seed, splitSeed: seed, ...condition.settings, ...own };
  const tuned = isTrained(arm) ? (arm.tune ?? study.tune ?? {}) : {};
  const tunes = Object.keys(tuned).length > 0;
  return {
    name,
    seed,
    splitSeed: study.splitSeed,
    labelSeed: seed,
    // The task's simple baselines depend on the labels alone: those of the reference stand for all arms.
    ...(arm !== reference && { 'evaluation.baselines': false }),
    ...(excludesLeaks(study, condition, arm) && { 'evaluation.leaksAgainst': backbonesOf(study) }),
    ...condition.settings,
    ...own,
    ...combinations(tuned)[0],
    ...(arm.method !== undefined && { method: arm.method }),
    ...((tunes || (!isTrained(arm) && study.metric !== undefined)) && {
      tune: {
        settings: tuned,
        ...(study.metric !== undefined && { metric: study.metric }),
        ...(tunes && study.tuneOn === 'first-seed' && { seed: study.seeds[0] }),
      },
    }),
  };
}
