/** The imported models of a workspace: `models/<name>/` with a manifest, the weights, a tokenizer where they read text, and a card. */
import { dirname, join } from 'node:path';
import { LabError, isLabError } from '../../shared/errors.ts';
import { nearest } from '../../shared/spec/problems.ts';
import type { ModelManifest } from '../../shared/spec/manifests/model.ts';
import { MODEL_VERSION, modelManifest } from '../../shared/spec/manifests/model.ts';
import { verifyFile } from '../files/checksums.ts';
import { fileExists, namesIn } from '../files/file-exists.ts';
import { readManifest } from '../files/manifest-file.ts';
import type { Workspace } from './workspace.ts';

export interface ImportedModel {
  /** The folder's name, by which commands and experiments know it. */
  readonly name: string;
  readonly folder: string;
  readonly manifest: ModelManifest;
  readonly weights: string;
  /** Undefined for a model that came without one. */
  readonly tokenizer: string | undefined;
}

export const modelFolder = ({ models }: Workspace, name: string): string => join(models, name);

/** Where the parts of a model lie in its folder. */
export const modelFiles = {
  weights: 'model.safetensors',
  tokenizer: 'tokenizer.json',
  card: 'README.md',
  /** What its makers say of it, as it came. */
  sourceCard: 'source-card.md',
} as const;

/** Sorted by name. Folders without a readable manifest are named in `damaged`. */
export async function listModels(
  workspace: Workspace,
): Promise<{ readonly models: readonly ImportedModel[]; readonly damaged: readonly string[] }> {
  const models: ImportedModel[] = [];
  const damaged: string[] = [];
  for (const name of (await namesIn(workspace.models)).filter((entry) => !entry.startsWith('.')).sort()) {
    try {
      models.push(await readModelFolder(modelFolder(workspace, name)));
    } catch (error) {
      if (!isLabError(error)) throw error;
      damaged.push(modelFolder(workspace, name));
    }
  }
  return { models, damaged };
}

/** Throws `LabError('not-found')` naming what there is, `LabError('corrupt' | 'format-version')` for a damaged or newer manifest. */
export async function findModel(workspace: Workspace, name: string): Promise<ImportedModel> {
  const names = (await namesIn(workspace.models)).filter((entry) => !entry.startsWith('.')).sort();
  if (names.includes(name)) return readModelFolder(modelFolder(workspace, name));
  const guess = nearest(name, names);
  const hint =
    guess !== undefined
      ? `Did you mean '${guess}'?`
      : names.length > 0
        ? `There is: ${names.join(', ')}`
        : `The workspace ${workspace.folder} has none yet: import one with 'pretext model import'`;
  throw new LabError('not-found', `There is no model '${name}'. ${hint}`, { name, workspace: workspace.folder });
}

/** Compares a file of a model with what was imported. Throws `LabError('corrupt')`. */
export async function verifyModelFile(file: string): Promise<void> {
  try {
    await verifyFile(file);
  } catch (error) {
    if (!isLabError(error, 'corrupt')) throw error;
    const folder = dirname(file);
    throw new LabError('corrupt', `${error.message}. Delete ${folder} and import the model again`, { file }, error);
  }
}

async function readModelFolder(folder: string): Promise<ImportedModel> {
  await verifyModelFile(join(folder, 'manifest.json'));
  const manifest = readManifest(folder, 'model', MODEL_VERSION, modelManifest);
  const tokenizer = join(folder, modelFiles.tokenizer);
  return {
    name: folder.replace(/^.*[\\/]/su, ''),
    folder,
    manifest,
    weights: join(folder, modelFiles.weights),
    tokenizer: (await fileExists(tokenizer)) ? tokenizer : undefined,
  };
}
