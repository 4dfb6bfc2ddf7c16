/** `pretext export`: a trained run or an imported model in a format that other tools read. */
import { Option } from 'commander';
import type { Command } from 'commander';
import { exportNetwork, registeredFormats } from '../../runs/export/index.ts';
import type { ExportOrigin } from '../../runs/export/source.ts';
import { findNetwork } from '../../runs/find-network.ts';
import { globalsOf, existingWorkspaceOf } from './globals.ts';
import { interruptible } from './interrupt.ts';
import { print, printJson, say } from './output.ts';

interface Options {
  readonly format: string;
  readonly checkpoint: 'best' | 'last';
  readonly quantize: 'none' | 'int8';
  readonly head?: string;
}

export function registerExport(target: Command): void {
  const formats = registeredFormats();
  target
    .argument(
      '<run|model>',
      "a run's id, the beginning of one, an experiment's name (its latest run), or a model's name",
    )
    .argument('<folder>', 'a new folder for the files')
    .addOption(
      new Option('-f, --format <format>', 'what to write').choices(formats.map(({ name }) => name)).default('onnx'),
    )
    .addOption(new Option('-c, --checkpoint <which>', 'which weights').choices(['best', 'last']).default('best'))
    .option('--head <task>', 'of a model, the head that is exported: that of the task (default: the first it has)')
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
      const { head, checkpoint, ...request } = options;
      const found = await findNetwork(workspace, reference, say);
      if (found.kind === 'run' && head !== undefined) command.error('error: --head is for imported models');
      const origin: ExportOrigin =
        found.kind === 'run' ? { ...found, checkpoint } : { ...found, head: head ?? found.head };
      const onPhase = (phase: string): void => {
        say(`${phase} …`);
      };
      const exported = await interruptible('Stopping; nothing will be kept …', (signal) =>
        exportNetwork(workspace, origin, { ...request, folder, signal, onPhase }),
      );
      for (const note of exported.notes) say(note);
      if (globalsOf(command).json) printJson(exported);
      else print(`${exported.folder}: ${exported.files.join(', ')}`);
    });
}
