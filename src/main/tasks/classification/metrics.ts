/** What tasks with classes report. */
import type { MetricName } from '../../../shared/metrics.ts';

const others = ['balancedAccuracy', 'auroc', 'averagePrecision', 'calibrationError', 'loss'] as const;

/** The most telling first: where classes are mostly of one size, accuracy. */
export const classMetricNames: readonly MetricName[] = ['accuracy', 'macroF1', ...others];

/** Where they often are not, as with mail that is mostly no spam, accuracy says little. */
export const unequalClassMetricNames: readonly MetricName[] = ['macroF1', 'accuracy', ...others];
