/** The connection to whoever started the trainer: Electron's `parentPort`, the channel of `fork`, or nobody. */
import type { RunEvent } from '../../../shared/spec/run/events.ts';

export type TrainerMessage =
  | { readonly type: 'event'; readonly event: RunEvent }
  | { readonly type: 'step'; readonly step: number; readonly loss: number }
  | { readonly type: 'phase'; readonly phase: string }
  | { readonly type: 'failed'; readonly code: string; readonly message: string };

export interface Parent {
  /** False where a person or a scheduler started it. */
  readonly isThere: boolean;
  send(message: TrainerMessage): void;
  /** Called for `{ type: 'stop' }` and when the parent is gone. */
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
    isThere: process.connected,
    send(message) {
      if (process.connected) process.send?.(message);
    },
    onStop(stop) {
      process.on('message', (message) => {
        if (isStop(message)) stop();
      });
      process.on('disconnect', stop);
    },
    close() {
      // Without listeners the channel keeps no process alive, and what has been sent still arrives.
      process.removeAllListeners('disconnect').removeAllListeners('message');
    },
  };
}

function connectPort(port: ParentPort): Parent {
  return {
    isThere: true,
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
