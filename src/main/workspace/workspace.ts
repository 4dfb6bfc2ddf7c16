/** The workspace: one folder that holds everything the lab knows. */
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { LabError, reasonOf } from '../../shared/errors.ts';
import { isFolder, makeFolder } from '../files/durable-file.ts';
import { nameSpec } from '../../shared/spec/experiment/v2.ts';
import { fileExists } from '../files/file-exists.ts';

export interface Workspace {
  readonly folder: string;
  readonly corpora: string;
  readonly datasets: string;
  readonly models: string;
  readonly runs: string;
}

/**
 * The folder given, else that of PRETEXT_WORKSPACE, else one in the user's data folder. It is created when missing, unless it
 * `mustExist`: whoever only looks has mistyped a path that is not there. Throws `LabError('not-found')` then, and
 * `LabError('bad-input')` for a folder that cannot be a workspace.
 */
export async function openWorkspace(given?: string, { mustExist = false } = {}): Promise<Workspace> {
  const named = given ?? process.env.PRETEXT_WORKSPACE;
  const folder = resolve(named ?? defaultWorkspaceFolder());
  if (mustExist && named !== undefined && !(await fileExists(folder))) {
    throw new LabError('not-found', `There is no workspace ${folder}. Check the path; an import or a run creates one`, {
      folder,
    });
  }
  const workspace = {
    folder,
    corpora: join(folder, 'corpora'),
    datasets: join(folder, 'datasets'),
    models: join(folder, 'models'),
    runs: join(folder, 'runs'),
  };
  try {
    const parts = [workspace.corpora, workspace.datasets, workspace.runs];
    // One that is there can be looked at, also where nothing can be written.
    for (const part of parts) if (!(await isFolder(part))) await makeFolder(part);
  } catch (error) {
    throw new LabError(
      'bad-input',
      `${folder} cannot be a workspace: ${reasonOf(error)}. Choose another folder with --workspace or PRETEXT_WORKSPACE`,
      { folder },
      error,
    );
  }
  return workspace;
}

/** Where applications keep a user's data on this platform. */
export function defaultWorkspaceFolder(): string {
  switch (process.platform) {
    case 'win32':
      return join(process.env.LOCALAPPDATA ?? join(homedir(), 'AppData', 'Local'), 'Pretext Lab');
    case 'darwin':
      return join(homedir(), 'Library', 'Application Support', 'Pretext Lab');
    default:
      return join(process.env.XDG_DATA_HOME ?? join(homedir(), '.local', 'share'), 'pretext-lab');
  }
}

/** Names become folders. Throws `LabError('bad-input')` for one that cannot. */
export function requireName(name: string): string {
  const parsed = nameSpec.safeParse(name);
  if (parsed.success) return name;
  throw new LabError(
    'bad-input',
    `'${name}' cannot be a name: ${parsed.error.issues[0]?.message ?? 'it is not valid'}`,
    { name },
  );
}
