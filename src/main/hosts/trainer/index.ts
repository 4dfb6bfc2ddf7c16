/**
 * The trainer process: trains one run and ends. The lab starts it (`child_process.fork`, or Electron's `utilityProcess`),
 * and so can a cluster's scheduler:
 *
 *     node src/main/hosts/trainer/index.ts <workspace> <run id>
 *
 * What it does is in the run's folder; events also go to whoever started it. It goes on when that process is gone: a lab that is
 * opened again takes it over. The message `{ "type": "stop" }`, a file `stop` in the run's folder, SIGINT and SIGTERM stop it at
 * the next step, with a checkpoint. Exit codes as those of the
 * command line: 0 finished, 1 failed, 2 wrong arguments, 130 stopped.
 */
import { join } from 'node:path';
import { isLabError, messageOf } from '../../../shared/errors.ts';
import { runFolder } from '../../workspace/run-folder.ts';
import { trainRun } from '../../runs/train-run.ts';
import { openWorkspace } from '../../workspace/workspace.ts';
import { connectParent } from './parent.ts';
import { watchForStop } from './watch-for-stop.ts';

const parent = connectParent();
const [workspaceFolder, id] = process.argv.slice(2);

if (workspaceFolder === undefined || id === undefined) {
  process.stderr.write('usage: trainer <workspace> <run id>\n');
  process.exitCode = 2;
} else {
  const controller = new AbortController();
  const stop = (): void => {
    controller.abort();
  };
  process.on('SIGINT', stop).on('SIGTERM', stop);
  parent.onStop(stop);
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
    process.exitCode = result ? 0 : 130;
  } catch (error) {
    const code = isLabError(error) ? error.code : 'internal';
    parent.send({ type: 'failed', code, message: messageOf(error) });
    process.stderr.write(
      `${code === 'internal' && error instanceof Error ? (error.stack ?? error.message) : messageOf(error)}\n`,
    );
    process.exitCode = 1;
  } finally {
    process.off('SIGINT', stop).off('SIGTERM', stop);
    unwatch();
    parent.close();
  }
}
