/** `pretext study`: what did pretraining gain? One table of arms, baselines and gains with their intervals. */
import type { Command } from 'commander';
import { formatCount, formatNumber, formatSigned, plural } from '../../../shared/display.ts';
import { isLabError } from '../../../shared/errors.ts';
import { settingsWords } from '../../../shared/study/verdict.ts';
import type { Concurrency } from '../../../shared/contract/runs.ts';
import type { Interval } from '../../../shared/stats.ts';
import type { StudyResult } from '../../../shared/spec/study.ts';
import { readSpecFile } from '../../runs/spec-file.ts';
import type { SpecSource } from '../../runs/spec-file.ts';
import { planClasses } from '../../runs/plan-experiment.ts';
import { planWork } from '../../runs/cluster/plan-work.ts';
import { runStudy } from '../../runs/study.ts';
import { countTrainings, parseStudy, planStudy } from '../../runs/study-plan.ts';
import type { Workspace } from '../../workspace/workspace.ts';
import { trainSideBySide } from '../node/side-by-side.ts';
import { startTrainer } from '../node/trainers.ts';
import { registerDeleteWork } from './delete-work.ts';
import { describeSides } from './describe-plan.ts';
import { registerStudyReport } from './study-report.ts';
import { registerStudySuggest } from './study-suggest.ts';
import { addClusterOptions, submitToCluster } from './study-cluster.ts';
import type { ClusterFlags } from './study-cluster.ts';
import { exitCodes } from './exit-codes.ts';
import { existingWorkspaceOf, globalsOf, workspaceOf } from './globals.ts';
import { interruptible } from './interrupt.ts';
import { runsAtATime } from './numbers.ts';
import { print, printJson, say, table } from './output.ts';
import { whilePreparing } from './import-progress.ts';
import { createProgress } from './progress.ts';

interface StudyFlags extends ClusterFlags {
  readonly dryRun?: boolean;
  readonly prepare?: boolean;
  readonly jobs?: Concurrency;
}

export function registerStudy(study: Command): void {
  study
    .argument('<spec>', 'a study file (YAML or JSON)')
    .option('-n, --dry-run', 'check everything and list the runs')
    .option('--prepare', "lay it out for other computers, which do it with 'pretext work', and train nothing here")
    .option(
      '-j, --jobs <number>',
      "runs at a time on this machine; 'auto': as many as cores and memory allow, each with its share",
      runsAtATime,
    )
    .action(async (file: string, flags: StudyFlags, command: Command) => {
      const { dryRun = false, prepare = false, jobs = 1 } = flags;
      const source = await readSpecFile(file);
      const json = globalsOf(command).json ?? false;
      if (dryRun) {
        const study = parseStudy(source);
        const cells = planStudy(study, source);
        if (json) printJson(cells);
        else print(cells.map(({ experiment }) => experiment.name).join('\n'));
        await sayClassesIfThere(command, source);
        say(`${plural(cells.length, 'run')}, ${plural(countTrainings(study), 'training')} of networks`);
        return;
      }
      if (prepare) {
        const { folder, plan, open } = await planWork(await workspaceOf(command), parseStudy(source), source);
        if (json) printJson({ folder: folder.folder, cells: plan.cells.length, open });
        else print(folder.folder);
        say(`${formatCount(open)} of ${plural(plan.cells.length, 'run')} left to be done`);
        return;
      }
      if (flags.on !== undefined) {
        await submitToCluster(await workspaceOf(command), source, flags.on, flags, json);
        return;
      }
      const workspace = await workspaceOf(command);
      await sayClasses(workspace, source);
      const result = await (jobs === 1
        ? studyWithProgress(workspace, source)
        : studySideBySide(workspace, source, jobs));
      if (!result) {
        say('Stopped. The same command goes on where it stopped.');
        process.exitCode = exitCodes.interrupted;
      } else if (json) printJson(result);
      else print(describeStudy(result));
    });
  addClusterOptions(study);
  registerStudySuggest(study);
  registerStudyReport(study);
  registerDeleteWork(study, 'study');
}

/** The classes on each side of the split of the first run: the others have the same data, or other labels of it. */
async function sayClasses(workspace: Workspace, source: SpecSource): Promise<void> {
  const [first] = planStudy(parseStudy(source), source);
  if (first !== undefined) {
    const sides = await whilePreparing((waiting) => planClasses(workspace, first.experiment, waiting));
    for (const part of describeSides(sides)) say(part);
  }
}

/** The same where the data is there already; a dry run tells what is missing, and is no failure for it. */
async function sayClassesIfThere(command: Command, source: SpecSource): Promise<void> {
  try {
    await sayClasses(await existingWorkspaceOf(command), source);
  } catch (error) {
    if (!isLabError(error) || error.code !== 'not-found') throw error;
    say(`The data was not looked at: ${error.message}`);
  }
}

/** Runs a study with a progress bar for each run; undefined when it was stopped by Ctrl-C. */
export async function studyWithProgress(workspace: Workspace, source: SpecSource): Promise<StudyResult | undefined> {
  const progress = createProgress();
  return interruptible('Stopping at a checkpoint …', async (signal) => {
    try {
      return await runStudy(workspace, parseStudy(source), source, {
        signal,
        onCell: ({ condition, arm, seed }, index, total, reused) => {
          progress.note(
            `Run ${index + 1} of ${total}: ${condition}, ${arm}, seed ${seed}${reused ? ' (done before)' : ''}`,
          );
        },
        onEvent: (event) => {
          if (event.type === 'started' || event.type === 'resumed') {
            progress.start('Training', event.totalSteps, 'steps', event.step);
          }
        },
        onPhase: (phase) => {
          if (phase.startsWith('Trial')) progress.note(phase);
        },
        onStep: (step, loss) => {
          progress.update(step, `loss ${formatNumber(loss)}`);
        },
      });
    } finally {
      progress.stop();
    }
  });
}

/** The same with several runs at a time, each in a process of its own. */
function studySideBySide(
  workspace: Workspace,
  source: SpecSource,
  jobs: Concurrency,
): Promise<StudyResult | undefined> {
  return interruptible('Stopping at a checkpoint …', (signal) =>
    runStudy(workspace, parseStudy(source), source, {
      signal,
      trainTogether: (cells) =>
        trainSideBySide(workspace, cells, {
          jobs,
          signal,
          startTrainer,
          onCell: (id, outcome, atWork) => {
            say(`${id}: ${outcome} (${formatCount(atWork)} at work)`);
          },
        }),
    }),
  );
}

/** The answer in sentences, and as tables: every arm and baseline by condition, the gains, and what tuning chose. */
export function describeStudy(result: StudyResult): string {
  const { name, metric, arms, baselines, gains, runs, conditions, verdicts, labelsSaved, testExamples } = result;
  const seeds = new Set(runs.map(({ seed }) => seed)).size;
  const sections = conditions.map(({ name: condition, labels }) => {
    const rows = [
      ...arms
        .filter((row) => row.condition === condition)
        .map(({ title, mean, interval }) => [title, formatNumber(mean), show(interval)]),
      ...baselines
        .filter((row) => row.condition === condition)
        .map(({ name: baseline, mean, interval }) => [`(${baseline})`, formatNumber(mean), show(interval)]),
    ];
    const own = gains.filter((row) => row.condition === condition);
    return [
      labels === null ? condition : `${condition} (${labels} labelled examples)`,
      table([{ title: '' }, { title: metric, align: 'right' }, { title: '95 % CI over seeds' }], rows),
      ...arms.filter((row) => row.condition === condition).flatMap((row) => tuned(result, row)),
      ...own.map(
        ({ arm, reference, gain, interval, overSeeds, overExamples }) =>
          `Gain of ${arm} over ${reference}: ${formatSigned(gain)} ${show(interval)}${parts(overSeeds, overExamples)}`,
      ),
    ].join('\n');
  });
  const split = runs[0]?.split ?? 'test';
  const { interim } = result;
  const tested = testExamples === null ? '' : ` (${plural(testExamples, 'example')})`;
  return [
    `${name}: ${metric} on the ${split} split${tested}, ${seeds === 1 ? 'one seed' : `mean over ${seeds} seeds`}${baselines.length > 0 ? ', in parentheses simple baselines' : ''}`,
    ...sections,
    ...(interim
      ? [
          `Stopped for futility after ${interim.seeds} of ${interim.planned} seeds: more were not expected to show a difference.`,
        ]
      : []),
    ['Verdict', ...verdicts.map(({ sentence }) => sentence), ...gains.map(({ sentence }) => sentence)].join('\n'),
    ...leakLines(result),
    ...(labelsSaved.length > 0 ? [['Labels saved', ...labelsSaved.map(({ sentence }) => sentence)].join('\n')] : []),
  ].join('\n\n');
}

/** What the leak check found, a line for the arms that it found the same of. */
function leakLines({ leaks, arms }: StudyResult): string[] {
  if (leaks.length === 0) return [];
  const titles = new Map(arms.map(({ arm, title }) => [arm, title]));
  const lines = [...Map.groupBy(leaks, ({ sentence }) => sentence)].map(([sentence, own]) =>
    own.length === leaks.length ? sentence : `${own.map(({ arm }) => titles.get(arm) ?? arm).join(', ')}: ${sentence}`,
  );
  return [['Leaks', ...lines].join('\n')];
}

/** What tuning chose in the runs of an arm, and from how many trials: a line of its own, because it may be long. */
function tuned({ runs }: StudyResult, { condition, arm, title }: StudyResult['arms'][number]): string[] {
  const own = runs.filter((run) => run.condition === condition && run.arm === arm);
  const chosen = [...new Set(own.flatMap((run) => (run.chosen ? [settingsWords(run.chosen)] : [])))];
  const [first] = chosen;
  if (first === undefined) return [];
  const trials = own[0]?.trials ?? 0;
  const others = chosen.length > 1 ? `, or ${chosen.length - 1} other` : '';
  return [`Chosen for ${title}: ${first}${others} (${plural(trials, 'trial')})`];
}

function parts(overSeeds: Interval | null, overExamples: Interval | null): string {
  const known = [
    ...(overSeeds && overExamples ? [`over seeds ${show(overSeeds)}`] : []),
    ...(overExamples ? [`over test examples ${show(overExamples)}`] : []),
  ];
  return known.length === 0 ? '' : ` (${known.join(', ')})`;
}

function show(interval: Interval | null): string {
  return interval ? `[${formatNumber(interval.low)}, ${formatNumber(interval.high)}]` : '';
}
