/** Over a message port: Electron's, which is an event emitter with `message` events, or that of Node's worker threads. */
import type { CloseReason, Transport } from '../../../shared/rpc/protocol.ts';

/** What both kinds have in common. Node's gives the message itself, Electron's an event with `data`. */
export interface EmittingPort {
  postMessage(message: unknown): void;
  on(event: 'message' | 'close', listener: (event: unknown) => void): unknown;
  /** Electron's begins to deliver with it; Node's does so with the first listener. */
  start?(): void;
  close(): void;
}

/** @param unwrap the message in what the port emits */
export function messagePortTransport(port: EmittingPort, unwrap: (event: unknown) => unknown): Transport {
  let ended = false;
  const listeners: ((reason: CloseReason) => void)[] = [];
  const end = (): void => {
    if (ended) return;
    ended = true;
    for (const listener of listeners) listener({ message: 'The window was closed', final: false });
  };
  port.on('close', end);
  return {
    send(message) {
      if (!ended) port.postMessage(message);
    },
    onMessage(listener) {
      port.on('message', (event) => {
        listener(unwrap(event));
      });
      port.start?.();
    },
    onClose(listener) {
      listeners.push(listener);
    },
    close() {
      port.close();
      end();
    },
  };
}

/** Of Electron's `MessagePortMain`. */
export function electronMessage(event: unknown): unknown {
  return typeof event === 'object' && event !== null && 'data' in event ? event.data : undefined;
}
