/** What a run is expected to take in memory, before there is one. */
import type { Experiment } from '../../shared/spec/experiment/index.ts';
import { memoryOf } from '../training/memory.ts';
import type { Workspace } from '../workspace/workspace.ts';
import { findBasis } from './basis.ts';
import { checkModel } from './create-run.ts';
import { prepareRun } from './prepare.ts';

/** Bytes of its network at most. Throws what a run would fail with before its first step. */
export async function expectedMemory(workspace: Workspace, asked: Experiment): Promise<number> {
  const { experiment, material, tokenizer } = await findBasis(workspace, asked);
  const prepared = prepareRun(experiment, material, tokenizer?.file);
  try {
    return memoryOf(checkModel(prepared), experiment.training);
  } finally {
    prepared.sampler.close();
  }
}
