/** The channel to the lab that started this process: that of `fork`, or Electron's `parentPort`. Undefined without one. */
import type { CloseReason, Transport } from '../../../shared/rpc/protocol.ts';

/** What Electron adds to `process` in a utility process. */
interface ParentPort {
  postMessage(message: unknown): void;
  on(event: 'message', listener: (event: { readonly data: unknown }) => void): void;
}

/** Ends when the channel does. */
export function parentTransport(): Transport | undefined {
  const { parentPort } = process as { readonly parentPort?: ParentPort }; // absent outside Electron
  if (parentPort) {
    return {
      send: (message) => {
        parentPort.postMessage(message);
      },
      onMessage: (listener) => {
        parentPort.on('message', ({ data }) => {
          listener(data);
        });
      },
      onClose: () => undefined, // Electron ends the process with its parent
      close: () => process.exit(),
    };
  }
  if (!process.send) return undefined;
  const gone: CloseReason = { message: 'The lab is gone', final: true };
  return {
    send: (message) => {
      if (process.connected) process.send?.(message);
    },
    onMessage: (listener) => {
      process.on('message', listener);
    },
    onClose: (listener) => {
      process.on('disconnect', () => {
        listener(gone);
      });
    },
    close: () => process.exit(),
  };
}
