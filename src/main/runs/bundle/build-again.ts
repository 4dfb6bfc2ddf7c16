/** Whether a model of a bundle is one: its weights are what its manifest says they were, and the network takes every one of them. */
import { verifyFile } from '../../files/checksums.ts';
import { readSafetensors } from '../../formats/safetensors.ts';
import { findModel } from '../../workspace/models.ts';
import type { Workspace } from '../../workspace/workspace.ts';
import { parametersOfModel } from '../model-network.ts';
import type { VerifiedRow } from './agreement.ts';

/** Throws `LabError('corrupt')` for a file that is not what was written with the model. */
export async function buildAgain(workspace: Workspace, name: string): Promise<readonly VerifiedRow[]> {
  const { manifest, weights, tokenizer } = await findModel(workspace, name);
  await verifyFile(weights);
  if (tokenizer !== undefined) await verifyFile(tokenizer);
  const { tensors } = await readSafetensors(weights);
  const needed = parametersOfModel(manifest);
  const fitting = [...needed].filter(([parameter, shape]) => tensors.get(parameter)?.shape.join() === shape.join());
  return [
    {
      run: name,
      what: 'weights that the network takes',
      recorded: needed.size,
      found: fitting.length,
      agreement: fitting.length === needed.size ? 'same bits' : 'different',
    },
  ];
}
