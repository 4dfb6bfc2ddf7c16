/** `pretext check`: whether everything in the workspace is still what was written. */
import type { Command } from 'commander';
import type { CheckedFolder } from '../../training/check-workspace.ts';
import { checkWorkspace } from '../../training/check-workspace.ts';
import { exitCodes } from './exit-codes.ts';
import { globalsOf, workspaceOf } from './globals.ts';
import { interruptible } from './interrupt.ts';
import { print, printJson, say } from './output.ts';

export function registerCheck(check: Command): void {
  check.action(async (_options: object, command: Command) => {
    const workspace = await workspaceOf(command);
    const { json } = globalsOf(command);
    const folders: CheckedFolder[] = [];
    await interruptible('Stopping …', async (signal) => {
      for await (const folder of checkWorkspace(workspace, signal)) {
        folders.push(folder);
        if (!json && folder.state !== 'whole') say(`${folder.path}: ${folder.state}`);
        if (!json) for (const problem of folder.problems) say(`  ${problem}`);
      }
    });
    const count = (state: CheckedFolder['state']): number => folders.filter((one) => one.state === state).length;
    if (json) printJson(folders);
    else {
      print(`${count('whole')} whole, ${count('damaged')} damaged, ${count('not verified')} not verified`);
      if (count('not verified') > 0) say('What an older lab wrote has no checksums');
    }
    if (count('damaged') > 0) process.exitCode = exitCodes.failed;
  });
}
