/** The corpora and datasets of a workspace, listed by reading their manifests. */
import { join } from 'node:path';
import { z } from 'zod';
import { LabError, isLabError, messageOf } from '../../shared/errors.ts';
import { checksumOf, verifyText } from '../files/checksums.ts';
import { namesIn, textOf } from '../files/file-exists.ts';
import type { DataKind, KindGroup } from '../../shared/spec/data-kind.ts';
import { dataKind } from '../../shared/spec/data-kind.ts';
import { nearest } from '../../shared/spec/problems.ts';
import type { Workspace } from './workspace.ts';

/** What all manifests have in common. */
const manifestHeading = z.looseObject({
  formatVersion: z.int(),
  kind: dataKind,
  name: z.string(),
  createdAt: z.string(),
  contentHash: z.string(),
});

export interface Material {
  readonly kind: DataKind;
  /** The folder's name, by which commands and experiments know it. */
  readonly name: string;
  readonly folder: string;
  readonly createdAt: string;
  readonly contentHash: string;
  /** All of manifest.json. */
  readonly manifest: Readonly<Record<string, unknown>>;
}

export const materialGroups = ['corpus', 'dataset'] as const satisfies readonly KindGroup[];
export type MaterialGroup = KindGroup;

export function materialFolder(workspace: Workspace, group: MaterialGroup, name: string): string {
  return join(group === 'corpus' ? workspace.corpora : workspace.datasets, name);
}

/** Sorted by name. Folders without a readable manifest are named in `damaged`. */
export async function listMaterials(
  workspace: Workspace,
  group: MaterialGroup,
): Promise<{ readonly materials: readonly Material[]; readonly damaged: readonly string[] }> {
  const names = await namesIn(materialFolder(workspace, group, ''));
  const materials: Material[] = [];
  const damaged: string[] = [];
  for (const name of names.filter((entry) => !entry.startsWith('.')).sort()) {
    const folder = materialFolder(workspace, group, name);
    const material = await readMaterial(folder, name).catch((error: unknown) => {
      if (isLabError(error, 'corrupt')) return undefined;
      throw error; // nothing is known of it now
    });
    if (material) materials.push(material);
    else damaged.push(folder);
  }
  return { materials, damaged };
}

/** Throws `LabError('not-found')` naming what there is, or what of it is `suitable`, `LabError('corrupt')` for a damaged manifest. */
export async function findMaterial(
  workspace: Workspace,
  group: MaterialGroup,
  name: string,
  suitable?: readonly string[],
): Promise<Material> {
  const { materials, damaged } = await listMaterials(workspace, group);
  const found = materials.find((material) => material.name === name);
  if (found) return found;
  const folder = materialFolder(workspace, group, name);
  if (damaged.includes(folder)) return readMaterial(folder, name); // throws what is wrong with it
  const names = suitable ?? materials.map((material) => material.name);
  const guess = nearest(name, names);
  const hint =
    guess !== undefined
      ? `Did you mean '${guess}'?`
      : names.length > 0
        ? `There is: ${names.join(', ')}`
        : `The workspace ${workspace.folder} has none yet: import one with 'pretext ${group} import'`;
  throw new LabError('not-found', `There is no ${group} '${name}'. ${hint}`, { name, workspace: workspace.folder });
}

async function readMaterial(folder: string, name: string): Promise<Material> {
  const file = join(folder, 'manifest.json');
  const text = await textOf(file);
  if (text === undefined) {
    throw new LabError('corrupt', `${file} is not there: delete ${folder} and import again`, { file });
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
    const expected = await checksumOf(file);
    if (expected !== undefined) verifyText(file, text, expected);
  } catch (error) {
    // What a checksum tells is a sentence with the name of the file.
    const damage = isLabError(error, 'corrupt') ? error.message : `${file} is damaged (${messageOf(error)})`;
    throw new LabError('corrupt', `${damage}: delete ${folder} and import again`, { file }, error);
  }
  const parsed = manifestHeading.safeParse(value);
  if (!parsed.success) {
    throw new LabError(
      'corrupt',
      `${file} is damaged: delete ${folder} and import again. ${z.prettifyError(parsed.error)}`,
      { file },
    );
  }
  const { kind, createdAt, contentHash } = parsed.data;
  return { kind, name, folder, createdAt, contentHash, manifest: parsed.data };
}
