/** The first training examples of an experiment, as people can read them. */
import type { Experiment } from '../../shared/spec/experiment/index.ts';
import type { PreviewItem } from '../tasks/index.ts';
import { findFoundations, findMaterialOf, prepareRun } from './prepare.ts';
import type { Workspace } from '../workspace/workspace.ts';

export async function previewExperiment(
  workspace: Workspace,
  experiment: Experiment,
  count: number,
): Promise<readonly PreviewItem[]> {
  const material = await findMaterialOf(workspace, experiment);
  const { tokenizer } = await findFoundations(workspace, experiment);
  const { sampler } = prepareRun(experiment, material, tokenizer?.file);
  try {
    return sampler.preview(experiment.seed, count);
  } finally {
    sampler.close();
  }
}
