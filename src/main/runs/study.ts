/** Runs a study's grid and measures the transfer gain. Runs that are finished already are not done again. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { LabError } from '../../shared/errors.ts';
import type { Experiment } from '../../shared/spec/experiment/index.ts';
import { problemsOf, showPath } from '../../shared/spec/problems.ts';
import type { RunEvent } from '../../shared/spec/run/events.ts';
import type { RunResult } from '../../shared/spec/run/result.ts';
import type { Study, StudyResult } from '../../shared/spec/study.ts';
import { studySpec } from '../../shared/spec/study.ts';
import type { Interval } from '../../shared/stats.ts';
import { mean, meanInterval, pairedDifference } from '../../shared/stats.ts';
import { createRun } from './create-run.ts';
import { parseExperiment } from './experiment.ts';
import type { RunFolder } from '../workspace/run-folder.ts';
import { runFolder, writeJson } from '../workspace/run-folder.ts';
import { listRuns } from '../workspace/runs.ts';
import type { SpecSource } from './spec-file.ts';
import { withSettings } from './spec-file.ts';
import { trainRun } from './train-run.ts';
import type { Workspace } from '../workspace/workspace.ts';

export interface StudyCell {
  readonly condition: string;
  readonly arm: string;
  readonly seed: number;
  readonly experiment: Experiment;
}

export interface StudyOptions {
  readonly signal: AbortSignal;
  /** Before each run; `index` counts from 0. */
  readonly onCell?: (cell: StudyCell, index: number, total: number, reused: boolean) => void;
  readonly onStep?: (step: number, loss: number) => void;
  readonly onEvent?: (event: RunEvent) => void;
}

/** Throws `LabError('bad-spec')` listing every problem with its place. */
export function parseStudy(source: SpecSource): Study {
  const parsed = studySpec.safeParse(source.value);
  if (parsed.success) return parsed.data;
  const problems = problemsOf(parsed.error, source.value, {});
  throw new LabError(
    'bad-spec',
    problems.map(({ path, message }) => `${source.locate(path)}: ${showPath(path)}: ${message}`).join('\n'),
    { problems },
  );
}

/** Every run of the study, checked: a mistake in the last cell shows before the first one is trained. */
export function planStudy(study: Study, source: SpecSource): readonly StudyCell[] {
  return study.conditions.flatMap((condition) =>
    study.arms.flatMap((arm) =>
      study.seeds.map((seed) => {
        const name = [study.name, condition.name, arm.name, seed].join('.').slice(0, 80);
        const settings = { name, seed, splitSeed: seed, ...condition.settings, ...arm.settings };
        const inner: SpecSource = { value: study.experiment, locate: (path) => source.locate(['experiment', ...path]) };
        const lines = Object.entries(settings).map(([key, value]) => `${key}=${JSON.stringify(value)}`);
        return {
          condition: condition.name,
          arm: arm.name,
          seed,
          experiment: parseExperiment(withSettings(inner, lines)),
        };
      }),
    ),
  );
}

/** The answer, also saved in the workspace's `studies` folder; undefined when it was stopped. */
export async function runStudy(
  workspace: Workspace,
  study: Study,
  source: SpecSource,
  options: StudyOptions,
): Promise<StudyResult | undefined> {
  const cells = planStudy(study, source);
  const folder = join(workspace.folder, 'studies');
  await mkdir(folder, { recursive: true });
  await writeJson(join(folder, `${study.name}.spec.json`), source.value); // by which the lab's pages find it
  const results: { readonly cell: StudyCell; readonly result: RunResult }[] = [];
  for (const [index, cell] of cells.entries()) {
    const known = await findRunOf(workspace, cell.experiment);
    options.onCell?.(cell, index, cells.length, known !== undefined && known.result !== null);
    const result =
      known?.result ??
      (await trainRun(workspace, known?.run ?? (await createRun(workspace, cell.experiment)), options));
    if (!result) return undefined;
    results.push({ cell, result });
  }
  const answer = summariseStudy(study, results);
  await writeJson(join(folder, `${study.name}.json`), answer);
  return answer;
}

/** A run of exactly this experiment: finished, or one to go on with. */
async function findRunOf(
  workspace: Workspace,
  experiment: Experiment,
): Promise<{ readonly run: RunFolder; readonly result: RunResult | null } | undefined> {
  const { runs } = await listRuns(workspace);
  const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value)) as unknown; // without undefined members
  const same = runs.filter(
    (run) => run.status !== 'running' && isDeepStrictEqual(plain(run.experiment), plain(experiment)),
  );
  const best =
    same.find(({ result }) => result) ?? same.find(({ status }) => status === 'stopped' || status === 'interrupted');
  return best && { run: runFolder(best.folder), result: best.result };
}

/** Means, intervals and gains from the results of all cells. */
export function summariseStudy(
  study: Study,
  results: readonly { readonly cell: Omit<StudyCell, 'experiment'>; readonly result: RunResult }[],
): StudyResult {
  const { metric, direction } = results[0]?.result.selection ?? { metric: 'loss', direction: 'minimise' };
  const compared = study.metric ?? metric;
  const maximise =
    study.metric === undefined || study.metric === metric
      ? direction === 'maximise'
      : !/loss|perplexity|error/i.test(compared);
  const runs = results.map(({ cell, result }) => {
    const split = result.test ? 'test' : 'validation';
    const value = (result.test ?? result.validation).metrics[compared];
    if (typeof value !== 'number') {
      throw new LabError(
        'bad-spec',
        `the run ${result.id} has no metric '${compared}'. It has: ${Object.keys(result.validation.metrics).join(', ')}`,
      );
    }
    return { condition: cell.condition, arm: cell.arm, seed: cell.seed, run: result.id, value, split } as const;
  });
  const valuesOf = (condition: string, arm: string): number[] =>
    runs.filter((run) => run.condition === condition && run.arm === arm).map(({ value }) => value);
  const reference = study.arms.at(-1).name;
  const pairs = study.conditions.flatMap(({ name: condition }) =>
    study.arms.map(({ name: arm }) => ({ condition, arm })),
  );

  return {
    formatVersion: 1,
    name: study.name,
    metric: compared,
    direction: maximise ? 'maximise' : 'minimise',
    runs,
    baselines: baselinesOf(study, results, compared),
    arms: pairs.map((pair) => {
      const values = valuesOf(pair.condition, pair.arm);
      return { ...pair, mean: mean(values), interval: intervalOf(compared, values) };
    }),
    gains: pairs
      .filter(({ arm }) => arm !== reference)
      .map(({ condition, arm }) => {
        const [ours, theirs] = [valuesOf(condition, arm), valuesOf(condition, reference)];
        const { difference, interval, pValue } = maximise
          ? pairedDifference(ours, theirs)
          : pairedDifference(theirs, ours);
        return { condition, arm, reference, gain: difference, interval, pValue };
      }),
  };
}

/** The interval of a mean, no further than the metric can go: Student's interval of a few shares can pass 1. */
function intervalOf(metric: string, values: readonly number[]): Interval | null {
  const interval = meanInterval(values);
  if (!interval || !/accuracy|f1|precision|recall/i.test(metric)) return interval;
  return { ...interval, low: Math.max(0, interval.low), high: Math.min(1, interval.high) };
}

/** Baselines depend on the condition and the seed, not on the arm: those of the reference arm stand for all. */
function baselinesOf(
  study: Study,
  results: readonly { readonly cell: Omit<StudyCell, 'experiment'>; readonly result: RunResult }[],
  metric: string,
): StudyResult['baselines'] {
  const reference = study.arms.at(-1).name;
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
