/** `pretext preview`: what the network will see in training. */
import type { Command } from 'commander';
import { previewExperiment } from '../../lab/preview.ts';
import { collect, globalsOf, workspaceOf } from './globals.ts';
import { positiveNumber, wholeNumber } from './numbers.ts';
import { emphasise, print, printJson } from './output.ts';
import { readExperiment } from './run.ts';

interface PreviewOptions {
  readonly set?: readonly string[];
  readonly seed?: number;
  readonly count: number;
}

export function registerPreview(program: Command): void {
  program
    .command('preview')
    .description('show the first training examples of an experiment')
    .argument('<spec>', 'an experiment file')
    .option('-s, --set <key=value>', 'change a setting (may be repeated)', collect)
    .option('--seed <number>', 'short for --set seed=…', wholeNumber)
    .option('-c, --count <number>', 'how many examples', positiveNumber, 3)
    .action(async (spec: string, options: PreviewOptions, command: Command) => {
      const items = await previewExperiment(
        await workspaceOf(command),
        await readExperiment(spec, options),
        options.count,
      );
      if (globalsOf(command).json) {
        printJson(items);
        return;
      }
      for (const [index, item] of items.entries()) {
        const text =
          item.kind === 'text' ? item.text : `${item.width} × ${item.height} pixels, ${item.channels} channels`;
        print(
          `${emphasise(`Example ${index + 1}`, 'bold')}${item.note === undefined ? '' : ` ${emphasise(item.note, 'dim')}`}\n${text}\n`,
        );
      }
    });
}
