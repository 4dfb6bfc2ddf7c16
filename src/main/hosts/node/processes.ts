/** Trainers and workers as child processes of Node. */
import type { ChildProcess } from 'node:child_process';
import type { CloseReason, Transport } from '../../../shared/rpc/protocol.ts';
import type { ProcessHost } from '../../lab/process-host.ts';
import { workerPriority } from '../../lab/process-host.ts';
import { keptOutput, lowerPriority, start } from './start-process.ts';
import { startTrainer } from './trainers.ts';

const workerEntry = new URL('../worker/index.ts', import.meta.url);

export const nodeProcesses: ProcessHost = {
  startTrainer,
  startWorker(workspaceFolder) {
    const child = start(workerEntry, [workspaceFolder]);
    lowerPriority(child, workerPriority);
    const output = keepOutput(child);
    return { pid: child.pid, transport: childTransport(child, output), kill: () => child.kill('SIGKILL') };
  },
};

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
