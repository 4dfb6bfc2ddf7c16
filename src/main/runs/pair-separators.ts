/** Pairs of texts are written for a network as it was pretrained with them, however many runs lie between: RoBERTa with two separators. */
import type { Experiment } from '../../shared/spec/experiment/index.ts';
import { storedExperiment } from '../../shared/spec/experiment/index.ts';
import { isLabError } from '../../shared/errors.ts';
import { findModel } from '../workspace/models.ts';
import { readJson } from '../workspace/run-folder.ts';
import { findTrainedRun } from '../workspace/runs.ts';
import type { Workspace } from '../workspace/workspace.ts';

/** Of a family of models. */
export const separatorsOf = (family: string): 1 | 2 => (family === 'roberta' ? 2 : 1);

/** With the separators of what it begins with, where the task has the option and nobody has chosen two. */
export async function withPairSeparators(workspace: Workspace, experiment: Experiment): Promise<Experiment> {
  const { task, from } = experiment;
  if (task.separators !== 1 || (await inherited(workspace, from)) === 1) return experiment;
  return { ...experiment, task: { ...task, separators: 2 } };
}

/** What is no longer there tells nothing. */
async function inherited(workspace: Workspace, first: Experiment['from']): Promise<1 | 2> {
  const visited = new Set<string>();
  try {
    for (let from = first; from;) {
      if ('model' in from) return separatorsOf((await findModel(workspace, from.model)).manifest.family);
      if (!('run' in from) || visited.has(from.run)) return 1;
      visited.add(from.run);
      const stored: Experiment = await readJson((await findTrainedRun(workspace, from.run)).spec, storedExperiment);
      if (stored.task.separators === 2) return 2;
      from = stored.from;
    }
  } catch (error) {
    if (!isLabError(error)) throw error;
  }
  return 1;
}
