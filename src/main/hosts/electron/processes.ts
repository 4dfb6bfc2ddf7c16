/** Trainers and workers as Electron's utility processes: with the fuses set, Electron's program runs no Node scripts otherwise. */
import path from 'node:path';
import { setPriority } from 'node:os';
import type { UtilityProcess } from 'electron';
import { utilityProcess } from 'electron';
import type { CloseReason } from '../../../shared/rpc/protocol.ts';
import type { ProcessHost } from '../../lab/process-host.ts';
import { trainerPriority, workerPriority } from '../../lab/process-host.ts';

/** Characters of stderr that are kept: the end, where the reason stands. */
const keptOutput = 8000;

/** `folder` holds the built entries, trainer.js and worker.js. */
export function utilityProcesses(folder: string): ProcessHost {
  return {
    startTrainer(workspaceFolder, run, threads) {
      const share = threads === undefined ? [] : ['--threads', String(threads)];
      const child = start(path.join(folder, 'trainer.js'), [workspaceFolder, run, ...share], 'Pretext trainer');
      const output = keepOutput(child);
      lowerPriority(child, trainerPriority);
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
      lowerPriority(child, workerPriority);
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

function keepOutput(child: UtilityProcess): () => string {
  let text = '';
  const keep = (more: string): void => {
    text = (text + more).slice(-keptOutput);
  };
  child.stderr?.on('data', (chunk: Buffer) => {
    keep(chunk.toString('utf8'));
  });
  // An error that V8 cannot go on from, such as a full heap. Without a listener it would end the lab as well.
  child.on('error', (type, location) => {
    keep(`\n${type}: ${location}`);
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

/**
 * Electron gives one number: what the process said itself, or what waitpid did, which is the code times 256, or the signal, plus 128
 * where there is a core dump (wait(2)). No exit code of ours is the number of a signal that is told apart here.
 */
export function exitOf(status: number, platform = process.platform): { code: number | null; signal: string | null } {
  const signal = platform === 'win32' ? undefined : (signals[status] ?? signals[status - 128]);
  if (signal !== undefined) return { code: null, signal };
  return { code: platform !== 'win32' && status >= 256 ? status >> 8 : status, signal: null };
}
