/** `pretext runs`: every run of the workspace. */
import type { Command } from 'commander';
import type { RunSummary } from '../../workspace/runs.ts';
import { listRuns } from '../../workspace/runs.ts';
import { showNumber } from './describe-run.ts';
import { globalsOf, existingWorkspaceOf } from './globals.ts';
import { print, printJson, say, table } from './output.ts';

export function registerRuns(runs: Command): void {
  runs.action(async (_options: object, command: Command) => {
    const workspace = await existingWorkspaceOf(command);
    const { runs, damaged } = await listRuns(workspace);
    for (const folder of damaged) say(`${folder} holds no readable run`);
    if (globalsOf(command).json) {
      printJson(runs.map(summarise));
    } else if (runs.length === 0) {
      say(`No runs in ${workspace.folder} yet: start one with 'pretext run <spec>'`);
    } else {
      print(
        table(
          [
            { title: 'run' },
            { title: 'status' },
            { title: 'step', align: 'right' },
            { title: 'task' },
            { title: 'data' },
            { title: 'result' },
          ],
          runs.map((run) => [
            run.id,
            run.status,
            `${run.step}/${run.totalSteps ?? '?'}`,
            run.experiment.task.type,
            run.experiment.data,
            resultOf(run),
          ]),
        ),
      );
    }
  });
}

function resultOf({ result }: RunSummary): string {
  if (!result) return '';
  const { metric } = result.selection;
  const split = result.test ? 'test' : 'validation';
  return `${split} ${metric} ${showNumber((result.test ?? result.validation).metrics[metric])}`;
}

function summarise({
  id,
  folder,
  createdAt,
  status,
  experiment,
  step,
  totalSteps,
  result,
  failure,
}: RunSummary): object {
  const metrics = result && { validation: result.validation.metrics, test: result.test?.metrics ?? null };
  return {
    id,
    folder,
    createdAt,
    status,
    name: experiment.name,
    task: experiment.task.type,
    data: experiment.data,
    seed: experiment.seed,
    step,
    totalSteps,
    metrics,
    failure,
  };
}
