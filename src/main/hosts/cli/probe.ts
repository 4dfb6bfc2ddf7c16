/** `pretext probe`: what the stages of a pretrained network know, by linear probes and nearest neighbours. */
import { Option } from 'commander';
import type { Command } from 'commander';
import { formatPercent } from '../../../shared/display.ts';
import type { BestStage, ProbedWeights, ProbeResult } from '../../runs/probe.ts';
import { probeNetwork } from '../../runs/probe.ts';
import { findTrainedNetwork } from '../../runs/trained-network.ts';
import { globalsOf, existingWorkspaceOf } from './globals.ts';
import { interruptible } from './interrupt.ts';
import { positiveNumber, wholeNumber } from './numbers.ts';
import { print, printJson, say, table } from './output.ts';
import { createProgress } from './progress.ts';

interface ProbeCommandOptions {
  readonly data: string;
  readonly checkpoint: 'best' | 'last';
  readonly labelsPerClass?: number;
  readonly splitSeed: number;
  readonly grid: number;
  readonly length?: number;
}

export function registerProbe(probe: Command): void {
  probe
    .argument(
      '<run|model>',
      "a run's id, the beginning of one, an experiment's name (its latest run), or an imported model",
    )
    .requiredOption('-d, --data <dataset>', 'the labelled texts, images or recordings')
    .option('--labels-per-class <number>', 'number of training examples of each class (default: all)', positiveNumber)
    .option('--split-seed <number>', 'decides the split and the labels', wholeNumber, 0)
    .option('--grid <number>', 'rows and columns that feature maps are averaged to', positiveNumber, 2)
    .option(
      '--length <tokens>',
      'tokens that are read of a text (default: as many as the network reads, up to 128)',
      positiveNumber,
    )
    .addOption(new Option('-c, --checkpoint <which>', 'which weights').choices(['best', 'last']).default('best'))
    .action(async (reference: string, given: ProbeCommandOptions, command: Command) => {
      const workspace = await existingWorkspaceOf(command);
      const { checkpoint, ...options } = given;
      const network = await findTrainedNetwork(workspace, reference, { checkpoint, onPassedOver: say });
      const progress = createProgress();
      let current = '';
      const result = await interruptible('Stopping …', async (signal) => {
        try {
          return await probeNetwork(workspace, network, {
            ...options,
            signal,
            onProgress: (phase, done, total) => {
              if (phase !== current) progress.start(phase, total, 'examples', done);
              current = phase;
              progress.update(done, '');
            },
          });
        } finally {
          progress.stop();
        }
      });
      if (globalsOf(command).json) printJson(result);
      else print(describeProbe(result));
    });
}

function describeProbe({ data, examples, trained, untrained }: ProbeResult): string {
  const rows = trained.stages.map(({ stage, features, linear, neighbours }, index) => [
    stage,
    String(features),
    formatPercent(linear, 1),
    formatPercent(untrained.stages[index]?.linear ?? NaN, 1),
    formatPercent(neighbours, 1),
    formatPercent(untrained.stages[index]?.neighbours ?? NaN, 1),
  ]);
  const titles = ['linear', '(untrained)', 'neighbours', '(untrained)'];
  return [
    `Accuracy on ${examples.validation} validation examples of ${data}, fitted to ${examples.training}:`,
    table(
      [
        { title: 'stage' },
        { title: 'features', align: 'right' },
        ...titles.map((title) => ({ title, align: 'right' as const })),
      ],
      rows,
    ),
    `Best stage by validation, on ${examples.test} test examples:`,
    table(
      [{ title: '' }, { title: 'stage' }, { title: 'accuracy', align: 'right' }, { title: '95 % interval' }],
      [...bestRows('', trained), ...bestRows(', untrained', untrained)],
    ),
  ].join('\n\n');
}

function bestRows(suffix: string, { best }: ProbedWeights): string[][] {
  const row = (name: string, { stage, test, interval }: BestStage): string[] => [
    `${name}${suffix}`,
    stage,
    formatPercent(test, 1),
    interval ? `${formatPercent(interval.low, 1)} to ${formatPercent(interval.high, 1)}` : '',
  ];
  return [row('linear probe', best.linear), row('nearest neighbours', best.neighbours)];
}
