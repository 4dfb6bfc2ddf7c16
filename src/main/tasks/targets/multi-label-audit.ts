/** Whether every label could be learned, and whether as many labels are believed in as there are. */
import { quotedList } from '../../../shared/excerpt.ts';
import { feedData, outputData } from '../batch-data.ts';
import { auditedBatches } from '../audited-batches.ts';
import type { Inspection, InspectionReport } from '../task.ts';

/** Of the labels that there are: by this factor more or fewer are no longer a matter of chance. */
const FAR = 2;

/** @param trained how many training examples have each label */
export async function inspectLabels(
  inspection: Inspection<{ readonly classWeights: 'none' | 'balanced' }>,
  names: readonly string[],
  trained: readonly number[],
): Promise<InspectionReport> {
  let [believed, there, examples] = [0, 0, 0];
  for await (const { feeds, outputs } of auditedBatches(inspection)) {
    const [targets, weights] = [feedData(feeds, 'targets'), feedData(feeds, 'weights')];
    const logits = outputData(outputs, 'logits');
    for (const [row, weight] of weights.entries()) {
      if (weight === 0) continue;
      examples += 1;
      for (let at = row * names.length; at < (row + 1) * names.length; at += 1) {
        believed += 1 / (1 + Math.exp(-logits[at]!));
        there += targets[at]!;
      }
    }
  }
  const unknown = names.filter((_, label) => trained[label] === 0);
  const isFar = there > 0 && (believed > FAR * there || FAR * believed < there);
  const isWeighted = inspection.setup.options.classWeights === 'balanced';
  return {
    findings: [
      {
        name: 'labels without an example in training',
        summary: `Of the ${names.length} labels of the dataset: what no training example has cannot be learned`,
        value: unknown.length,
        reference: 0,
        ...(unknown.length > 0 && {
          warning: `no training example has ${quotedList(unknown)}: such labels are never answered and count as errors. Bring examples of them, raise task.labelBudget, or leave them out`,
        }),
      },
      {
        name: 'labels an example, by their probabilities',
        summary:
          'Sum of the probabilities of all labels, on average over the held-out examples, beside how many they have',
        value: believed / examples,
        reference: there / examples,
        ...(isFar && {
          warning: isWeighted
            ? 'balanced weights make rare labels seem likelier than they are: go by the thresholds that were chosen on the validation split, and not by the probabilities'
            : 'many more, or many fewer, labels are believed in than there are: train longer, and look at the calibration before probabilities are used',
        }),
      },
    ],
    pictures: [],
  };
}
