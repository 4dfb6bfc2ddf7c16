/** `pretext work`: what a node of a cluster runs. It needs the shared folder of the workspace and nothing else. */
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { formatCount, plural } from '../../../shared/display.ts';
import { LabError } from '../../../shared/errors.ts';
import { checkSharedFolder } from '../../files/shared-folder.ts';
import type { WorkReport } from '../../runs/cluster/work.ts';
import { work } from '../../runs/cluster/work.ts';
import { workFolder, workspaceFolderOf } from '../../workspace/work-folder.ts';
import { openWorkspace } from '../../workspace/workspace.ts';
import { exitCodes } from './exit-codes.ts';
import { globalsOf } from './globals.ts';
import { wholeNumber } from './numbers.ts';
import { print, printJson, say } from './output.ts';

interface WorkFlags {
  readonly study: string;
  readonly index: number;
  readonly count: number;
  readonly stay?: boolean;
}

export function registerWork(target: Command): void {
  target
    .requiredOption('--study <folder>', "the study's work folder, WORKSPACE/studies/NAME.work")
    .option('--index <i>', 'which node this is, from 0', wholeNumber, 0)
    .option('--count <k>', 'how many nodes there are', wholeNumber, 1)
    .option('--stay', 'wait for the runs of other nodes, and take those that are lost')
    .addHelpText(
      'after',
      `
SIGUSR1, SIGTERM and SIGINT stop it at a checkpoint. Exit codes: 0 nothing more to do, or cancelled; 1 a run has failed;
${exitCodes.again} stopped before the end, to be started again. 'pretext study SPEC --prepare' makes the folder.`,
    )
    .action(async ({ study, index, count, stay = false }: WorkFlags, command: Command) => {
      if (count < 1 || index >= count) {
        throw new LabError('bad-input', `--index ${index}: of ${count} nodes, the index is from 0 to ${count - 1}`);
      }
      const folder = workFolder(resolve(study));
      const workspace = await openWorkspace(workspaceFolderOf(folder), { mustExist: true });
      for (const warning of await checkSharedFolder(folder.folder)) say(`Warning: ${warning}`);
      const controller = new AbortController();
      const stop = (signal: NodeJS.Signals): void => {
        if (controller.signal.aborted) return; // schedulers send several
        say(`${signal}: stopping at a checkpoint …`);
        controller.abort();
      };
      const signals = ['SIGUSR1', 'SIGTERM', 'SIGINT'] as const;
      for (const signal of signals) process.on(signal, stop);
      try {
        const report = await work({
          workspace,
          folder,
          index,
          count,
          stay,
          signal: controller.signal,
          onCell: ({ id }, outcome, message) => {
            say(
              `${new Date().toISOString()} ${hostname()} ${id}: ${outcome}${message === undefined ? '' : `: ${message}`}`,
            );
          },
        });
        if (globalsOf(command).json) printJson(report);
        else print(describeReport(report));
        process.exitCode = exitCodeOf(report);
        // Node stops listening for signals long before it has put everything away, and the next one would kill the process.
        if (controller.signal.aborted) process.exit();
      } finally {
        // A scheduler sends its signal again: without a listener the next one would kill the process before it has said how it ended.
        if (!controller.signal.aborted) for (const signal of signals) process.off(signal, stop);
      }
    });
}

const stopWords = {
  signal: 'stopped at a checkpoint',
  cancelled: 'cancelled',
  futility: 'stopped for futility: more seeds were not expected to show a difference',
} as const;

function describeReport({ trained, failed, left, stopped }: WorkReport): string {
  const parts = [
    `${plural(trained, 'run')} trained here`,
    ...(failed > 0 ? [`${formatCount(failed)} failed`] : []),
    `${formatCount(left)} of the study left`,
    ...(stopped === null ? [] : [stopWords[stopped]]),
  ];
  return parts.join(', ');
}

function exitCodeOf({ failed, left, stopped }: WorkReport): number {
  if (stopped === 'signal' && left > 0) return exitCodes.again;
  return failed > 0 ? exitCodes.failed : exitCodes.done;
}
