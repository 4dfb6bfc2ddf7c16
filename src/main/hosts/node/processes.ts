/** Trainers and workers as child processes of Node. */
import type { ChildProcess } from 'node:child_process';
import { fork } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { setPriority } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { CloseReason, Transport } from '../../../shared/rpc/protocol.ts';
import type { ProcessHost } from '../../lab/process-host.ts';
import { runFolder } from '../../workspace/run-folder.ts';
import { trainerPriority, workerPriority } from '../../lab/process-host.ts';

const trainerEntry = new URL('../trainer/index.ts', import.meta.url);
const workerEntry = new URL('../worker/index.ts', import.meta.url);

/** Characters of stderr that are kept: the end, where the reason stands. */
const keptOutput = 8000;

export const nodeProcesses: ProcessHost = {
  startTrainer(workspaceFolder, run) {
    const log = runFolder(join(workspaceFolder, 'runs', run)).output;
    const errors = openSync(log, 'w');
    let child: ChildProcess;
    try {
      // Its own group and a file for its errors: it goes on when the lab, or the terminal, is gone.
      child = start(trainerEntry, [workspaceFolder, run], errors, true);
    } finally {
      closeSync(errors);
    }
    lowerPriority(child, trainerPriority);
    return {
      pid: child.pid,
      stop: () => {
        if (child.connected) child.send({ type: 'stop' }, () => undefined); // gone in this moment: it is heard of
      },
      kill: () => child.kill('SIGKILL'),
      onMessage: (listener) => child.on('message', listener),
      onExit: (listener) => {
        let ended = false;
        const end = (code: number | null, signal: string | null): void => {
          if (ended) return;
          ended = true;
          listener({ code, signal, output: endOf(log) });
        };
        child.on('close', end);
        child.on('error', () => {
          end(1, null); // it could not be started; 'close' may not come
        });
      },
    };
  },
  startWorker(workspaceFolder) {
    const child = start(workerEntry, [workspaceFolder]);
    lowerPriority(child, workerPriority);
    const output = keepOutput(child);
    return { pid: child.pid, transport: childTransport(child, output), kill: () => child.kill('SIGKILL') };
  },
};

function start(entry: URL, args: readonly string[], errors: number | 'pipe' = 'pipe', detached = false): ChildProcess {
  return fork(fileURLToPath(entry), [...args], {
    execArgv: ['--disable-warning=ExperimentalWarning'],
    serialization: 'advanced', // NaN and typed arrays arrive as they are
    stdio: ['ignore', 'ignore', errors, 'ipc'],
    detached,
  });
}

function lowerPriority({ pid }: ChildProcess, priority: number): void {
  if (pid === undefined) return;
  try {
    setPriority(pid, priority);
  } catch {
    // gone already, or not allowed here: it only means that it is not gentle
  }
}

function endOf(file: string): string {
  try {
    return readFileSync(file, 'utf8').slice(-keptOutput);
  } catch {
    return ''; // the folder of the run is gone
  }
}

function keepOutput({ stderr }: ChildProcess): () => string {
  let text = '';
  stderr?.setEncoding('utf8');
  stderr?.on('data', (chunk: string) => {
    text = (text + chunk).slice(-keptOutput);
  });
  return () => text;
}

function childTransport(child: ChildProcess, output: () => string): Transport {
  const listeners: ((reason: CloseReason) => void)[] = [];
  let ended = false;
  const end = (): void => {
    if (ended) return;
    ended = true;
    const message = `A worker has ended. ${output().trim().replace(/^.*\n/s, '')}`;
    for (const listener of listeners) listener({ message, final: true });
  };
  child.on('close', end).on('error', end);
  return {
    send: (message) => {
      if (child.connected) child.send(message as object); // messages of the protocol are objects
    },
    onMessage: (listener) => child.on('message', listener),
    onClose: (listener) => {
      listeners.push(listener);
    },
    close: () => {
      if (child.connected) child.disconnect();
    },
  };
}
