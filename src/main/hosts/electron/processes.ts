/** Trainers and workers as Electron's utility processes: with the fuses set, Electron's program runs no Node scripts otherwise. */
import path from 'node:path';
import { constants, setPriority } from 'node:os';
import type { UtilityProcess } from 'electron';
import { utilityProcess } from 'electron';
import type { CloseReason } from '../../../shared/rpc/protocol.ts';
import type { ProcessHost } from '../../lab/process-host.ts';

/** Characters of stderr that are kept: the end, where the reason stands. */
const keptOutput = 8000;

/** `folder` holds the built entries, trainer.js and worker.js. */
export function utilityProcesses(folder: string): ProcessHost {
  return {
    startTrainer(workspaceFolder, run) {
      const child = start(path.join(folder, 'trainer.js'), [workspaceFolder, run], 'Pretext trainer');
      const output = keepOutput(child);
      lowerPriority(child, constants.priority.PRIORITY_LOW);
      return {
        get pid() {
          return child.pid;
        },
        stop: () => {
          child.postMessage({ type: 'stop' });
        },
        kill: () => child.kill(),
        onMessage: (listener) => child.on('message', listener),
        onExit: (listener) => {
          child.on('exit', (code) => {
            listener({ ...exitOf(code), output: output() });
          });
        },
      };
    },
    startWorker(workspaceFolder) {
      const child = start(path.join(folder, 'worker.js'), [workspaceFolder], 'Pretext worker');
      const output = keepOutput(child);
      lowerPriority(child, constants.priority.PRIORITY_BELOW_NORMAL);
      return {
        get pid() {
          return child.pid;
        },
        transport: {
          send: (message) => {
            child.postMessage(message);
          },
          onMessage: (listener) => child.on('message', listener),
          onClose: (listener: (reason: CloseReason) => void) => {
            child.on('exit', () => {
              const message = `A worker has ended. ${output().trim().replace(/^.*\n/s, '')}`;
              listener({ message, final: true });
            });
          },
          close: () => child.kill(),
        },
        kill: () => child.kill(),
      };
    },
  };
}

function start(entry: string, args: readonly string[], serviceName: string): UtilityProcess {
  return utilityProcess.fork(entry, [...args], { serviceName, stdio: ['ignore', 'ignore', 'pipe'] });
}

/** Only a process that has been spawned has a number. */
function lowerPriority(child: UtilityProcess, priority: number): void {
  child.once('spawn', () => {
    try {
      if (child.pid !== undefined) setPriority(child.pid, priority);
    } catch {
      // not allowed here: it only means that it is not gentle
    }
  });
}

function keepOutput({ stderr }: UtilityProcess): () => string {
  let text = '';
  stderr?.on('data', (chunk: Buffer) => {
    text = (text + chunk.toString('utf8')).slice(-keptOutput);
  });
  return () => text;
}

const signals: Readonly<Record<number, string>> = {
  4: 'SIGILL',
  6: 'SIGABRT',
  7: 'SIGBUS',
  8: 'SIGFPE',
  9: 'SIGKILL',
  11: 'SIGSEGV',
  15: 'SIGTERM',
};

/** Electron gives one number: the exit code, or the signal as a small one that no exit code of ours is. */
function exitOf(code: number): { code: number | null; signal: string | null } {
  const signal = process.platform === 'win32' ? undefined : signals[code];
  return signal === undefined ? { code, signal: null } : { code: null, signal };
}
