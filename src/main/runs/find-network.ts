/** What a person names: a run of the lab where there is one, an imported model otherwise. */
import { isLabError } from '../../shared/errors.ts';
import type { ImportedModel } from '../workspace/models.ts';
import { findModel, listModels } from '../workspace/models.ts';
import type { RunFolder } from '../workspace/run-folder.ts';
import { findTrainedRun } from '../workspace/runs.ts';
import type { Workspace } from '../workspace/workspace.ts';

export type FoundNetwork =
  { readonly kind: 'run'; readonly run: RunFolder } | { readonly kind: 'model'; readonly model: ImportedModel };

/**
 * Throws `LabError('not-found')` for what is neither.
 *
 * @param onPassedOver told of a later run that is not taken
 */
export async function findNetwork(
  workspace: Workspace,
  reference: string,
  onPassedOver?: (message: string) => void,
): Promise<FoundNetwork> {
  try {
    return { kind: 'run', run: await findTrainedRun(workspace, reference, onPassedOver) };
  } catch (error) {
    if (!isLabError(error, 'not-found')) throw error;
    const { models } = await listModels(workspace);
    if (!models.some(({ name }) => name === reference)) throw error;
    return { kind: 'model', model: await findModel(workspace, reference) };
  }
}
