/** The weights that a network takes over where its experiment starts from others. */
import { join, resolve, sep } from 'node:path';
import type { Experiment } from '../../shared/spec/experiment/index.ts';
import type { TransferReport } from '../../shared/spec/run/transfer.ts';
import type { Tensor } from '../engines/engine.ts';
import { verifyFile } from '../files/checksums.ts';
import { readSafetensors } from '../formats/safetensors.ts';
import type { Program } from '../graph/program.ts';
import { matchParameters } from '../training/fine-tuning.ts';
import { verifyModelFile } from '../workspace/models.ts';
import type { Workspace } from '../workspace/workspace.ts';
import { takenOver } from './basis.ts';
import type { Foundations } from './prepare.ts';

export interface TakenWeights {
  readonly parameters: ReadonlyMap<string, Tensor>;
  readonly report: TransferReport;
}

/**
 * What a program takes over from a file of weights, by name. Throws `LabError('corrupt')` for a file that is damaged; whether enough was found is for
 * the caller to require.
 */
export async function takeWeights(
  workspace: Workspace,
  experiment: Experiment,
  classes: readonly string[] | undefined,
  { file }: Pick<NonNullable<Foundations['weights']>, 'file'>,
  program: Program,
): Promise<TakenWeights> {
  const weightsFile = resolve(workspace.folder, file);
  await (weightsFile.startsWith(join(workspace.models, sep)) ? verifyModelFile : verifyFile)(weightsFile);
  const { tensors: all } = await readSafetensors(weightsFile);
  const { tensors, heads } = await takenOver(workspace, experiment, classes, all);
  return matchParameters(program, tensors, heads);
}
