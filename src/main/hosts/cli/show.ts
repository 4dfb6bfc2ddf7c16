/** `pretext show`: everything about one run. */
import { plural } from '../../../shared/display.ts';
import { runVerdicts } from '../../../shared/run-verdict.ts';
import type { Command } from 'commander';
import { dataChange } from '../../runs/changed-data.ts';
import type { RunDetails } from '../../workspace/runs.ts';
import { findRun, readRun } from '../../workspace/runs.ts';
import { describeResult, describeTransfer, showNumber } from './describe-run.ts';
import { globalsOf, existingWorkspaceOf } from './globals.ts';
import type { Column } from './output.ts';
import { pairs, print, printJson, table, terminalWidth, wrap } from './output.ts';
import { courseOf } from './run-course.ts';
import { describeHistograms, histogramsToShow } from './show-histograms.ts';

export function registerShow(show: Command): void {
  show
    .argument('<run>', "a run's id, the beginning of one, or an experiment's name (its latest run)")
    .option(
      '--histograms [parameter]',
      'how the weights and gradients of a parameter were distributed at the evaluations; without a name, those of all at the last one',
    )
    .action(async (reference: string, { histograms }: { histograms?: string | true }, command: Command) => {
      const workspace = await existingWorkspaceOf(command);
      const run = await findRun(workspace, reference);
      if (histograms !== undefined) {
        const parameter = histograms === true ? undefined : histograms;
        const course = await histogramsToShow(run, parameter);
        if (globalsOf(command).json) printJson(course);
        else print(describeHistograms(course, parameter));
        return;
      }
      const details = await readRun(run);
      const change = (await dataChange(workspace, details.origin.data)) ?? null;
      if (globalsOf(command).json) {
        printJson({ ...details, dataChange: change, verdicts: runVerdicts(courseOf(details)) });
      } else print(describe(details, change));
    });
}

function describe(run: RunDetails, dataChange: string | null): string {
  const { experiment, origin } = run;
  const facts: [string, string][] = [
    ['run', run.id],
    ['folder', run.folder],
    ['created', new Date(run.createdAt).toLocaleString()],
    ['status', `${run.status}, step ${run.step} of ${run.totalSteps ?? '?'}`],
    ...(run.failure === null ? [] : [['failure', run.failure] satisfies [string, string]]),
    ...(run.damagedEvents === 0
      ? []
      : [['damaged', `${plural(run.damagedEvents, 'line')} of its events left out`] satisfies [string, string]]),
    ['task', experiment.task.type],
    ['data', `${origin.data.name} (${origin.data.kind}, content ${origin.data.contentHash.slice(0, 12)})`],
    ...(dataChange === null ? [] : [['', `which ${dataChange}`] satisfies [string, string]]),
    ['weights', origin.weights?.label ?? 'from scratch'],
    ...(origin.tokenizer ? [['tokenizer', origin.tokenizer.label] satisfies [string, string]] : []),
    ['seeds', `${experiment.seed}, split ${experiment.splitSeed}`],
  ];
  return [
    pairs(facts),
    ...(run.transfer ? [describeTransfer(run.transfer)] : []),
    ...runVerdicts(courseOf(run)).map(({ sentence, advice }) => wrap(`${sentence} ${advice}`.trim(), 0)),
    ...evaluationTable(run),
    ...(run.result ? [describeResult(run.result)] : []),
  ].join('\n\n');
}

/** The course of the validation metrics; where a run was resumed, the later evaluation of a step counts. */
function evaluationTable({ events }: RunDetails): string[] {
  const evaluations = new Map(
    events.flatMap((event) =>
      event.type === 'evaluation' && event.split === 'validation' ? [[event.step, event]] : [],
    ),
  );
  if (evaluations.size === 0) return [];
  const rows = [...evaluations.values()];
  const all = [...new Set(rows.flatMap(({ metrics }) => Object.keys(metrics)))];
  const names = fitting(all, terminalWidth() - 'step  best so far'.length);
  return [
    table(
      [{ title: 'step', align: 'right' }, ...names.map((title): Column => ({ title, align: 'right' })), { title: '' }],
      rows.map(({ step, metrics, best }) => [
        String(step),
        ...names.map((name) => showNumber(metrics[name])),
        best ? 'best so far' : '',
      ]),
    ),
  ];
}

/** As many columns as there is room for; `--json` has all. */
function fitting(names: readonly string[], width: number): readonly string[] {
  let used = 0;
  return names.filter((name) => (used += Math.max(8, name.length) + 2) <= width);
}
