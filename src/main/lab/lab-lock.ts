/** One lab at a time has a workspace open: two queues over the same runs would train them twice. */
import { hostname } from 'node:os';
import { join } from 'node:path';
import { LabError } from '../../shared/errors.ts';
import type { LockOwner } from '../files/process-lock.ts';
import { ownerOfLock, publishOrigin, takeLock } from '../files/process-lock.ts';
import type { Workspace } from '../workspace/workspace.ts';

const lockFile = ({ folder }: Workspace): string => join(folder, 'lab.lock');

/** Throws `LabError('conflict')` while another lab that is alive has it. A lab that was killed leaves nothing in the way. */
export function holdLock(workspace: Workspace): Promise<() => Promise<void>> {
  return takeLock(lockFile(workspace), (owner) => isOpenElsewhere(workspace, owner));
}

/** The lab that has the workspace open, if there is one. */
export function findLab(workspace: Workspace): Promise<LockOwner | undefined> {
  return ownerOfLock(lockFile(workspace));
}

/** Says where the lab that has the workspace open answers. */
export function publishLab(workspace: Workspace, origin: string): Promise<void> {
  return publishOrigin(lockFile(workspace), origin);
}

function isOpenElsewhere(workspace: Workspace, owner: LockOwner | undefined): LabError {
  const { folder } = workspace;
  if (!owner) return new LabError('conflict', `Another lab is opening the workspace right now: ${folder}`, { folder });
  const place = owner.origin === undefined ? '' : `, at ${owner.origin}`;
  const who = owner.host === hostname() ? `as process ${owner.pid}${place}` : `on ${owner.host}`;
  return new LabError(
    'conflict',
    `The workspace ${folder} is open in another lab (${who}). Use that one, close it, or choose another workspace. If there is none, delete ${lockFile(workspace)}`,
    { folder, ...owner },
  );
}
