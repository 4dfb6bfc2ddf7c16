/** The first training examples of an experiment, as people can read them. */
import type { Experiment } from '../../shared/spec/experiment/index.ts';
import type { PreviewItem } from '../tasks/index.ts';
import { findBasis } from './basis.ts';
import { prepareRun } from './prepare.ts';
import type { Workspace } from '../workspace/workspace.ts';

/** The first `count` examples in the order of the training. Throws `LabError` for a spec that does not fit its data. */
export async function previewExperiment(
  workspace: Workspace,
  asked: Experiment,
  count: number,
): Promise<readonly PreviewItem[]> {
  const { experiment, material, tokenizer } = await findBasis(workspace, asked);
  const { sampler } = prepareRun(experiment, material, tokenizer?.file);
  try {
    return sampler.preview(experiment.seed, count);
  } finally {
    sampler.close();
  }
}
