/** `pretext find-rate`: the learning-rate range test of an experiment. */
import type { Command } from 'commander';
import { formatNumber } from '../../../shared/display.ts';
import type { LearningRateTest } from '../../../shared/learning-rate-test.ts';
import { learningRateTestNames, learningRateTestRange, roundedRate } from '../../../shared/learning-rate-test.ts';
import { testLearningRates } from '../../runs/test-learning-rates.ts';
import { collect, existingWorkspaceOf, globalsOf } from './globals.ts';
import { interruptible } from './interrupt.ts';
import { numberFrom, positiveNumber, wholeNumber } from './numbers.ts';
import { emphasise, print, printJson, table } from './output.ts';
import { createProgress } from './progress.ts';
import { readExperiment } from './run.ts';

interface FindRateOptions {
  readonly set?: readonly string[];
  readonly seed?: number;
  readonly first: number;
  readonly last: number;
  readonly steps: number;
}

export function registerFindRate(command: Command): void {
  command
    .argument('<spec>', 'an experiment file')
    .option('-s, --set <key=value>', 'change a setting (may be repeated)', collect)
    .option('--seed <number>', 'short for --set seed=…', wholeNumber)
    .option('--first <rate>', 'learning rate of the first step', numberFrom(1e-12), learningRateTestRange.first)
    .option('--last <rate>', 'learning rate of the last step', numberFrom(1e-12), learningRateTestRange.last)
    .option('--steps <number>', 'how many steps', positiveNumber, learningRateTestRange.steps)
    .action(async (spec: string, { first, last, steps, ...given }: FindRateOptions, self: Command) => {
      const workspace = await existingWorkspaceOf(self);
      const experiment = await readExperiment(spec, given);
      const progress = createProgress();
      const found = await interruptible('Stopping …', async (signal) => {
        progress.start('Testing learning rates', steps, 'steps');
        try {
          return await testLearningRates(workspace, experiment, {
            ...{ first, last, steps, signal },
            onStep: (done, loss) => {
              progress.update(done, `loss ${formatNumber(loss)}`);
            },
          });
        } finally {
          progress.stop();
        }
      });
      if (globalsOf(self).json) printJson(found);
      else print(describe(found));
    });
}

/** Rows of the curve that are printed, and the characters of the longest bar. */
const shown = { rows: 20, bar: 40 };

function describe({ points, diverged, suggestions }: LearningRateTest): string {
  const losses = points.flatMap(({ smoothed }) => (smoothed === null ? [] : [smoothed]));
  const [low, high] = [Math.min(...losses), Math.max(...losses)];
  const every = Math.max(1, Math.ceil(points.length / shown.rows));
  const rows = points
    .filter((_, index) => index % every === 0 || index === points.length - 1)
    .map(({ learningRate, smoothed }) => [
      learningRate.toExponential(1),
      smoothed === null ? 'no number' : formatNumber(smoothed),
      '▇'.repeat(smoothed === null ? 0 : 1 + Math.round((shown.bar * (smoothed - low)) / Math.max(high - low, 1e-12))),
    ]);
  const [best] = suggestions;
  return [
    table(
      [{ title: 'learning rate', align: 'right' }, { title: 'loss', align: 'right' }, { title: 'smoothed loss' }],
      rows,
    ),
    diverged
      ? 'The test ended where the loss grew beyond bounds.'
      : 'The loss stayed within bounds up to the last rate.',
    ...(suggestions.length > 0
      ? [
          table(
            [{ title: 'suggested', align: 'right' }, { title: '' }],
            suggestions.map(({ kind, learningRate }) => [
              String(roundedRate(learningRate)),
              learningRateTestNames[kind],
            ]),
          ),
        ]
      : ['The loss never fell: nothing is suggested. Test more steps, or look at the data.']),
    ...(best ? [emphasise(`--set training.learningRate=${roundedRate(best.learningRate)}`, 'bold')] : []),
  ].join('\n\n');
}
