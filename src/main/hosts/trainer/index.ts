/**
 * The trainer process: trains one run and ends. The lab starts it (`child_process.fork`, or Electron's `utilityProcess`),
 * and so can a cluster's scheduler:
 *
 *     node src/main/hosts/trainer/index.ts <workspace> <run id> [--threads n]
 *
 * What it does is in the run's folder; events also go to whoever started it. It goes on when that process is gone: a lab that is
 * opened again takes it over. The message `{ "type": "stop" }`, a file `stop` in the run's folder, SIGINT and SIGTERM stop it at
 * the next step, with a checkpoint. Exit codes as those of the
 * command line: 0 finished, 1 failed, 2 wrong arguments, 130 stopped.
 *
 * With `--shared` it does not end after a run that was short: it says so and is given another one, which finds the engine checked, the
 * material compared with its checksums, and programs compiled where they are the same.
 */
import { join } from 'node:path';
import { isLabError, messageOf } from '../../../shared/errors.ts';
import { setProcessThreads } from '../../engines/host/processor.ts';
import { runFolder } from '../../workspace/run-folder.ts';
import { shareWork } from '../../runs/share-work.ts';
import { trainRun } from '../../runs/train-run.ts';
import { openWorkspace } from '../../workspace/workspace.ts';
import { readArguments } from './arguments.ts';
import { connectParent } from './parent.ts';
import { watchForStop } from './watch-for-stop.ts';

/** Longer runs lose nothing to the start of a process of their own. */
const shortSeconds = 30;
/** A process that has grown gives its memory back by ending. */
const mostBytes = 1024 ** 3;
/** How often it tells how much memory it takes. */
const memoryMilliseconds = 1000;

const parent = connectParent();

async function trainOne(workspaceFolder: string, id: string): Promise<number> {
  const controller = new AbortController();
  const stop = (): void => {
    controller.abort();
  };
  process.on('SIGINT', stop).on('SIGTERM', stop);
  const stopListening = parent.onStop(stop);
  let unwatch = (): void => undefined;
  try {
    const workspace = await openWorkspace(workspaceFolder);
    const run = runFolder(join(workspace.runs, id));
    unwatch = watchForStop(run, stop);
    const result = await trainRun(workspace, run, {
      signal: controller.signal,
      adoptable: true,
      onEvent: (event) => {
        parent.send({ type: 'event', event });
      },
      onStep: (step, loss) => {
        parent.send({ type: 'step', step, loss });
      },
      onPhase: (phase) => {
        parent.send({ type: 'phase', phase });
      },
    });
    return result ? 0 : 130;
  } catch (error) {
    const code = isLabError(error) ? error.code : 'internal';
    parent.send({ type: 'failed', code, message: messageOf(error) });
    process.stderr.write(
      `${code === 'internal' && error instanceof Error ? (error.stack ?? error.message) : messageOf(error)}\n`,
    );
    return 1;
  } finally {
    process.off('SIGINT', stop).off('SIGTERM', stop);
    stopListening();
    unwatch();
  }
}

const given = readArguments(process.argv.slice(2));
if (!given) {
  process.stderr.write('usage: trainer <workspace> <run id> [--threads n] [--shared]\n');
  process.exitCode = 2;
} else {
  if (given.threads !== undefined) setProcessThreads(given.threads);
  if (given.shared) shareWork();
  const timer = setInterval(() => {
    parent.send({ type: 'memory', bytes: process.memoryUsage.rss() });
  }, memoryMilliseconds);
  timer.unref();
  for (let run: string | undefined = given.run; run !== undefined;) {
    const begun = performance.now();
    process.exitCode = await trainOne(given.workspace, run);
    const isShort = performance.now() - begun < shortSeconds * 1000 && process.memoryUsage.rss() < mostBytes;
    // After a failure nobody knows what is left in the process, and a run that was stopped is followed by none.
    run = given.shared && isShort && process.exitCode === 0 ? await parent.nextRun(process.exitCode) : undefined;
  }
  clearInterval(timer);
  parent.close();
}
