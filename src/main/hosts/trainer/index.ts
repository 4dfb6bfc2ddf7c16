/**
 * The trainer process: trains one run and ends. The lab starts it (`child_process.fork`, or Electron's `utilityProcess`),
 * and so can a cluster's scheduler:
 *
 *     node src/main/hosts/trainer/index.ts <workspace> <run id>
 *
 * What it does is in the run's folder; events also go to whoever started it. The message `{ "type": "stop" }`, SIGINT,
 * SIGTERM and the end of the parent's connection stop it at the next step, with a checkpoint. Exit codes as those of the
 * command line: 0 finished, 1 failed, 2 wrong arguments, 130 stopped.
 */
import { join } from 'node:path';
import { isLabError, messageOf } from '../../../shared/errors.ts';
import { runFolder } from '../../workspace/run-folder.ts';
import { trainRun } from '../../runs/train-run.ts';
import { openWorkspace } from '../../workspace/workspace.ts';
import { connectParent } from './parent.ts';
import { watchParent } from './watch-parent.ts';

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
  if (parent.isThere) watchParent();
  try {
    const workspace = await openWorkspace(workspaceFolder);
    const result = await trainRun(workspace, runFolder(join(workspace.runs, id)), {
      signal: controller.signal,
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
    parent.close();
  }
}
