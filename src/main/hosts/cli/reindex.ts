/** `pretext reindex`: the database anew, from the folders. */
import type { Command } from 'commander';
import { plural } from '../../../shared/display.ts';
import { reindex } from '../../lab/reindex.ts';
import { globalsOf, existingWorkspaceOf } from './globals.ts';
import { print, printJson, say } from './output.ts';
import { taskNotes } from '../../runs/task-notes.ts';

export function registerReindex(target: Command): void {
  target.action(async (_options: object, command: Command) => {
    const { damaged, ...found } = await reindex(await existingWorkspaceOf(command), taskNotes);
    for (const [folder, message] of damaged) say(`${folder}: ${message}`);
    if (globalsOf(command).json) {
      printJson({ ...found, damaged: [...damaged.keys()] });
      return;
    }
    print(
      `${plural(found.runs, 'run')} with ${plural(found.points, 'point')}, ${plural(found.materials, 'corpus or dataset', 'corpora and datasets')}`,
    );
    if (found.keptAs !== null) print(`The old database is kept as ${found.keptAs}`);
  });
}
