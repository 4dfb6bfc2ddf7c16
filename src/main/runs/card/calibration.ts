/** Whether a classifier is as sure as it is right, and what its threshold answers, for the card of a run. */
import type { CardItem } from '../../../shared/card/card.ts';
import type { RunScores } from '../../../shared/contract/scores.ts';
import { formatCount, formatNumber, plural } from '../../../shared/display.ts';
import { facts, tableItem } from './facts.ts';

/** The reliability diagram as a table, without its empty bins; nothing for what is no classifier. */
export function calibrationItems(scores: RunScores | undefined): CardItem[] {
  if (!scores) {
    return [{ kind: 'text', text: 'Not computed: it is no classifier, or its probabilities were not kept.' }];
  }
  const { calibration, temperature, threshold, split, kind, class: name } = scores;
  const { before, after } = calibration;
  const { truePositives, falsePositives, falseNegatives, trueNegatives } = threshold;
  const what = kind === 'several' ? `the label “${name}”` : `the class “${name}” against the rest`;
  const bins = before.bins.flatMap(({ from, to, examples, confidence, accuracy }) =>
    examples === 0
      ? []
      : [[`${formatNumber(from, 2)}–${formatNumber(to, 2)}`, formatCount(examples), show(confidence), show(accuracy)]],
  );
  return [
    facts([
      ['Examples', `${plural(scores.examples, 'example')} of the ${split} split`],
      ['Calibration error', `${show(before.error)}, and ${show(after.error)} with the temperature`],
      ['Temperature', `${formatNumber(temperature)}, least log loss on the validation split`],
      ['Of', what],
      ['AUROC', show(scores.auroc)],
      ['Average precision', show(scores.averagePrecision)],
      [
        'Threshold',
        `${formatNumber(threshold.value)}${threshold.value === threshold.chosenOnValidation ? ', best F1 on the validation split' : ''}`,
      ],
      ['Answered', `${formatCount(truePositives)} right, ${formatCount(falsePositives)} wrong`],
      ['Not answered', `${formatCount(falseNegatives)} missed, ${formatCount(trueNegatives)} right`],
    ]),
    tableItem('Reliability, by confidence', ['Confidence', '>Examples', '>Mean confidence', '>Accuracy'], bins),
  ];
}

function show(value: number | null): string {
  return value === null ? '–' : formatNumber(value);
}
