/** One lab at a time has a workspace open: two queues over the same runs would train them twice. */
import { readFile, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { LabError } from '../../shared/errors.ts';
import { isAlive } from './run-folder.ts';
import type { Workspace } from './workspace.ts';

const content = z.object({ pid: z.int(), host: z.string() });

/** Throws `LabError('conflict')` while another lab that is alive has it. A lab that was killed leaves nothing in the way. */
export async function holdLock({ folder }: Workspace): Promise<() => Promise<void>> {
  const file = join(folder, 'lab.lock');
  const owner = await readOwner(file);
  const isTaken =
    owner !== undefined && (owner.host !== hostname() || (owner.pid !== process.pid && isAlive(owner.pid)));
  if (isTaken || held.has(file)) {
    const who = owner && owner.host !== hostname() ? `on ${owner.host}` : `as process ${owner?.pid ?? process.pid}`;
    throw new LabError(
      'conflict',
      `The workspace ${folder} is open in another lab (${who}). Use that one, close it, or choose another workspace. If there is none, delete ${file}`,
      { folder, ...owner },
    );
  }
  await rm(file, { force: true });
  await writeFile(file, JSON.stringify({ pid: process.pid, host: hostname() }), { flag: 'wx' }).catch(
    (error: unknown) => {
      throw new LabError('conflict', `Another lab is just opening the workspace ${folder}`, { folder }, error);
    },
  );
  held.add(file);
  return async () => {
    held.delete(file);
    await rm(file, { force: true });
  };
}

/** Workspaces that this process has open: its own id in a lock says nothing after a restart with the same number. */
const held = new Set<string>();

async function readOwner(file: string): Promise<z.infer<typeof content> | undefined> {
  try {
    return content.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch {
    return undefined; // none, or half-written by a process that was killed
  }
}
