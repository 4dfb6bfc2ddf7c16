/** `pretext study delete` and `pretext sweep delete`: asked of the lab that has the workspace open, or of one that is opened for it. */
import type { Command } from 'commander';
import { plural } from '../../../shared/display.ts';
import { connectLab } from './connect-lab.ts';
import { existingWorkspaceOf, globalsOf } from './globals.ts';
import { printJson, say } from './output.ts';

export function registerDeleteWork(parent: Command, kind: 'study' | 'sweep'): void {
  parent
    .command('delete')
    .description(`delete a ${kind} that nobody works on; its runs stay`)
    .argument('<name>', `the name of a ${kind}`)
    .option('--runs', 'delete its runs, too, with their weights and results')
    .action(async (name: string, { runs = false }: { readonly runs?: boolean }, command: Command) => {
      const { lab, close } = await connectLab(await existingWorkspaceOf(command), { trains: false });
      try {
        const { runs: gone } = await (kind === 'study' ? lab.studies : lab.sweeps).delete({ name, runs });
        if (globalsOf(command).json) printJson({ deleted: name, runs: gone });
        else say(`${name} is deleted${gone === 0 ? '' : `, and ${plural(gone, 'run')} of it`}`);
      } finally {
        await close();
      }
    });
}
