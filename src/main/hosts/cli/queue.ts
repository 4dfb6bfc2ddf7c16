/** `pretext queue`: runs that are trained one after the other, or some at a time, here or by the lab that has the workspace open. */
import type { Command } from 'commander';
import { stringify } from 'yaml';
import type { LabClient } from '../../../shared/contract/index.ts';
import type { Concurrency, QueueState, Run } from '../../../shared/contract/runs.ts';
import { activeStates } from '../../../shared/contract/runs.ts';
import { formatNumber, plural } from '../../../shared/display.ts';
import { LabError } from '../../../shared/errors.ts';
import { formatDuration } from '../../../shared/eta.ts';
import { fileExists } from '../../files/file-exists.ts';
import { findRun } from '../../workspace/runs.ts';
import type { Workspace } from '../../workspace/workspace.ts';
import type { ConnectedLab } from './connect-lab.ts';
import { connectLab } from './connect-lab.ts';
import { exitCodes } from './exit-codes.ts';
import { collect, globalsOf, workspaceOf } from './globals.ts';
import { interruptible } from './interrupt.ts';
import { runsAtATime, wholeNumber } from './numbers.ts';
import { print, printJson, say, table } from './output.ts';
import { createProgress } from './progress.ts';
import { readExperiment } from './run.ts';

interface AddOptions {
  readonly set?: readonly string[];
  readonly seed?: number;
}

type Act = (lab: LabClient, ids: string[]) => Promise<unknown>;

export function registerQueue(queue: Command): void {
  queue
    .command('list', { isDefault: true })
    .description('list what is trained and what waits')
    .action(async (_options: object, command: Command) => {
      await withLab(command, () => Promise.resolve());
    });
  queue
    .command('add')
    .description('put experiments, or runs that were stopped, at the end')
    .argument('<specs or runs...>', 'experiment files and runs')
    .option('-s, --set <key=value>', 'change a setting of the experiments (may be repeated)', collect)
    .option('--seed <number>', 'short for --set seed=…', wholeNumber)
    .action(async (given: string[], options: AddOptions, command: Command) => {
      await withLab(command, async ({ lab }, workspace) => {
        for (const one of given) await add(lab, workspace, one, options);
      });
    });
  queue
    .command('run')
    .description('train what waits; Ctrl-C stops at a checkpoint')
    .option(
      '-j, --jobs <number>',
      "runs at a time; 'auto': as many as cores and memory allow, each with its share (default: the setting of the lab)",
      runsAtATime,
    )
    .action(async ({ jobs }: { readonly jobs?: Concurrency }, command: Command) => {
      await trainQueue(command, jobs);
    });
  const acts: readonly (readonly [name: string, what: string, act: Act])[] = [
    ['retry', 'add runs with the same specs', (lab, ids) => lab.runs.retry({ ids })],
    ['first', 'put runs that wait at the beginning', (lab, ids) => lab.runs.reorder({ ids })],
  ];
  for (const [name, what, act] of acts) registerAct(queue, name, what, act);
  registerAct(queue, 'cancel', 'take runs out, and stop those that are trained', (lab, ids, now) =>
    lab.runs.cancel({ ids, now }),
  ).option('--now', 'do not wait for a checkpoint');
  queue
    .command('pause')
    .alias('hold')
    .description('start no further run; with runs: stop those at a checkpoint, to be added again later')
    .argument('[runs...]')
    .action(async (references: string[], _options: object, command: Command) => {
      await withLab(command, async ({ lab }, workspace) => {
        if (references.length === 0) return lab.runs.setQueue({ held: true });
        return lab.runs.pause({ ids: await idsOf(workspace, references) });
      });
    });
  queue
    .command('resume')
    .alias('go')
    .description('start the runs that wait, after the queue was paused')
    .action(async (_options: object, command: Command) => {
      await withLab(command, ({ lab }) => lab.runs.setQueue({ held: false }));
    });
  queue
    .command('clone')
    .description('print the spec of a run, to be changed and added as another one')
    .argument('<run>')
    .action(async (reference: string, _options: object, command: Command) => {
      const workspace = await workspaceOf(command);
      const connected = await connectLab(workspace, { trains: false });
      try {
        const { spec } = await connected.lab.runs.clone({ id: (await findRun(workspace, reference)).id });
        if (globalsOf(command).json) printJson(spec);
        else print(stringify(spec).trimEnd());
      } finally {
        await connected.close();
      }
    });
}

function registerAct(
  queue: Command,
  name: string,
  what: string,
  act: (lab: LabClient, ids: string[], now: boolean) => Promise<unknown>,
): Command {
  return queue
    .command(name)
    .description(what)
    .argument('<runs...>')
    .action(async (references: string[], { now = false }: { readonly now?: boolean }, command: Command) => {
      await withLab(command, async ({ lab }, workspace) => act(lab, await idsOf(workspace, references), now));
    });
}

async function idsOf(workspace: Workspace, references: readonly string[]): Promise<string[]> {
  const ids = [];
  for (const reference of references) ids.push((await findRun(workspace, reference)).id);
  return ids;
}

/** Does something with the queue, and shows how it is then. */
async function withLab(
  command: Command,
  act: (connected: ConnectedLab, workspace: Workspace) => Promise<unknown>,
): Promise<void> {
  const workspace = await workspaceOf(command);
  const connected = await connectLab(workspace, { trains: false });
  try {
    await act(connected, workspace);
    const state = await connected.lab.runs.queue({});
    if (globalsOf(command).json) printJson(state);
    else await show(connected, state);
  } finally {
    await connected.close();
  }
}

async function add(lab: LabClient, workspace: Workspace, given: string, options: AddOptions): Promise<void> {
  if (!(await fileExists(given))) {
    await lab.runs.resume({ ids: [(await findRun(workspace, given)).id] });
    return;
  }
  const experiment = await readExperiment(given, options);
  // As JSON, which has no undefined members.
  const { ids } = await lab.runs.create({ spec: JSON.parse(JSON.stringify(experiment)) as Record<string, unknown> });
  say(`Added ${ids.join(', ')}`);
}

async function show({ lab, origin }: ConnectedLab, { order, active, held, reason }: QueueState): Promise<void> {
  if (reason !== null) say(reason);
  else if (held) say("The queue is paused: 'pretext queue resume' starts the runs that wait");
  const runs: Run[] = [];
  for (const id of [...active, ...order]) runs.push((await lab.runs.get({ id })).run);
  if (runs.length === 0) {
    say("Nothing waits: 'pretext queue add <spec>' adds an experiment");
    return;
  }
  print(
    table(
      [
        { title: '', align: 'right' },
        { title: 'run' },
        { title: 'state' },
        { title: 'step', align: 'right' },
        { title: 'task' },
        { title: 'data' },
        { title: 'left' },
      ],
      runs.map((run) => [
        run.queuePosition === null ? '' : String(run.queuePosition),
        run.id,
        run.state,
        `${run.step}/${run.totalSteps ?? '?'}`,
        run.task,
        run.data,
        run.remainingMilliseconds === null ? '' : formatDuration(run.remainingMilliseconds),
      ]),
    ),
  );
  if (origin !== undefined) say(`The lab at ${origin} trains them`);
  else if (order.length > 0) say("'pretext queue run' trains them");
}

/** Trains until nothing waits any more, and no sweep by successive halving has a next rung. */
async function trainQueue(command: Command, concurrency: Concurrency | undefined): Promise<void> {
  const workspace = await workspaceOf(command);
  const connected = await connectLab(workspace, { trains: true, concurrency });
  const { lab, origin } = connected;
  const progress = createProgress();
  try {
    if (origin !== undefined) {
      throw new LabError('conflict', `The lab at ${origin} has the workspace open, and trains what is in its queue`);
    }
    const ended = new Map<string, Run>();
    const stopped = await interruptible('Stopping at a checkpoint …', async (signal) => {
      for (;;) {
        if (await followQueue(lab, signal, progress, ended)) return true;
        const { queued } = await lab.sweeps.advance({});
        if (queued === 0) return false;
        progress.note(`${plural(queued, 'trial')} of the next rung queued`);
      }
    });
    progress.stop();
    if (stopped) process.exitCode = exitCodes.interrupted;
    else if ([...ended.values()].some(({ state }) => state === 'failed')) process.exitCode = exitCodes.failed;
    if (globalsOf(command).json) printJson([...ended.values()]);
  } finally {
    progress.stop();
    await connected.close();
  }
}

/**
 * Shows what is trained until nothing waits any more, and puts the runs that end into `ended`. True when it was interrupted.
 * Throws `LabError('disk-full')`.
 */
function followQueue(
  lab: LabClient,
  signal: AbortSignal,
  progress: ReturnType<typeof createProgress>,
  ended: Map<string, Run>,
): Promise<boolean> {
  const seen = new Set<string>();
  let current: string | undefined;
  const follow = (run: Run): void => {
    if (activeStates.includes(run.state)) seen.add(run.id);
    if (!seen.has(run.id)) return; // it ended before
    if (run.state === 'running' && run.totalSteps !== null) {
      // One bar, for the one that began first of those that train now.
      if (current === undefined) progress.start(run.name, run.totalSteps, 'steps', run.step);
      current ??= run.id;
      if (current === run.id) progress.update(run.step, run.loss === null ? '' : `loss ${formatNumber(run.loss)}`);
    } else if (current === run.id) current = undefined;
    const hasEnded = ['finished', 'failed', 'stopped'].includes(run.state);
    if (!hasEnded || ended.get(run.id)?.state === run.state) return;
    ended.set(run.id, run);
    progress.note(`${run.id} ${run.state}${run.failure ? `: ${run.failure.message}` : ''}`);
  };
  const isDone = async (): Promise<boolean> => {
    const { order, active, held, reason } = await lab.runs.queue({});
    if (reason !== null) throw new LabError('disk-full', reason);
    return active.length === 0 && (order.length === 0 || held);
  };
  let stopWatching: () => void = () => undefined;
  return new Promise<boolean>((resolve, reject) => {
    const look = (): void => {
      isDone().then((done) => {
        if (done) resolve(false);
      }, reject);
    };
    signal.addEventListener('abort', () => {
      resolve(true);
    });
    stopWatching = lab.runs.watch(
      {},
      {
        onReady: look,
        onEvent({ changed }) {
          changed.forEach(follow);
          look();
        },
        onError: reject,
      },
    );
  }).finally(() => {
    stopWatching();
  });
}
