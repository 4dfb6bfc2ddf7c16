/** What a person or a page names: a run of the lab where there is one, an imported model otherwise. */
import { isLabError } from '../../shared/errors.ts';
import type { ImportedModel } from '../workspace/models.ts';
import { findModel, listModels } from '../workspace/models.ts';
import type { RunFolder } from '../workspace/run-folder.ts';
import { findTrainedRun } from '../workspace/runs.ts';
import type { Workspace } from '../workspace/workspace.ts';

export type FoundNetwork =
  | { readonly kind: 'run'; readonly run: RunFolder }
  /** `head` is the task of a head, where the reference names it. */
  | { readonly kind: 'model'; readonly model: ImportedModel; readonly head?: string | undefined };

/** What names a model without doubt, and one of its heads: `model:<name>`, `model:<name>:<task of the head>`. */
const modelReference = /^model:(?<name>[^:]+)(?::(?<head>.+))?$/u;

/** How an imported model, or one of its heads, is named where runs are named too. */
export const referenceOfModel = (name: string, head?: string): string =>
  head === undefined ? `model:${name}` : `model:${name}:${head}`;

/** Undefined for what names no model without doubt. */
export const modelOfReference = (reference: string): string | undefined => modelReference.exec(reference)?.groups?.name;

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
  const named = modelReference.exec(reference)?.groups;
  if (named) return { kind: 'model', model: await findModel(workspace, named.name ?? ''), head: named.head };
  try {
    return { kind: 'run', run: await findTrainedRun(workspace, reference, onPassedOver) };
  } catch (error) {
    if (!isLabError(error, 'not-found')) throw error;
    const { models } = await listModels(workspace);
    if (!models.some(({ name }) => name === reference)) throw error;
    return { kind: 'model', model: await findModel(workspace, reference) };
  }
}
