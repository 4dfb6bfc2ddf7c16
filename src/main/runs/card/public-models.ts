/** The models of others that runs stand on: those that they began with, or that what they began with began with. */
import { resolve } from 'node:path';
import type { CardItem } from '../../../shared/card/card.ts';
import { isLabError } from '../../../shared/errors.ts';
import type { ModelManifest } from '../../../shared/spec/manifests/model.ts';
import { findModel } from '../../workspace/models.ts';
import type { RunOrigin } from '../../workspace/run-folder.ts';
import { readJson, runFolder, runOrigin } from '../../workspace/run-folder.ts';
import type { Workspace } from '../../workspace/workspace.ts';
import { facts } from './facts.ts';

export interface PublicModel {
  readonly name: string;
  /** Undefined where it has been deleted. */
  readonly manifest: ModelManifest | undefined;
}

/** Each once, in the order of the runs. @param weights that runs began with */
export async function publicModelsBehind(
  workspace: Workspace,
  weights: readonly RunOrigin['weights'][],
): Promise<readonly PublicModel[]> {
  const names = new Set<string>();
  const visited = new Set<string>();
  for (const first of weights) {
    for (let next = first; next && !visited.has(next.file);) {
      visited.add(next.file);
      const model = /^models[\\/]([^\\/]+)[\\/]/u.exec(next.file)?.[1];
      if (model !== undefined) names.add(model);
      next = model === undefined ? await weightsOfRun(workspace, next.file) : null;
    }
  }
  return Promise.all(
    [...names].map(async (name) => ({
      name,
      manifest: await unlessGone(findModel(workspace, name).then(({ manifest }) => manifest)),
    })),
  );
}

/** What the run of a checkpoint began with: `runs/<run>/checkpoints/<step>/model.safetensors`. */
async function weightsOfRun(workspace: Workspace, file: string): Promise<RunOrigin['weights']> {
  const { origin } = runFolder(resolve(workspace.folder, file, '../../..'));
  return (await unlessGone(readJson(origin, runOrigin)))?.weights ?? null;
}

async function unlessGone<Value>(asked: Promise<Value>): Promise<Value | undefined> {
  return asked.catch((error: unknown) => {
    if (isLabError(error)) return undefined;
    throw error;
  });
}

/** What a reviewer asks of weights of others: where from, which state, under which licence, which bytes. */
export function publicModelItems(models: readonly PublicModel[]): CardItem[] {
  return models.map(({ name, manifest }) => {
    if (!manifest) return { kind: 'warning', text: `The model ${name} is no longer in the workspace.` };
    const { title, source, weightsHash } = manifest;
    return facts([
      ['Public model', `${name}: ${title}`],
      ['From', source.path],
      ['Revision', source.revision ?? 'not known: it was imported from a file'],
      ['Licence', source.licence ?? 'not stated by the source'],
      ...source.files
        .filter(({ name: file }) => /\.(?:safetensors|bin|pth?|ckpt|onnx)$/iu.test(file))
        .map(({ name: file, sha256 }): [string, string] => [`SHA-256 of ${file}`, sha256]),
      ['SHA-256 of the weights as imported', weightsHash],
    ]);
  });
}
