/** `pretext dataset next`: which examples to label next, as a classifier is least sure of them. */
import { Option } from 'commander';
import type { Command } from 'commander';
import { formatNumber, formatPercent, plural } from '../../../shared/display.ts';
import type { ProposedLabels } from '../../../shared/contract/labelling.ts';
import { uncertaintyMeasure } from '../../../shared/contract/labelling.ts';
import { labelNext } from '../../work/label-next.ts';
import { existingWorkspaceOf, globalsOf } from './globals.ts';
import { interruptible } from './interrupt.ts';
import { positiveNumber } from './numbers.ts';
import { print, printJson, say, table } from './output.ts';
import { createProgress } from './progress.ts';

interface NextOptions {
  readonly run: string;
  readonly checkpoint: 'best' | 'last';
  readonly count: number;
  readonly measure: 'entropy' | 'margin';
  readonly class?: string;
  readonly consider: number;
}

/** Characters of a text that a line shows. */
const shownCharacters = 200;

export function registerDatasetNext(dataset: Command): void {
  dataset
    .command('next')
    .description('say which examples to label next: those that a classifier is least sure of, and that are not alike')
    .argument('<name>', 'the dataset')
    .requiredOption('--run <run|model>', 'a run that was fine-tuned to classify, of this dataset or of another')
    .option('--count <number>', 'so many examples', positiveNumber, 20)
    .addOption(
      new Option('--measure <measure>', 'unsure by the entropy of all classes, or by the margin of the first two')
        .choices(uncertaintyMeasure.options)
        .default('entropy'),
    )
    .option('--class <class>', 'examples of this class alone')
    .option('--consider <number>', 'ask about so many at most, evenly spread', positiveNumber, 5000)
    .addOption(new Option('-c, --checkpoint <which>', 'which weights').choices(['best', 'last']).default('best'))
    .action(async (name: string, { class: label, ...options }: NextOptions, command: Command) => {
      const workspace = await existingWorkspaceOf(command);
      const progress = createProgress();
      let current = '';
      const found = await interruptible('Stopping …', async (signal) => {
        try {
          const context = {
            ...{ workspace, signal },
            progress({ phase, done, total }: { phase: string; done: number; total: number }) {
              if (phase !== current) progress.start(phase, total, 'examples', done);
              current = phase;
              progress.update(done, '');
            },
          };
          const asked = { ...options, data: name, except: [], pictureSize: 64, ...(label !== undefined && { label }) };
          return await labelNext(context, asked);
        } finally {
          progress.stop();
        }
      });
      if (globalsOf(command).json) printJson(withoutPictures(found));
      else {
        print(describe(found));
        const first = found.examples[0]?.item.index ?? 0;
        say(`${plural(found.considered, 'example')} answered; put one into its class with`);
        say(`  pretext dataset edit ${name} --relabel '${first}=<class>'`);
      }
    });
}

function withoutPictures({ examples, ...found }: ProposedLabels): object {
  return {
    ...found,
    examples: examples.map(({ item: { picture: _picture, ...item }, ...example }) => ({ ...item, ...example })),
  };
}

function describe({ examples }: ProposedLabels): string {
  return table(
    [
      { title: 'example', align: 'right' },
      { title: 'class' },
      { title: 'answer' },
      { title: '', align: 'right' },
      { title: 'uncertainty', align: 'right' },
      { title: 'what it is' },
    ],
    examples.map(({ item: { index, label, text, textPair, source }, choices, uncertainty }) => [
      String(index),
      label ?? '',
      choices[0]?.label ?? '',
      formatPercent(choices[0]?.probability ?? 0, 0),
      formatNumber(uncertainty),
      text === null ? (source?.path ?? '') : [text, textPair ?? ''].join(' ').trim().slice(0, shownCharacters),
    ]),
  );
}
