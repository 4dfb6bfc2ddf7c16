/** Two ends in one process. Messages are copied, as any real transport would, and arrive later, in order. */
import type { CloseReason, Transport } from '../../../shared/rpc/protocol.ts';

/** What is sent into one end comes out of the other. */
export function inProcessPair(): readonly [Transport, Transport] {
  const ends = [createEnd(), createEnd()] as const;
  const [first, second] = ends;
  return [transportOf(first, second), transportOf(second, first)];
}

interface End {
  readonly waiting: unknown[];
  listener: ((message: unknown) => void) | undefined;
  onClose: ((reason: CloseReason) => void)[];
  closed: boolean;
}

function createEnd(): End {
  return { waiting: [], listener: undefined, onClose: [], closed: false };
}

function transportOf(own: End, other: End): Transport {
  return {
    send(message) {
      if (own.closed) return;
      const copy = structuredClone(message);
      queueMicrotask(() => {
        if (other.closed) return;
        if (other.listener) other.listener(copy);
        else other.waiting.push(copy);
      });
    },
    onMessage(listener) {
      own.listener = listener;
      for (const message of own.waiting.splice(0)) listener(message);
    },
    onClose(listener) {
      own.onClose.push(listener);
    },
    close() {
      if (own.closed) return;
      own.closed = true;
      other.closed = true;
      queueMicrotask(() => {
        for (const listener of [...own.onClose, ...other.onClose]) {
          listener({ message: 'The connection was closed', final: false });
        }
      });
    },
  };
}
