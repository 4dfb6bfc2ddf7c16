/** What the first weights of a run were trained on: the material of the run they come from, of the run that one began with, and so on. */
import { resolve } from 'node:path';
import { groupOfKind } from '../../shared/spec/data-kind.ts';
import { isLabError } from '../../shared/errors.ts';
import { storedExperiment } from '../../shared/spec/experiment/index.ts';
import { fileExists } from '../files/file-exists.ts';
import type { Material } from '../workspace/catalogue.ts';
import { findMaterial } from '../workspace/catalogue.ts';
import type { RunFolder, RunOrigin } from '../workspace/run-folder.ts';
import { readJson, runFolder, runOrigin } from '../workspace/run-folder.ts';
import type { Workspace } from '../workspace/workspace.ts';
import { prepareRun } from './prepare.ts';

export interface SeenMaterial {
  readonly material: Material;
  /** Of a labelled dataset, the numbers of the examples that were trained on; of a corpus undefined: all of it counts. */
  readonly items: ReadonlySet<number> | undefined;
}

export interface SeenMaterials {
  readonly seen: readonly SeenMaterial[];
  /** What cannot be looked at, and why. */
  readonly unknown: readonly string[];
}

/** Goes back to the first weights; what is not known of imported models is named in `unknown`. */
export async function seenByWeights(workspace: Workspace, weights: RunOrigin['weights']): Promise<SeenMaterials> {
  const seen: SeenMaterial[] = [];
  const unknown: string[] = [];
  const visited = new Set<string>();
  for (let next = weights; next && !visited.has(next.file);) {
    visited.add(next.file);
    // <run>/checkpoints/step-N/model.safetensors, relative to the workspace
    const run = runFolder(resolve(workspace.folder, next.file, '../../..'));
    const origin = await readOrigin(run);
    if (!origin) {
      unknown.push(`what ${next.label} was trained on is not known`);
      break;
    }
    await look(workspace, run, origin, seen, unknown);
    next = origin.weights;
  }
  return { seen, unknown };
}

/** All that a run's network has seen at its end: its own material too. */
export async function seenByRun(workspace: Workspace, run: RunFolder): Promise<SeenMaterials> {
  const origin = await readJson(run.origin, runOrigin);
  const own: SeenMaterial[] = [];
  const unknown: string[] = [];
  await look(workspace, run, origin, own, unknown);
  const before = await seenByWeights(workspace, origin.weights);
  return { seen: [...own, ...before.seen], unknown: [...unknown, ...before.unknown] };
}

async function readOrigin(run: RunFolder): Promise<RunOrigin | undefined> {
  try {
    return await readJson(run.origin, runOrigin);
  } catch (error) {
    if (isLabError(error)) return undefined; // it has been deleted, or was never a run
    throw error;
  }
}

async function look(
  workspace: Workspace,
  run: RunFolder,
  { data }: RunOrigin,
  seen: SeenMaterial[],
  unknown: string[],
): Promise<void> {
  try {
    const material = await findMaterial(workspace, groupOfKind(data.kind), data.name);
    if (material.contentHash !== data.contentHash) {
      unknown.push(`${data.name} has been imported again or edited since ${run.id} was trained on it`);
      return;
    }
    const items = groupOfKind(data.kind) === 'dataset' ? await trainedOn(run, material) : undefined;
    seen.push({ material, items });
  } catch (error) {
    if (!isLabError(error)) throw error;
    unknown.push(`${data.name}, on which ${run.id} was trained, cannot be read`);
  }
}

/** Numbers of the training examples of a run on labelled data. */
async function trainedOn(run: RunFolder, material: Material): Promise<ReadonlySet<number> | undefined> {
  const experiment = await readJson(run.spec, storedExperiment);
  const { sampler } = prepareRun(experiment, material, (await fileExists(run.tokenizer)) ? run.tokenizer : undefined);
  try {
    return sampler.sides && new Set(sampler.sides.training);
  } finally {
    sampler.close();
  }
}
