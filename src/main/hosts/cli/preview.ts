/** `pretext preview`: what the network will see in training. */
import { join } from 'node:path';
import type { Command } from 'commander';
import { plural } from '../../../shared/display.ts';
import { previewExperiment } from '../../runs/preview.ts';
import { writePreview } from '../../runs/write-preview.ts';
import { collect, globalsOf, existingWorkspaceOf } from './globals.ts';
import { positiveNumber, wholeNumber } from './numbers.ts';
import { emphasise, print, printJson, say, wrap } from './output.ts';
import { readExperiment } from './run.ts';

interface PreviewOptions {
  readonly set?: readonly string[];
  readonly seed?: number;
  readonly count: number;
  readonly output?: string;
}

export function registerPreview(preview: Command): void {
  preview
    .argument('<spec>', 'an experiment file')
    .option('-s, --set <key=value>', 'change a setting (may be repeated)', collect)
    .option('--seed <number>', 'short for --set seed=…', wholeNumber)
    .option('-c, --count <number>', 'how many examples', positiveNumber, 3)
    .option('-o, --output <folder>', 'where images are written (default: previews/ in the workspace)')
    .action(async (spec: string, options: PreviewOptions, command: Command) => {
      const workspace = await existingWorkspaceOf(command);
      const experiment = await readExperiment(spec, options);
      const items = await previewExperiment(workspace, experiment, options.count);
      const folder = options.output ?? join(workspace.folder, 'previews', experiment.name);
      const files = await writePreview(folder, `${experiment.name}: ${experiment.task.type}`, items);
      if (globalsOf(command).json) {
        // Pixels are in the files.
        printJson(
          items.map((item, index) =>
            item.kind === 'image' ? { ...item, pixels: undefined, file: files[index] } : item,
          ),
        );
        return;
      }
      for (const [index, item] of items.entries()) {
        const text =
          item.kind === 'text'
            ? item.text
            : `${item.width} × ${item.height} pixels, ${plural(item.channels, 'channel')}`;
        print(
          `${emphasise(`Example ${index + 1}`, 'bold')}${item.note === undefined ? '' : ` ${emphasise(item.note, 'dim')}`}\n${wrapLines(text)}\n`,
        );
      }
      const sheet = files.at(-1);
      if (sheet !== undefined) say(`Written to ${folder}; all of them in ${sheet}`);
    });
}

function wrapLines(text: string): string {
  return text
    .split('\n')
    .map((line) => wrap(line))
    .join('\n');
}
