/** Changes the classes of a dataset in the workspace, and tells of the changes there were. */
import type { DatasetEdit, DatasetEditEntry } from '../../shared/spec/dataset-edit.ts';
import { LabError } from '../../shared/errors.ts';
import { editDataset, readEdits, undoEdits } from '../data/editing/edit-dataset.ts';
import { findMaterial } from '../workspace/catalogue.ts';
import { listRuns } from '../workspace/runs.ts';
import type { Workspace } from '../workspace/workspace.ts';
import type { WorkContext } from './work-context.ts';

export interface DatasetChange {
  readonly name: string;
  readonly edits: readonly DatasetEdit[];
  /** Edits that are taken back before others are made. */
  readonly undo: number;
}

export interface EditedDataset {
  readonly contentHash: string;
  readonly edits: DatasetEditEntry[];
}

/**
 * @throws LabError `not-found`, `bad-input` for what cannot be changed so, `conflict` while a run is being trained on it; the
 *   dataset is then as it was
 */
export async function changeDataset(
  { workspace }: Pick<WorkContext, 'workspace'>,
  { name, edits, undo }: DatasetChange,
): Promise<EditedDataset> {
  const { folder, kind } = await findMaterial(workspace, 'dataset', name);
  await requireIdle(workspace, name);
  if (undo > 0) await undoEdits(folder, kind, undo);
  if (edits.length > 0) await editDataset(folder, kind, edits);
  return editsOf({ workspace }, { name });
}

/** The log of a dataset, the oldest edit first. */
export async function editsOf(
  { workspace }: Pick<WorkContext, 'workspace'>,
  { name }: { readonly name: string },
): Promise<EditedDataset> {
  const { folder, contentHash } = await findMaterial(workspace, 'dataset', name);
  return { contentHash, edits: [...(await readEdits(folder))] };
}

async function requireIdle(workspace: Workspace, name: string): Promise<void> {
  const { runs } = await listRuns(workspace);
  const busy = runs.find(({ status, experiment }) => status === 'running' && experiment.data === name);
  if (busy === undefined) return;
  const message = `The run ${busy.id} is being trained on '${name}'. Stop it first, or wait`;
  throw new LabError('conflict', message, { run: busy.id });
}
