// What operations on a file system that fails have in common.
import { messageOf } from '../../src/shared/errors.ts';
import { readChecksums, verifyFiles } from '../../src/main/files/checksums.ts';
import { fileExists } from '../../src/main/files/file-exists.ts';
import type { Lab } from '../../src/main/lab/lab.ts';
import { openLab } from '../../src/main/lab/lab.ts';
import type { ProcessHost } from '../../src/main/lab/process-host.ts';
import { taskNotes } from '../../src/main/runs/task-notes.ts';
import type { Workspace } from '../../src/main/workspace/workspace.ts';

const noProcesses: ProcessHost = {
  startTrainer: () => {
    throw new Error('nothing is trained here');
  },
  startWorker: () => {
    throw new Error('nothing is worked at here');
  },
};

/** Nothing is trained in it. */
export async function withLab<Result>(
  { folder }: Workspace,
  work: (lab: Lab) => Promise<Result> | Result,
): Promise<Result> {
  const queue = { trains: false };
  const lab = await openLab({ folder, host: 'command-line', processes: noProcesses, tasks: taskNotes, queue });
  try {
    return await work(lab);
  } finally {
    await lab.close();
  }
}

/** The checksums of a folder that appears whole, without those of files with a time in them; null where it is not there. */
export async function wholeFolder(
  folder: string,
  said: readonly string[],
  tell: (problem: string) => void,
  varying: readonly string[] = [],
): Promise<readonly (readonly [string, string])[] | null> {
  if (!(await fileExists(folder))) {
    if (said.length > 0) tell(`${folder} is gone`);
    return null;
  }
  await verifyFiles(folder).catch((error: unknown) => {
    tell(messageOf(error));
  });
  return [...((await readChecksums(folder)) ?? [])].filter(([path]) => !varying.includes(path));
}
