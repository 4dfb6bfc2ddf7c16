/** Which images a backbone has seen before it was fine-tuned: for the question whether some of them are tested with. */
import { resolve } from 'node:path';
import { isLabError } from '../../shared/errors.ts';
import { findMaterial } from '../workspace/catalogue.ts';
import type { RunOrigin } from '../workspace/run-folder.ts';
import { readJson, runFolder, runOrigin } from '../workspace/run-folder.ts';
import type { Workspace } from '../workspace/workspace.ts';

/**
 * Folder of the image corpus that a run's first weights were trained on. Undefined where they are not from a run on images, and
 * where that run or its corpus has gone or is another one by now.
 */
export async function pretrainingCorpus(
  workspace: Workspace,
  { weights }: Pick<RunOrigin, 'weights'>,
): Promise<string | undefined> {
  if (!weights) return undefined;
  // <run>/checkpoints/step-N/model.safetensors, relative to the workspace
  const { origin } = runFolder(resolve(workspace.folder, weights.file, '../../..'));
  try {
    const { data } = await readJson(origin, runOrigin);
    if (data.kind !== 'image-corpus') return undefined;
    const { folder, contentHash } = await findMaterial(workspace, 'corpus', data.name);
    return contentHash === data.contentHash ? folder : undefined;
  } catch (error) {
    if (isLabError(error)) return undefined; // it has been deleted, or was never a run
    throw error;
  }
}
