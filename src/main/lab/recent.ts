/** Workspaces that were opened on this machine, in a file of the user's own settings. */
import { mkdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { fileExists } from '../files/file-exists.ts';
import { readJson, writeJson } from '../workspace/run-folder.ts';

const recentSchema = z.array(z.object({ folder: z.string(), openedAt: z.number() }));
const remembered = 12;

/** Where applications keep settings on this platform. */
export function settingsFolder(): string {
  const { PRETEXT_SETTINGS, APPDATA, XDG_CONFIG_HOME } = process.env;
  if (PRETEXT_SETTINGS !== undefined) return PRETEXT_SETTINGS;
  switch (process.platform) {
    case 'win32':
      return join(APPDATA ?? join(homedir(), 'AppData', 'Roaming'), 'Pretext Lab');
    case 'darwin':
      return join(homedir(), 'Library', 'Preferences', 'Pretext Lab');
    default:
      return join(XDG_CONFIG_HOME ?? join(homedir(), '.config'), 'pretext-lab');
  }
}

const recentFile = (): string => join(settingsFolder(), 'recent-workspaces.json');

/** Latest first. */
export async function listRecentWorkspaces(current?: string) {
  const recent = await readJson(recentFile(), recentSchema).catch(() => []);
  return Promise.all(
    recent.map(async ({ folder, openedAt }) => ({
      folder,
      openedAt,
      exists: await fileExists(folder),
      current: folder === current,
    })),
  );
}

/** Never fails: a home without room for settings is no reason not to open a workspace. */
export async function rememberWorkspace(folder: string): Promise<void> {
  const recent = await readJson(recentFile(), recentSchema).catch(() => []);
  const list = [{ folder, openedAt: Date.now() }, ...recent.filter((known) => known.folder !== folder)].slice(
    0,
    remembered,
  );
  await mkdir(dirname(recentFile()), { recursive: true })
    .then(() => writeJson(recentFile(), list))
    .catch(() => undefined);
}
