/** The study that the page of new studies offers, for the command line: what does a pretrained run gain on these labels? */
import { LabError } from '../../shared/errors.ts';
import { mediumOf } from '../../shared/spec/data-kind.ts';
import {
  budgetOptionsOf,
  sizeOf,
  studyName,
  studyOf,
  suggestBudgets,
  tasksFor,
  usualSeeds,
} from '../../shared/study/design-study.ts';
import type { Material } from '../workspace/catalogue.ts';
import { findMaterial } from '../workspace/catalogue.ts';
import { runFolder } from '../workspace/run-folder.ts';
import type { RunSummary } from '../workspace/runs.ts';
import { findTrainedRun, listRuns, readRun } from '../workspace/runs.ts';
import { listStudies } from '../workspace/studies.ts';
import type { Workspace } from '../workspace/workspace.ts';
import { describeData } from './describe-data.ts';
import { suggestExperiment } from './suggest-experiment.ts';
import { taskInformation } from './task-information.ts';

export interface StudyWishes {
  /** A labelled dataset. */
  readonly data: string;
  /** A pretrained run; the latest on the same kind of data otherwise. */
  readonly from?: string | undefined;
  readonly task?: string | undefined;
  /** Labels in all, or of each class where the task counts them so; as many as the data comfortably has otherwise. */
  readonly budgets?: readonly number[] | undefined;
  readonly seeds?: number | undefined;
  readonly name?: string | undefined;
}

/**
 * The spec of a study, as a study file has it. Throws `LabError('not-found')` for data and runs that are not there,
 * `LabError('bad-input')` where nothing was pretrained on such data, or the task does not read it.
 */
export async function suggestStudy(
  workspace: Workspace,
  { data, from, task: wanted, budgets, seeds = usualSeeds, name }: StudyWishes,
): Promise<Record<string, unknown>> {
  const material = await findMaterial(workspace, 'dataset', data);
  const source = await sourceFor(workspace, material, from);
  const task = taskFor(source, material, wanted);
  const [budgetOption = 'total'] = budgetOptionsOf(task);
  const { classes } = material.manifest;
  const size = sizeOf({ ...material.manifest, ...(Array.isArray(classes) && { classes: classes.length }) });
  const labels = budgets ?? suggestBudgets(...size, budgetOption);
  const { steps, batchSize, learningRate } = task.fewLabels;
  const taken = await listStudies(workspace);
  return studyOf(
    {
      name: name ?? studyName(source.experiment, material.name, taken),
      source: source.id,
      budgets: labels,
      budgetOption,
      allLabels: labels.length === 0,
      seeds,
      steps,
      batchSize,
      learningRate,
      metric: task.metrics[0] ?? '',
      withBaselines: task.comparesMethods,
      hasLinearProbe: task.hasLinearProbe,
      tuned: true,
    },
    suggestExperiment(task.type, {
      data: describeData(material),
      from: { id: source.id, spec: source.experiment },
    }),
    mediumOf(material.kind) === 'text',
  );
}

type Source = Pick<RunSummary, 'id' | 'experiment'>;

async function sourceFor(workspace: Workspace, material: Material, wanted: string | undefined): Promise<Source> {
  if (wanted !== undefined) return readRun(await findTrainedRun(workspace, wanted));
  const medium = mediumOf(material.kind);
  const pretext = new Set(
    taskInformation()
      .filter(({ kind, data }) => kind === 'pretext' && data.some((one) => mediumOf(one) === medium))
      .map(({ type }) => type),
  );
  const { runs } = await listRuns(workspace); // the newest first
  const found = runs.find(({ status, experiment }) => status === 'finished' && pretext.has(experiment.task.type));
  if (found) return readRun(runFolder(found.folder));
  throw new LabError(
    'bad-input',
    `Nothing in ${workspace.folder} was pretrained on the kind of data that '${material.name}' is (${material.kind}): train a pretext task first, or name a run with --from`,
  );
}

function taskFor({ id, experiment }: Source, material: Material, wanted: string | undefined) {
  const { kind, name } = material;
  const { targets } = describeData(material);
  const fitting = tasksFor(experiment.task.type, taskInformation(), targets).filter(({ data }) =>
    data.some((one) => one === kind),
  );
  const task = wanted === undefined ? fitting[0] : fitting.find(({ type }) => type === wanted);
  if (task) return task;
  const names = fitting.map(({ type }) => type).join(', ');
  throw new LabError(
    'bad-input',
    fitting.length === 0
      ? `The run ${id} was trained on ${experiment.task.type}, from which no task learns on '${name}' (${kind})`
      : `The task ${wanted ?? ''} does not learn on '${name}' (${kind}) from ${experiment.task.type}; these do: ${names}`,
  );
}
