/** Whether predicted numbers differ from example to example as the true ones do, or are the mean of all. */
import { feedData, outputData } from '../batch-data.ts';
import { auditedBatches } from '../audited-batches.ts';
import type { Finding, Inspection, InspectionReport } from '../task.ts';

/** Targets that are told one by one. */
const MOST_TARGETS = 8;
/** Of the spread of the true numbers: below it answers hardly differ. */
const LEAST_SPREAD = 0.1;

export async function inspectNumbers(inspection: Inspection<unknown>): Promise<InspectionReport> {
  const names = inspection.sampler.targets?.names ?? [];
  const truth: number[][] = names.map(() => []);
  const predicted: number[][] = names.map(() => []);
  for await (const { feeds, outputs } of auditedBatches(inspection)) {
    const [targets, weights] = [feedData(feeds, 'targets'), feedData(feeds, 'weights')];
    const standardised = outputData(outputs, 'standardised');
    for (const [row, weight] of weights.entries()) {
      if (weight === 0) continue;
      for (const target of names.keys()) {
        truth[target]!.push(targets[row * names.length + target]!);
        predicted[target]!.push(standardised[row * names.length + target]!);
      }
    }
  }
  const findings = names.slice(0, MOST_TARGETS).flatMap((name, target) => {
    return findingOf(name, deviationOf(truth[target]!), deviationOf(predicted[target]!));
  });
  return { findings, pictures: [] };
}

function findingOf(name: string, real: number, answered: number): Finding[] {
  if (!(real > 0)) {
    const summary = `Standard deviation of ${name} over the held-out examples`;
    const warning = `${name} is the same for all held-out examples: how well it is predicted cannot be told from them. Leave the column out, or bring examples in which it differs`;
    return [{ name: `spread of ${name}`, summary, value: 0, warning }];
  }
  const value = answered / real;
  return [
    {
      name: `spread of predictions, ${name}`,
      summary: 'Standard deviation of the predicted numbers, as a share of that of the true ones',
      value,
      reference: 1,
      ...(value < LEAST_SPREAD && {
        warning: `the predictions of ${name} hardly differ from example to example: the network answers nearly their mean. Train longer, with a higher learning rate, or on more examples`,
      }),
    },
  ];
}

function deviationOf(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
}
