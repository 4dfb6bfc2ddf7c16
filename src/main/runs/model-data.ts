/** Data as an experiment would read them that begins with an imported model: with its tokenizer, or in the size that its network reads. */
import { LabError } from '../../shared/errors.ts';
import type { DataKind } from '../../shared/spec/data-kind.ts';
import { findTask, registeredTasks } from '../tasks/index.ts';
import type { Material } from '../workspace/catalogue.ts';
import { listMaterials, materialGroups } from '../workspace/catalogue.ts';
import { findModel } from '../workspace/models.ts';
import type { Workspace } from '../workspace/workspace.ts';
import { findBasis } from './basis.ts';
import { parseExperiment } from './experiment.ts';
import type { PreparedRun } from './prepare.ts';
import { prepareRun } from './prepare.ts';

/** Tokens of a text that are looked at: texts are shown by their beginnings, too. */
const longest = 128;

/**
 * The caller closes the sampler. Throws `LabError('not-found')` for data or a model that are not there, `LabError('bad-spec')` for data
 * that the model cannot read.
 */
export async function prepareForModel(workspace: Workspace, name: string, data: string): Promise<PreparedRun> {
  const { manifest } = await findModel(workspace, name);
  const { kind } = await findData(workspace, data);
  const heads = manifest.heads.map((head) => head.task);
  const { input } = manifest;
  const task = {
    type: taskFor(kind, heads),
    ...(input.kind === 'tokens' && { length: Math.min(input.length, longest) }),
  };
  const value = { name, data, task, from: { model: name } };
  const { experiment, material, tokenizer } = await findBasis(
    workspace,
    parseExperiment({ value, locate: () => `the data of ${name}` }),
  );
  return prepareRun(experiment, material, tokenizer?.file);
}

/** A task that reads such data: one that the model has a head for, where there is one. */
function taskFor(kind: DataKind, heads: readonly string[]): string {
  const own = heads.find((type) => findTask(type).data.includes(kind));
  const labelled = registeredTasks().find(({ data, kind: of }) => of === 'supervised' && data.includes(kind));
  const any = registeredTasks().find(({ data }) => data.includes(kind));
  const found = own ?? labelled?.type ?? any?.type;
  if (found === undefined) throw new LabError('internal', `no task reads ${kind}`);
  return found;
}

async function findData(workspace: Workspace, name: string): Promise<Material> {
  const all = await Promise.all(materialGroups.map((group) => listMaterials(workspace, group)));
  const materials = all.flatMap((one) => one.materials);
  const found = materials.find((material) => material.name === name);
  if (found) return found;
  const names = materials.map((material) => material.name).join(', ');
  throw new LabError(
    'not-found',
    `There are no data called '${name}'. There is: ${names === '' ? 'nothing yet' : names}`,
  );
}
