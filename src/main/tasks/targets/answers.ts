/** What networks answered to single examples with numbers or several labels, for those who look at examples one by one. */
import { formatNumber } from '../../../shared/display.ts';
import type { AnsweredExample, ExampleAnswer } from '../asked.ts';
import { inUnits } from './number-scale.ts';

/**
 * Each target as a question: output `values` [1, targets] in their units, feed `targets` standardised. The probability says how near
 * the answer is: 1 for the true number, 0 for one that is a standard deviation or more away.
 */
export function numberAnswers({ outputs, feeds, facts: { targets: scale } }: AnsweredExample): ExampleAnswer[] {
  const { values } = outputs;
  const { targets, weights } = feeds;
  if (!values || !targets || !scale || weights?.[0] === 0) return [];
  return scale.names.map((question, target) => {
    const truth = inUnits(scale, Number(targets[target]), target);
    const answered = Number(values.data[target]);
    const nearness = Math.max(0, 1 - Math.abs(answered - truth) / scale.deviations[target]!);
    return {
      question,
      kind: 'number',
      choices: [{ label: formatNumber(answered), probability: nearness }],
      truth: formatNumber(truth),
    };
  });
}

/** Labels that are asked for of an example with few of its own. */
const MOST_QUESTIONS = 12;

/**
 * Each label as a question that is answered yes or no: output `probabilities` [1, labels], feed `targets`. Of many labels those that
 * the example has, and the first others.
 */
export function labelAnswers({ outputs, feeds, facts: { labelSet } }: AnsweredExample): ExampleAnswer[] {
  const { probabilities } = outputs;
  const { targets, weights } = feeds;
  if (!probabilities || !targets || !labelSet || weights?.[0] === 0) return [];
  const { names, thresholds } = labelSet;
  const isThere = (label: number): boolean => Number(targets[label]) === 1;
  const order = Array.from(names.keys()).toSorted((a, b) => Number(isThere(b)) - Number(isThere(a)) || a - b);
  const there = order.filter(isThere).length;
  const asked = order.slice(0, Math.max(there, MOST_QUESTIONS)).toSorted((a, b) => a - b);
  return asked.map((label) => {
    const probability = Number(probabilities.data[label]);
    const choices = [
      { label: 'yes', probability },
      { label: 'no', probability: 1 - probability },
    ];
    // What is said is decided by the label's own threshold.
    const isSaid = probability >= (thresholds?.[label] ?? MIDDLE);
    return {
      question: names[label]!,
      kind: 'label',
      choices: isSaid ? choices : choices.toReversed(),
      truth: isThere(label) ? 'yes' : 'no',
    };
  });
}

/** What a label is told from where no threshold was chosen yet. */
export const MIDDLE = 0.5;
