/** Checks the material of a run before anything is learned from it: a token that has flipped would become a weight without a word. */
import type { Verdict } from '../files/checksums.ts';
import { formatChecksums, readChecksums, verifyFile, verifyFiles } from '../files/checksums.ts';
import { fileExists } from '../files/file-exists.ts';
import type { RunFolder } from '../workspace/run-folder.ts';
import { readJson } from '../workspace/run-folder.ts';
import type { Workspace } from '../workspace/workspace.ts';
import { findMaterialOf } from './prepare.ts';
import { LabError, messageOf } from '../../shared/errors.ts';
import { storedExperiment } from '../../shared/spec/experiment/index.ts';

/** By folder, the checksums that its files were compared with: a study opens the same material many times. */
const verified = new Map<string, string>();

/** What a run learns from: its material, and the tokenizer in its folder. Throws `LabError('corrupt' | 'not-found')`. */
export async function verifyDataOf(workspace: Workspace, run: RunFolder): Promise<void> {
  const { folder } = await findMaterialOf(workspace, await readJson(run.spec, storedExperiment));
  await verifyMaterial(folder);
  if (await fileExists(run.tokenizer)) await verifyFile(run.tokenizer);
}

/** Once in a process. */
async function verifyMaterial(folder: string): Promise<Verdict> {
  const sums = await readChecksums(folder);
  if (!sums) return 'not verified';
  const known = formatChecksums(sums);
  if (verified.get(folder) === known) return 'whole';
  try {
    await verifyFiles(folder);
  } catch (error) {
    throw new LabError(
      'corrupt',
      `${messageOf(error)}. Delete ${folder} and import it again: with the same settings the run can go on with it`,
      { folder },
      error,
    );
  }
  verified.set(folder, known);
  return 'whole';
}
