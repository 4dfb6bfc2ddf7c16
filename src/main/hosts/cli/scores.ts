/** `pretext scores`: how a classifier ranks, whether it is as sure as it is right, and what a threshold would answer. */
import type { Command } from 'commander';
import { Option } from 'commander';
import type { RunScores } from '../../../shared/contract/scores.ts';
import { formatCount, formatNumber, plural } from '../../../shared/display.ts';
import { LabError } from '../../../shared/errors.ts';
import { describeScores } from '../../runs/describe-scores.ts';
import { findTrainedRun } from '../../workspace/runs.ts';
import { existingWorkspaceOf, globalsOf } from './globals.ts';
import { pairs, print, printJson, say, table } from './output.ts';

interface ScoresOptions {
  readonly class?: string;
  readonly threshold?: number;
  readonly split?: 'validation' | 'test';
}

export function registerScores(scores: Command): void {
  scores
    .argument('<run>', "a run's id, the beginning of one, or an experiment's name (its latest run)")
    .option('--class <name>', 'the class against all others (default: the rarest one)')
    .option(
      '--threshold <probability>',
      'say the class from this probability on (default: the one with the best F1 on the validation split)',
      probability,
    )
    .addOption(
      new Option('--split <name>', 'examples that were answered (default: test, if there is one)').choices([
        'validation',
        'test',
      ]),
    )
    .action(async (reference: string, options: ScoresOptions, command: Command) => {
      const run = await findTrainedRun(await existingWorkspaceOf(command), reference, say);
      const scores = await describeScores(run, options);
      if (globalsOf(command).json) printJson(scores);
      else print(describe(scores));
    });
}

function probability(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && value >= 0 && value <= 1) return value;
  throw new LabError('bad-input', `--threshold is a probability from 0 to 1, not '${text}'`);
}

function describe(scores: RunScores): string {
  const { threshold, calibration, temperature } = scores;
  const from = threshold.value === threshold.chosenOnValidation ? 'best F1 on the validation split' : 'given';
  const facts: [string, string][] = [
    ['examples', `${plural(scores.examples, 'example')} of the ${scores.split} split`],
    scores.kind === 'several' ? ['label', scores.class] : ['class', `${scores.class}, against the rest`],
    ['AUROC', show(scores.auroc)],
    ['average precision', show(scores.averagePrecision)],
    ['temperature', `${formatNumber(temperature)}, least log loss on the validation split`],
    ['calibration error', `${show(calibration.before.error)}, ${show(calibration.after.error)} with the temperature`],
    ['threshold', `${formatNumber(threshold.value)} (${from})`],
    ['precision', show(threshold.precision)],
    ['recall', show(threshold.recall)],
    ['specificity', show(threshold.specificity)],
    ['F1', show(threshold.f1)],
  ];
  return [pairs(facts), confusionTable(scores), reliabilityTable(scores)].join('\n\n');
}

function confusionTable({ class: name, kind, threshold }: RunScores): string {
  const other = kind === 'several' ? 'not' : 'another';
  const { truePositives, falsePositives, falseNegatives, trueNegatives } = threshold;
  return table(
    [{ title: 'true \\ answered' }, { title: name, align: 'right' }, { title: other, align: 'right' }],
    [
      [name, formatCount(truePositives), formatCount(falseNegatives)],
      [other, formatCount(falsePositives), formatCount(trueNegatives)],
    ],
  );
}

/** The reliability diagram, without its empty bins. */
function reliabilityTable({ calibration: { before, after } }: RunScores): string {
  const rows = before.bins.flatMap(({ from, to, examples, confidence, accuracy }, bin) => {
    const later = after.bins[bin];
    if (examples === 0 && (later?.examples ?? 0) === 0) return [];
    const cells = [
      examples,
      confidence,
      accuracy,
      later?.examples ?? 0,
      later?.confidence ?? null,
      later?.accuracy ?? null,
    ];
    return [
      [
        `${formatNumber(from, 2)}–${formatNumber(to, 2)}`,
        ...cells.map((cell, at) => (at % 3 === 0 ? formatCount(cell ?? 0) : show(cell))),
      ],
    ];
  });
  const titles = ['examples', 'confidence', 'accuracy', 'at temperature', 'confidence', 'accuracy'];
  return table([{ title: 'confidence' }, ...titles.map((title) => ({ title, align: 'right' as const }))], rows);
}

function show(value: number | null): string {
  return value === null ? '–' : formatNumber(value);
}
