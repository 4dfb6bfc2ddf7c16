/** The learning-rate range test of an experiment, as a task of the lab. */
import type { LearningRateTest } from '../../shared/learning-rate-test.ts';
import { experimentSpec } from '../../shared/spec/experiment/index.ts';
import { testLearningRates } from '../runs/test-learning-rates.ts';
import type { WorkContext } from './work-context.ts';

export interface RateTestInput {
  /** Complete, with all its defaults. */
  readonly spec: unknown;
  readonly first: number;
  readonly last: number;
  readonly steps: number;
}

export async function testRatesOf(
  { workspace, signal, progress }: WorkContext,
  { spec, ...range }: RateTestInput,
): Promise<LearningRateTest> {
  return testLearningRates(workspace, experimentSpec.parse(spec), {
    ...range,
    signal,
    onStep: (done) => {
      progress({ phase: 'Testing learning rates', done, total: range.steps, unit: 'steps', skipped: 0 });
    },
  });
}
