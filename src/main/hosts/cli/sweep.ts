/** `pretext sweep`: tries settings of an experiment on the validation split, and says which were best and which matter. */
import type { Command } from 'commander';
import { stringify } from 'yaml';
import type { Concurrency } from '../../../shared/contract/runs.ts';
import { formatCount, formatNumber, plural } from '../../../shared/display.ts';
import { LabError } from '../../../shared/errors.ts';
import { formatDuration } from '../../../shared/eta.ts';
import type { SweepResult } from '../../../shared/spec/sweep.ts';
import { settingWords, settingsWords } from '../../../shared/study/verdict.ts';
import { readSpecFile } from '../../runs/spec-file.ts';
import type { SpecSource } from '../../runs/spec-file.ts';
import type { SweepPlan } from '../../runs/sweep-plan.ts';
import { planSweep } from '../../runs/sweep-plan.ts';
import type { SweepRunOptions } from '../../runs/sweep.ts';
import { isDivergence, listSweeps, loadSweep, runSweep } from '../../runs/sweep.ts';
import type { Workspace } from '../../workspace/workspace.ts';
import { trainSideBySide } from '../node/side-by-side.ts';
import { startTrainer } from '../node/trainers.ts';
import { registerDeleteWork } from './delete-work.ts';
import { describeImportance, describeTrials } from './describe-sweep.ts';
import { exitCodes } from './exit-codes.ts';
import { existingWorkspaceOf, globalsOf, workspaceOf } from './globals.ts';
import { interruptible } from './interrupt.ts';
import { positiveNumber, runsAtATime } from './numbers.ts';
import { print, printJson, say, table } from './output.ts';
import { createProgress } from './progress.ts';
import { writeNew } from './write-new.ts';

interface SweepFlags {
  readonly dryRun?: boolean;
  readonly jobs?: Concurrency;
}

export function registerSweep(sweep: Command): void {
  sweep
    .argument('<spec>', 'a sweep file (YAML or JSON): an experiment, and what to try')
    .option('-n, --dry-run', 'check everything and list the trials')
    .option(
      '-j, --jobs <number>',
      "runs at a time on this machine; 'auto': as many as cores and memory allow, each with its share",
      runsAtATime,
    )
    .action(async (file: string, { dryRun = false, jobs = 1 }: SweepFlags, command: Command) => {
      const source = await readSpecFile(file);
      const json = globalsOf(command).json ?? false;
      const plan = planSweep(source);
      if (dryRun) {
        if (json) printJson(plannedSweep(plan));
        else print(describePlan(plan));
        say(describeRungs(plan));
        return;
      }
      const workspace = await workspaceOf(command);
      const result = await sweepWithProgress(workspace, source, plan, jobs);
      if (!result) {
        say('Stopped. The same command goes on where it stopped.');
        process.exitCode = exitCodes.interrupted;
      } else if (json) printJson(result);
      else print(describeSweep(result));
    });
  registerShow(sweep);
  registerBest(sweep);
  registerDeleteWork(sweep, 'sweep');
}

function registerShow(sweep: Command): void {
  sweep
    .command('show')
    .description(
      'show the trials of a sweep, which settings matter, and how far it is; without a name, list the sweeps',
    )
    .argument('[name]', 'the name of a sweep')
    .action(async (name: string | undefined, _flags: object, command: Command) => {
      const workspace = await existingWorkspaceOf(command);
      const json = globalsOf(command).json ?? false;
      if (name === undefined) {
        const names = await listSweeps(workspace);
        if (json) printJson(names);
        else print(names.join('\n'));
        return;
      }
      const { result } = await loadSweep(workspace, name);
      if (json) printJson(result);
      else print(describeSweep(result));
    });
}

function registerBest(sweep: Command): void {
  sweep
    .command('best')
    .description('write the experiment that won, to be trained, tested and changed like any other')
    .argument('<name>', 'the name of a sweep')
    .argument('[file]', 'a new file; by default it is printed')
    .option('--trial <number>', 'another trial than the best', positiveNumber)
    .action(async (name: string, file: string | undefined, { trial }: { trial?: number }, command: Command) => {
      const { plan, result } = await loadSweep(await existingWorkspaceOf(command), name);
      const chosen = trial ?? result.best;
      if (chosen === null) {
        throw new LabError('conflict', `No trial of ${name} has finished yet, so there is no best one`, { name });
      }
      if (chosen > plan.trials.length) {
        throw new LabError('bad-input', `There is no trial ${chosen}: ${name} has ${plan.trials.length}`, {
          trial: chosen,
        });
      }
      const spec = plan.winner(chosen);
      if (file !== undefined) await writeNew(file, stringify(spec));
      else if (globalsOf(command).json) printJson(spec);
      else print(stringify(spec).trimEnd());
      if (!result.finished) say(`The sweep is not finished: trial ${chosen} is the best so far`);
      if (file !== undefined) say(`pretext run ${file}`);
    });
}

/** Undefined when it was stopped by Ctrl-C. */
function sweepWithProgress(
  workspace: Workspace,
  source: SpecSource,
  plan: SweepPlan,
  jobs: Concurrency,
): Promise<SweepResult | undefined> {
  return interruptible('Stopping at a checkpoint …', async (signal) => {
    if (jobs !== 1) {
      return runSweep(workspace, source, {
        signal,
        trainTogether: (cells) =>
          trainSideBySide(workspace, cells, {
            ...{ jobs, signal, startTrainer, mayFail: isDivergence },
            onCell: (id, outcome, atWork) => {
              say(`${id}: ${outcome} (${formatCount(atWork)} at work)`);
            },
          }),
      });
    }
    const progress = createProgress();
    try {
      return await runSweep(workspace, source, { signal, ...reportTo(progress, plan) });
    } finally {
      progress.stop();
    }
  });
}

function reportTo(progress: ReturnType<typeof createProgress>, plan: SweepPlan): Omit<SweepRunOptions, 'signal'> {
  return {
    onCell({ trial, rung }, { open, remainingSeconds }) {
      const steps = plan.rungs[rung]?.steps ?? null;
      const total = plan.rungs[rung]?.trials ?? 0;
      const place = `${total - open.length + 1} of ${total}${steps === null ? '' : ` with ${formatCount(steps)} steps`}`;
      const left = remainingSeconds === null ? '' : `; about ${formatDuration(1000 * remainingSeconds)} left`;
      progress.note(`Training ${place}: trial ${trial}, ${settingsWords(plan.trials[trial - 1] ?? {})}${left}`);
    },
    onOutcome(_cell, { value }) {
      progress.note(value === null ? '  diverged' : `  ${plan.metric} ${formatNumber(value)}`);
    },
    onEvent(event) {
      if (event.type === 'started' || event.type === 'resumed') {
        progress.start('Training', event.totalSteps, 'steps', event.step);
      }
    },
    onStep(step, loss) {
      progress.update(step, `loss ${formatNumber(loss)}`);
    },
  };
}

function plannedSweep({ name, method, metric, rungs, trials }: SweepPlan): object {
  return { name, method, metric, rungs, trials: trials.map((settings, index) => ({ number: index + 1, settings })) };
}

function describePlan({ fields, trials }: SweepPlan): string {
  return table(
    [{ title: 'Trial', align: 'right' }, ...fields.map(({ path }) => ({ title: path, align: 'right' as const }))],
    trials.map((settings, index) => [String(index + 1), ...fields.map(({ path }) => settingWords(settings[path]))]),
  );
}

function describeRungs({ rungs, metric }: SweepPlan): string {
  const parts = rungs.map(
    ({ trials, steps }) => `${plural(trials, 'training')}${steps === null ? '' : ` of ${formatCount(steps)} steps`}`,
  );
  return `${parts.join(', then ')}; compared by ${metric} of the validation split, the test split is not evaluated`;
}

/** The trials, best first; what matters; and how to go on. */
function describeSweep(result: SweepResult): string {
  const { name, best, finished, trials } = result;
  const done = trials.filter(({ rungs }) => rungs.length > 0).length;
  return [
    `${name}: ${finished ? 'finished' : `${formatCount(done)} of ${plural(trials.length, 'trial')} begun or done`}`,
    describeTrials(result),
    describeImportance(result),
    ...(best === null ? [] : [`Best: trial ${best}. pretext sweep best ${name} best.yaml writes it as an experiment.`]),
  ].join('\n\n');
}
