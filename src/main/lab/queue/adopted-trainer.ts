/** A trainer that another lab started, which is gone: it is heard through the folder of its run, and asked there to stop. */
import { writeFileSync } from 'node:fs';
import type { LockOwner } from '../../files/process-lock.ts';
import { ownerOfLock } from '../../files/process-lock.ts';
import type { RunFolder } from '../../workspace/run-folder.ts';
import type { TrainerProcess } from '../process-host.ts';

const lookMilliseconds = 500;

/** `onLook` is called while it works: there may be news in the folder. */
export function adoptTrainer(run: RunFolder, owner: LockOwner, onLook: () => void): TrainerProcess {
  const listeners: Parameters<TrainerProcess['onExit']>[0][] = [];
  const look = async (): Promise<void> => {
    const current = await ownerOfLock(run.lock);
    if (current?.pid === owner.pid && current.host === owner.host) {
      onLook();
      return;
    }
    clearInterval(timer);
    // How it ended is in its events, or it is not known: then the run was interrupted.
    for (const listener of listeners.splice(0)) listener({ code: 0, signal: null, output: '' });
  };
  const timer = setInterval(() => {
    look().catch(() => undefined); // the folder cannot be looked at for a moment
  }, lookMilliseconds);
  return {
    pid: owner.pid,
    stop() {
      writeFileSync(run.stop, '');
    },
    kill() {
      try {
        process.kill(owner.pid, 'SIGKILL');
      } catch {
        // gone already
      }
    },
    onMessage: () => undefined,
    onExit(listener) {
      listeners.push(listener);
    },
    letGo() {
      clearInterval(timer);
      for (const listener of listeners.splice(0)) listener({ code: 0, signal: null, output: '' });
    },
  };
}
