/**
 * Chooses settings of a run by trials on the validation split. A trial is a training of its own, in `trials/` of the run's folder:
 * it is resumed where it was stopped, evaluates the validation split alone, and leaves its result without checkpoints. Trials
 * are functions of the experiment, the data and the seed of the trials; runs that share those share what was chosen.
 */
import { createHash } from 'node:crypto';
import { copyFile, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { bestOf } from '../../shared/best-result.ts';
import { LabError } from '../../shared/errors.ts';
import { metricOf } from '../../shared/metrics.ts';
import type { Experiment } from '../../shared/spec/experiment/index.ts';
import { renameSettings } from '../../shared/spec/experiment/v1-to-v2.ts';
import type { RunResult, RunTuning } from '../../shared/spec/run/result.ts';
import { runTuning } from '../../shared/spec/run/result.ts';
import { findTask } from '../tasks/index.ts';
import { parseExperiment } from './experiment.ts';
import { fileExists } from '../files/file-exists.ts';
import type { RunFolder, RunOrigin } from '../workspace/run-folder.ts';
import { readJson, runFolder, writeJson } from '../workspace/run-folder.ts';
import { withValues } from './spec-file.ts';
import type { Workspace } from '../workspace/workspace.ts';

export type Settings = Readonly<Record<string, unknown>>;

export interface TuneOptions {
  readonly workspace: Workspace;
  readonly run: RunFolder;
  readonly experiment: Experiment;
  readonly origin: RunOrigin;
  /** Trains a trial in its folder; undefined when it was stopped. */
  readonly train: (trial: RunFolder, number: number, total: number) => Promise<RunResult | undefined>;
}

/** Every combination of the values, the last setting changing fastest. */
export function combinations(settings: Readonly<Record<string, readonly unknown[]>>): readonly Settings[] {
  return Object.entries(settings).reduce<readonly Settings[]>(
    (sofar, [path, values]) => sofar.flatMap((one) => values.map((value) => ({ ...one, [path]: value }))),
    [{}],
  );
}

/** Whether settings of the training are tried before it; what is solved instead of trained chooses by itself. */
export function hasTrials({ tune, method = 'training' }: Experiment): boolean {
  return method === 'training' && tune !== undefined && Object.keys(tune.settings).length > 0;
}

/** The experiment with some settings. Throws `LabError('bad-spec')` naming the setting that does not fit. */
export function withChosen(experiment: Experiment, settings: Settings): Experiment {
  return parseExperiment(withValues({ value: experiment, locate: () => 'tune' }, settings));
}

/** The experiment as it was before anything was chosen, with the first value of each setting: what tells runs apart. */
export function untuned(experiment: Experiment): Experiment {
  if (!hasTrials(experiment)) return experiment;
  const [first = {}] = combinations(experiment.tune?.settings ?? {});
  return withChosen(experiment, first);
}

/** What was chosen, and the trials. Undefined when it was stopped. */
export async function tuneRun(options: TuneOptions): Promise<RunTuning | undefined> {
  const { run, workspace, experiment } = options;
  if (await fileExists(run.tuning)) return presentTuning(await readJson(run.tuning, runTuning), experiment);
  const shared = join(workspace.folder, 'tuning', `${trialsKey(options)}.json`);
  const isShared = experiment.tune?.seed !== undefined;
  const known = isShared && (await fileExists(shared)) ? await readJson(shared, runTuning) : undefined; // its name has the version
  const tuning = known ?? (await trials(options));
  if (!tuning) return undefined;
  await writeJson(run.tuning, tuning);
  if (isShared && !known) {
    await mkdir(join(workspace.folder, 'tuning'), { recursive: true });
    await writeJson(shared, tuning);
  }
  return tuning;
}

/** Of an older version: under the names that settings have now. */
function presentTuning(tuning: RunTuning, { pipeline }: Experiment): RunTuning {
  return {
    ...tuning,
    chosen: renameSettings(tuning.chosen, pipeline),
    trials: tuning.trials.map((trial) => ({ ...trial, settings: renameSettings(trial.settings, pipeline) })),
  };
}

async function trials(options: TuneOptions): Promise<RunTuning | undefined> {
  const { experiment, run, origin } = options;
  const { metric, direction } = trialMetric(experiment);
  const candidates = combinations(experiment.tune?.settings ?? {});
  const tried: RunTuning['trials'] = [];
  const losses: (number | null | undefined)[] = [];
  for (const [index, settings] of candidates.entries()) {
    const trial = runFolder(join(run.folder, 'trials', String(index + 1)));
    if (!(await fileExists(trial.origin))) await createTrial(trial, run, trialOf(experiment, settings), origin);
    const result = await options.train(trial, index + 1, candidates.length);
    if (!result) return undefined;
    const value = result.validation.metrics[metric];
    if (value === undefined) {
      throw new LabError(
        'bad-spec',
        `tune.metric: the task has no metric '${metric}'. It has: ${Object.keys(result.validation.metrics).join(', ')}`,
      );
    }
    tried.push({ settings: { ...settings }, value });
    losses.push(result.validation.metrics.loss);
    await rm(trial.checkpoints, { recursive: true, force: true });
  }
  const best = bestOf(
    tried.map(({ value }) => value),
    direction,
  );
  // Few validation examples give few different values: of equally good trials the one with the smallest loss is taken.
  const equals = tried.flatMap(({ value }, index) => (value === tried[best ?? 0]?.value ? [index] : []));
  const chosen = equals.reduce((a, b) => ((losses[b] ?? Infinity) < (losses[a] ?? Infinity) ? b : a), equals[0] ?? 0);
  return { metric, direction, chosen: tried[chosen]?.settings ?? {}, trials: tried };
}

function trialMetric({ tune, task }: Experiment): Pick<RunTuning, 'metric' | 'direction'> {
  const { selection } = findTask(task.type);
  const metric = tune?.metric ?? selection.metric;
  return {
    metric,
    direction: metric === selection.metric ? selection.direction : (metricOf(metric).direction ?? 'maximise'),
  };
}

/** The test, baselines, pictures and histograms are for the run itself. */
function trialOf(experiment: Experiment, settings: Settings): Experiment {
  const { tune, ...own } = withChosen(experiment, settings);
  return {
    ...own,
    ...(tune?.seed !== undefined && { seed: tune.seed, labelSeed: tune.seed }),
    training: { ...own.training, histograms: false },
    evaluation: { ...own.evaluation, test: false, baselines: false, inspect: false },
  };
}

async function createTrial(trial: RunFolder, run: RunFolder, experiment: Experiment, origin: RunOrigin): Promise<void> {
  await mkdir(trial.artifacts, { recursive: true });
  await mkdir(trial.checkpoints, { recursive: true });
  await writeJson(trial.spec, experiment);
  if (await fileExists(run.tokenizer)) await copyFile(run.tokenizer, trial.tokenizer);
  await writeJson(trial.origin, origin); // last: with it the trial is whole
}

/** Of everything that the trials depend on. */
function trialsKey({ experiment, origin }: TuneOptions): string {
  const { name: _name, notes: _notes, seed: _seed, labelSeed: _labels, ...decisive } = untuned(experiment);
  const content = JSON.stringify([decisive, origin.data.contentHash, origin.weights, origin.tokenizer?.sha256]);
  return createHash('sha256').update(content).digest('hex').slice(0, 32);
}
