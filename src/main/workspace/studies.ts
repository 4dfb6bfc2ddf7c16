/** The files of a workspace's studies: what each asks, `studies/NAME.spec.json`, and once it is over what it found. */
import { join } from 'node:path';
import { namesIn } from '../files/file-exists.ts';
import type { Workspace } from './workspace.ts';

const specEnding = '.spec.json';

export function studyFiles(
  workspace: Workspace,
  name: string,
): { readonly folder: string; readonly spec: string; readonly result: string } {
  const folder = join(workspace.folder, 'studies');
  return { folder, spec: join(folder, `${name}${specEnding}`), result: join(folder, `${name}.json`) };
}

/** Their names. */
export async function listStudies({ folder }: Workspace): Promise<readonly string[]> {
  const files = await namesIn(join(folder, 'studies'));
  return files
    .filter((file) => file.endsWith(specEnding))
    .map((file) => file.slice(0, -specEnding.length))
    .sort();
}
