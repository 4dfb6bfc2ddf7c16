/** The connection to whoever started the trainer: Electron's `parentPort`, the channel of `fork`, or nobody. */
import { z } from 'zod';
import type { RunEvent } from '../../../shared/spec/run/events.ts';

export type TrainerMessage =
  | { readonly type: 'event'; readonly event: RunEvent }
  | { readonly type: 'step'; readonly step: number; readonly loss: number }
  | { readonly type: 'phase'; readonly phase: string }
  | { readonly type: 'memory'; readonly bytes: number }
  | { readonly type: 'failed'; readonly code: string; readonly message: string }
  /** Of a shared trainer: the run has ended with this exit code, and the process waits for another one. */
  | { readonly type: 'ended'; readonly code: number };

export interface Parent {
  send(message: TrainerMessage): void;
  /** Calls `stop` for `{ type: 'stop' }`, until the returned function is called. */
  onStop(stop: () => void): () => void;
  /** Tells that a run has ended, and waits for `{ type: 'train', run }`; undefined when there is none, or nobody is left to ask. */
  nextRun(code: number): Promise<string | undefined>;
  /** Lets the process end. */
  close(): void;
}

/** What Electron adds to `process` in a utility process. */
interface ParentPort {
  postMessage(message: unknown): void;
  on(event: 'message', listener: (event: { readonly data: unknown }) => void): void;
}

/** Without a parent, messages go nowhere. */
export function connectParent(): Parent {
  const { parentPort } = process as { readonly parentPort?: ParentPort }; // absent outside Electron
  if (parentPort) return connectPort(parentPort);
  return {
    send(message) {
      // The parent may be gone by the time that this is sent. Nobody misses it: the run's folder has it too.
      if (process.connected) process.send?.(message, undefined, {}, () => undefined);
    },
    onStop(stop) {
      const listen = (message: unknown): void => {
        if (isStop(message)) stop();
      };
      process.on('message', listen);
      return () => process.off('message', listen);
    },
    nextRun(code) {
      return new Promise((resolve) => {
        const end = (run?: string): void => {
          process.off('message', listen).off('disconnect', end);
          resolve(run);
        };
        const listen = (message: unknown): void => {
          const parsed = trainMessage.safeParse(message);
          if (parsed.success) end(parsed.data.run);
        };
        process.on('message', listen).on('disconnect', end);
        if (process.connected) process.send?.({ type: 'ended', code }, undefined, {}, () => undefined);
        else end();
      });
    },
    close() {
      // Without listeners the channel keeps no process alive, and what has been sent still arrives.
      process.removeAllListeners('message');
    },
  };
}

function connectPort(port: ParentPort): Parent {
  return {
    send(message) {
      port.postMessage(message);
    },
    onStop(stop) {
      // A port has no way to take a listener back; there is one run for each of these processes.
      port.on('message', ({ data }) => {
        if (isStop(data)) stop();
      });
      return () => undefined;
    },
    nextRun: () => Promise.resolve(undefined),
    close() {
      process.exit();
    },
  };
}

const trainMessage = z.object({ type: z.literal('train'), run: z.string() });

function isStop(message: unknown): boolean {
  return typeof message === 'object' && message !== null && 'type' in message && message.type === 'stop';
}
