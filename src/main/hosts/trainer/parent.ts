/** The connection to whoever started the trainer: Electron's `parentPort`, the channel of `fork`, or nobody. */
import type { RunEvent } from '../../../shared/spec/run/events.ts';

export type TrainerMessage =
  | { readonly type: 'event'; readonly event: RunEvent }
  | { readonly type: 'step'; readonly step: number; readonly loss: number }
  | { readonly type: 'phase'; readonly phase: string }
  | { readonly type: 'failed'; readonly code: string; readonly message: string };

export interface Parent {
  send(message: TrainerMessage): void;
  /** Called for `{ type: 'stop' }`. */
  onStop(stop: () => void): void;
  /** Lets the process end. */
  close(): void;
}

/** What Electron adds to `process` in a utility process. */
interface ParentPort {
  postMessage(message: unknown): void;
  on(event: 'message', listener: (event: { readonly data: unknown }) => void): void;
}

export function connectParent(): Parent {
  const { parentPort } = process as { readonly parentPort?: ParentPort }; // absent outside Electron
  if (parentPort) return connectPort(parentPort);
  return {
    send(message) {
      // The parent may be gone by the time that this is sent. Nobody misses it: the run's folder has it too.
      if (process.connected) process.send?.(message, undefined, {}, () => undefined);
    },
    onStop(stop) {
      process.on('message', (message) => {
        if (isStop(message)) stop();
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
      port.on('message', ({ data }) => {
        if (isStop(data)) stop();
      });
    },
    close() {
      process.exit();
    },
  };
}

function isStop(message: unknown): boolean {
  return typeof message === 'object' && message !== null && 'type' in message && message.type === 'stop';
}
