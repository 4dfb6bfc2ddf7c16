/** What sweeps need that takes long: building the networks of the trials, and measuring how much each field matters. */
import type { FieldImportance, FieldScale } from '../../shared/spec/sweep.ts';
import type { MeasuredTrial } from '../../shared/sweep/importance.ts';
import { importanceOf } from '../../shared/sweep/importance.ts';
import { planSweep } from '../runs/sweep-plan.ts';
import { checkNetworks } from '../runs/sweep.ts';
import { waitingOf } from './plan.ts';
import type { WorkContext } from './work-context.ts';

/** Throws `LabError('bad-spec')` for the first trial whose settings do not go together. */
export async function checkSweep(context: WorkContext, { spec }: { readonly spec: unknown }): Promise<object> {
  await checkNetworks(context.workspace, planSweep({ value: spec, locate: () => 'sweep' }), waitingOf(context));
  return {};
}

export function sweepImportance(
  _context: WorkContext,
  question: {
    readonly fields: readonly FieldScale[];
    readonly trials: readonly MeasuredTrial[];
    readonly direction: 'minimise' | 'maximise';
  },
): Promise<FieldImportance> {
  return Promise.resolve(importanceOf(question.fields, question.trials, question.direction));
}
