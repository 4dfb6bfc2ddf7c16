/** `pretext study report`: notes, verdict, charts, tables and card of a study in one HTML file. */
import { writeFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { LabError, reasonOf } from '../../../shared/errors.ts';
import { loadStudyReport } from '../../runs/card/load-card.ts';
import { existingWorkspaceOf, globalsOf } from './globals.ts';
import { print, printJson, say } from './output.ts';

export function registerStudyReport(study: Command): void {
  study
    .command('report')
    .description('write notes, verdict, charts, tables and card of a study as one HTML file')
    .argument('<name>', "the study's name")
    .option('-o, --output <file>', 'write it there; it is printed without')
    .action(async (name: string, { output }: { readonly output?: string }, command: Command) => {
      const html = await loadStudyReport(await existingWorkspaceOf(command), name);
      if (html === undefined) {
        throw new LabError('not-found', `There is no study '${name}' in this workspace`, { name });
      }
      if (output === undefined) {
        if (globalsOf(command).json) printJson({ name, html });
        else print(html.trimEnd());
        return;
      }
      await writeFile(output, html).catch((error: unknown) => {
        throw new LabError('bad-input', `${output} cannot be written: ${reasonOf(error)}`, { output }, error);
      });
      if (globalsOf(command).json) printJson({ name, output });
      say(`Written to ${output}`);
    });
}
