/** `pretext export`: a trained run in a format that other tools read. */
import { Option } from 'commander';
import type { Command } from 'commander';
import { exportRun, registeredFormats } from '../../runs/export/index.ts';
import { findTrainedRun } from '../../workspace/runs.ts';
import { globalsOf, existingWorkspaceOf } from './globals.ts';
import { interruptible } from './interrupt.ts';
import { print, printJson, say } from './output.ts';

interface Options {
  readonly format: string;
  readonly checkpoint: 'best' | 'last';
  readonly quantize: 'none' | 'int8';
}

export function registerExport(program: Command): void {
  const formats = registeredFormats();
  program
    .command('export')
    .description('write a run for use elsewhere: as ONNX, for other libraries, or as a page to show')
    .argument('<run>', "a run's id, the beginning of one, or an experiment's name (its latest run)")
    .argument('<folder>', 'a new folder for the files')
    .addOption(
      new Option('-f, --format <format>', 'what to write').choices(formats.map(({ name }) => name)).default('onnx'),
    )
    .addOption(new Option('-c, --checkpoint <which>', 'which weights').choices(['best', 'last']).default('best'))
    .addOption(
      new Option('-q, --quantize <type>', 'weights as 8-bit integers, with the accuracy before and after')
        .choices(['none', 'int8'])
        .default('none'),
    )
    .addHelpText(
      'after',
      `\nFormats:\n${formats.map(({ name, summary }) => `  ${name.padEnd(12)} ${summary}`).join('\n')}`,
    )
    .action(async (reference: string, folder: string, options: Options, command: Command) => {
      const workspace = await existingWorkspaceOf(command);
      const run = await findTrainedRun(workspace, reference, say);
      const onPhase = (phase: string): void => {
        say(`${phase} …`);
      };
      const exported = await interruptible('Stopping; nothing will be kept …', (signal) =>
        exportRun(workspace, run, { ...options, folder, signal, onPhase }),
      );
      for (const note of exported.notes) say(note);
      if (globalsOf(command).json) printJson(exported);
      else print(`${exported.folder}: ${exported.files.join(', ')}`);
    });
}
