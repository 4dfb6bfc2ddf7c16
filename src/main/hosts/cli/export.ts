/** `pretext export`: a trained run as an ONNX model, for use elsewhere. */
import { Option } from 'commander';
import type { Command } from 'commander';
import { exportRun } from '../../runs/export-onnx.ts';
import { findTrainedRun } from '../../workspace/runs.ts';
import { globalsOf, existingWorkspaceOf } from './globals.ts';
import { print, printJson, say } from './output.ts';

export function registerExport(program: Command): void {
  program
    .command('export')
    .description('write a run as an ONNX model with its tokenizer')
    .argument('<run>', "a run's id, the beginning of one, or an experiment's name (its latest run)")
    .argument('<folder>', 'a new folder for the files')
    .addOption(new Option('-c, --checkpoint <which>', 'which weights').choices(['best', 'last']).default('best'))
    .action(
      async (reference: string, folder: string, { checkpoint }: { checkpoint: 'best' | 'last' }, command: Command) => {
        const run = await findTrainedRun(await existingWorkspaceOf(command), reference, say);
        const exported = await exportRun(run, folder, checkpoint);
        if (exported.needsOnnxRuntime) {
          say('The model uses ops of ONNX Runtime (com.microsoft), which other runtimes may not have');
        }
        if (globalsOf(command).json) printJson(exported);
        else print(`${exported.folder}: ${exported.files.join(', ')}`);
      },
    );
}
