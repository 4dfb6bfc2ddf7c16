/** `pretext run`: trains an experiment, or goes on with a run that was stopped. */
import type { Command } from 'commander';
import type { Experiment } from '../../../shared/spec/experiment/index.ts';
import { storedExperiment } from '../../../shared/spec/experiment/index.ts';
import type { RunEvent } from '../../../shared/spec/run/events.ts';
import { formatNumber } from '../../../shared/display.ts';
import { planClasses, planExperiment } from '../../runs/plan-experiment.ts';
import { createRun } from '../../runs/create-run.ts';
import { parseExperiment, resolveExperiment } from '../../runs/experiment.ts';
import { fileExists } from '../../files/file-exists.ts';
import type { RunFolder } from '../../workspace/run-folder.ts';
import { lockRun, readJson } from '../../workspace/run-folder.ts';
import { findRun, readRun } from '../../workspace/runs.ts';
import type { SpecSource } from '../../runs/spec-file.ts';
import { readSpecFile, withSettings } from '../../runs/spec-file.ts';
import { trainRun } from '../../runs/train-run.ts';
import type { Workspace } from '../../workspace/workspace.ts';
import { goBackTo } from '../../training/going-back.ts';
import { exitCodes } from './exit-codes.ts';
import { collect, globalsOf, workspaceOf } from './globals.ts';
import { interruptible } from './interrupt.ts';
import { wholeNumber } from './numbers.ts';
import { emphasise, print, printJson, say, wrap } from './output.ts';
import type { Progress } from './progress.ts';
import { whilePreparing } from './import-progress.ts';
import { createProgress } from './progress.ts';
import { describePlan, describeSettings, describeSides } from './describe-plan.ts';
import { describeEvent, describeResult, describeTransfer } from './describe-run.ts';
import { completeExperiment } from '../../runs/basis.ts';
import { prepareResume } from '../../runs/resume-run.ts';
import { LabError } from '../../../shared/errors.ts';

interface RunOptions {
  readonly set?: readonly string[];
  readonly seed?: number;
  readonly resume?: boolean;
  readonly checkpoint?: number;
  readonly dryRun?: boolean;
  readonly prefetch: boolean;
  readonly tensorboard?: boolean;
}

type Settings = Pick<RunOptions, 'set' | 'seed' | 'tensorboard'>;

export function registerRun(run: Command): void {
  run
    .argument('<spec>', 'an experiment file (YAML or JSON); with --resume also a run')
    .option(
      '-s, --set <key=value>',
      'change a setting, e.g. training.steps=1000; null removes it (may be repeated)',
      collect,
    )
    .option('--seed <number>', 'short for --set seed=…', wholeNumber)
    .option('-r, --resume', 'go on with the latest run of this experiment, or with the run that is named')
    .option(
      '--checkpoint <step>',
      'with --resume, go on from this checkpoint, because a later one is damaged',
      wholeNumber,
    )
    .option('-n, --dry-run', 'check everything and say what would be done')
    .option('--tensorboard', "short for --set training.tensorboard=true: event files in the run's folder")
    .option('--no-prefetch', 'prepare batches in the main thread; the results are the same')
    .action(async (spec: string, options: RunOptions, command: Command) => {
      const workspace = await workspaceOf(command);
      const json = globalsOf(command).json ?? false;
      if (options.dryRun) {
        const source = await readSource(spec, options);
        const resolved = resolveExperiment(source);
        const plan = await whilePreparing((waiting) => planExperiment(workspace, resolved.experiment, waiting));
        if (json) printJson({ ...plan, recipe: resolved.recipe ?? null, settings: resolved.settings });
        else print(`${describePlan(plan)}\n\n${describeSettings(resolved, source)}`);
        return;
      }
      const run = options.resume
        ? await findRunToResume(workspace, spec, options)
        : await newRun(workspace, await readExperiment(spec, options));
      if (options.checkpoint !== undefined) await goBack(run, options);
      await trainWithProgress(workspace, run, options.prefetch, json);
    });
}

/** What the run will learn from, on stderr, before it is created. */
async function newRun(workspace: Workspace, experiment: Experiment): Promise<RunFolder> {
  return whilePreparing(async (waiting) => {
    for (const part of describeSides(await planClasses(workspace, experiment, waiting))) say(part);
    return createRun(workspace, experiment, undefined, waiting);
  });
}

/** An experiment file with the settings of the command line. */
export async function readExperiment(file: string, options: Settings): Promise<Experiment> {
  return parseExperiment(await readSource(file, options));
}

async function readSource(file: string, options: Settings): Promise<SpecSource> {
  return withSettings(await readSpecFile(file), settingsOf(options));
}

function settingsOf({ set = [], seed, tensorboard }: Settings): readonly string[] {
  return [
    ...set,
    ...(seed === undefined ? [] : [`seed=${seed}`]),
    ...(tensorboard ? ['training.tensorboard=true'] : []),
  ];
}

/** As the run has it: what its network reads of images stays what it was, also where newer runs would read something else. */
async function completeAs(workspace: Workspace, run: RunFolder, experiment: Experiment): Promise<Experiment> {
  const { images } = await readJson(run.spec, storedExperiment);
  const whole = await completeExperiment(workspace, experiment);
  return experiment.images === undefined ? { ...whole, images } : whole;
}

async function findRunToResume(workspace: Workspace, reference: string, options: RunOptions): Promise<RunFolder> {
  if (await fileExists(reference)) {
    const experiment = await readExperiment(reference, options);
    const run = await findRun(workspace, experiment.name);
    await prepareResume(run, await completeAs(workspace, run, experiment), options);
    return run;
  }
  const run = await findRun(workspace, reference);
  const stored = { value: await readJson(run.spec, storedExperiment), locate: () => run.id };
  await prepareResume(run, parseExperiment(withSettings(stored, settingsOf(options))), options);
  return run;
}

async function goBack(run: RunFolder, { resume, checkpoint = 0 }: RunOptions): Promise<void> {
  if (!resume) throw new LabError('bad-input', '--checkpoint goes with --resume: a new run has no checkpoints');
  const unlock = await lockRun(run);
  try {
    await goBackTo(run.id, run.checkpoints, checkpoint);
  } finally {
    await unlock();
  }
}

async function trainWithProgress(
  workspace: Workspace,
  run: RunFolder,
  prefetch: boolean,
  json: boolean,
): Promise<void> {
  const progress = createProgress();
  say(`Run ${emphasise(run.id, 'bold', process.stderr)} in ${run.folder}`);
  const result = await interruptible('Stopping at a checkpoint …', async (signal) => {
    try {
      return await trainRun(workspace, run, {
        signal,
        prefetch,
        onEvent: (event) => {
          showEvent(event, progress);
        },
        onStep: (step, loss) => {
          progress.update(step, `loss ${formatNumber(loss)}`);
        },
        onPhase: (phase) => {
          progress.label(phase);
        },
      });
    } finally {
      progress.stop();
    }
  });
  const details = await readRun(run);
  if (!result) {
    say(`Stopped at step ${details.step}. Go on with: pretext run ${run.id} --resume`);
    process.exitCode = exitCodes.interrupted;
  } else if (json) {
    printJson({ ...result, folder: run.folder });
  } else {
    if (details.transfer) print(describeTransfer(details.transfer));
    print(describeResult(result));
  }
}

function showEvent(event: RunEvent, progress: Progress): void {
  if (event.type === 'started' || event.type === 'resumed') {
    progress.start('Training', event.totalSteps, 'steps', event.step);
  }
  const text = describeEvent(event);
  if (text !== undefined) progress.note(wrap(text, 2));
}
