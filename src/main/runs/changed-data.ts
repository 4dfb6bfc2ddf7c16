/** What became of the data that a run was trained on: it may have been imported again, or its classes edited. */
import { isLabError } from '../../shared/errors.ts';
import { describeEdit } from '../../shared/spec/dataset-edit.ts';
import { readEdits } from '../data/editing/edit-dataset.ts';
import type { RunOrigin } from '../workspace/run-folder.ts';
import { findMaterial, type Material } from '../workspace/catalogue.ts';
import { dataKind, groupOfKind } from '../../shared/spec/data-kind.ts';
import type { Workspace } from '../workspace/workspace.ts';

/** Undefined where the material is what it was; else what happened to it, which continues “'mails' …”, and how it comes back. */
export async function describeChange(material: Material, data: RunOrigin['data']): Promise<string | undefined> {
  if (material.contentHash === data.contentHash) return undefined;
  const edits = await readEdits(material.folder);
  const states = [originalHashOf(material), ...edits.map(({ contentHash }) => contentHash)];
  const place = states.lastIndexOf(data.contentHash);
  if (place < 0) return 'has been imported again with other contents since';
  const since = edits.slice(place);
  const what = since.map(({ edit }) => describeEdit(edit));
  const shown =
    what.length > MOST_NAMED ? [...what.slice(0, MOST_NAMED), `${what.length - MOST_NAMED} more edits`] : what;
  return `has been edited since (${shown.join('; ')}); 'pretext dataset edit ${material.name} --undo ${since.length}' brings it back`;
}

const MOST_NAMED = 3;

function originalHashOf({ manifest }: Material): string | undefined {
  const { edited } = manifest;
  const isEdited = typeof edited === 'object' && edited !== null && 'originalHash' in edited;
  return isEdited && typeof edited.originalHash === 'string' ? edited.originalHash : undefined;
}

/** The same of the data of a run, whatever there is by now. */
export async function dataChange(workspace: Workspace, data: RunOrigin['data']): Promise<string | undefined> {
  try {
    const material = await findMaterial(workspace, groupOfKind(dataKind.parse(data.kind)), data.name);
    return await describeChange(material, data);
  } catch (error) {
    if (isLabError(error, 'not-found')) return 'is no longer there';
    throw error;
  }
}

/**
 * Whether the data of runs is what it was, for as long as nothing is imported. Where it is gone nobody can tell, and what was trained
 * on it stands.
 */
export function sameDataIn(workspace: Workspace): (data: RunOrigin['data']) => Promise<boolean> {
  const known = new Map<string, Promise<boolean>>();
  const compare = async ({ kind, name, contentHash }: RunOrigin['data']): Promise<boolean> => {
    try {
      return (await findMaterial(workspace, groupOfKind(kind), name)).contentHash === contentHash;
    } catch (error) {
      if (isLabError(error, 'not-found')) return true;
      throw error;
    }
  };
  return (data) => {
    const key = JSON.stringify([data.kind, data.name, data.contentHash]);
    const answer = known.get(key) ?? compare(data);
    known.set(key, answer);
    return answer;
  };
}
