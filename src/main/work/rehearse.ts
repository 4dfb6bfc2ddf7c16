/** How long an experiment would take, measured. */
import { experimentSpec } from '../../shared/spec/experiment/index.ts';
import type { Rehearsal } from '../runs/rehearse.ts';
import { rehearse } from '../runs/rehearse.ts';
import type { WorkContext } from './work-context.ts';

/** The spec is complete, with all its defaults. */
export async function rehearsalOf(
  { workspace, signal }: WorkContext,
  { spec, folder }: { readonly spec: unknown; readonly folder: string },
): Promise<Rehearsal> {
  return rehearse(workspace, experimentSpec.parse(spec), { folder, signal });
}
