/** `pretext predict`: asks a trained run. */
import { Option } from 'commander';
import type { Command } from 'commander';
import { openPredictor } from '../../lab/predict.ts';
import { readQueryImage } from '../../lab/query-image.ts';
import { findRun } from '../../lab/runs.ts';
import { formatPercent } from '../../../shared/display.ts';
import { globalsOf, workspaceOf } from './globals.ts';
import { positiveNumber } from './numbers.ts';
import { emphasise, print, printJson, table } from './output.ts';

interface PredictOptions {
  readonly top: number;
  readonly checkpoint: 'best' | 'last';
}

export function registerPredict(program: Command): void {
  program
    .command('predict')
    .description('ask a run: fill in [MASK]s, judge a pair of sentences, classify a text or an image')
    .argument('<run>', "a run's id, the beginning of one, or an experiment's name (its latest run)")
    .argument('<text|image>', 'the text, with [MASK]s where the task fills them in, or an image file')
    .argument('[second]', 'the second text, for tasks on pairs')
    .option('-t, --top <number>', 'how many answers to show', positiveNumber, 5)
    .addOption(new Option('-c, --checkpoint <which>', 'which weights').choices(['best', 'last']).default('best'))
    .action(
      async (
        reference: string,
        text: string,
        second: string | undefined,
        options: PredictOptions,
        command: Command,
      ) => {
        const run = await findRun(await workspaceOf(command), reference);
        const predictor = await openPredictor(run, options.checkpoint);
        try {
          const { images } = predictor.facts;
          const answers = await predictor.ask({
            top: options.top,
            ...(images ? { image: await readQueryImage(text, images) } : { text }),
            ...(second !== undefined && { textPair: second }),
          });
          if (globalsOf(command).json) {
            printJson({ run: run.id, step: predictor.step, answers });
            return;
          }
          for (const { question, choices } of answers) {
            print(emphasise(question, 'bold'));
            print(
              table(
                [{ title: 'answer' }, { title: 'probability', align: 'right' }],
                choices.map(({ label, probability }) => [label, formatPercent(probability, 2)]),
              ),
            );
          }
        } finally {
          await predictor.close();
        }
      },
    );
}
