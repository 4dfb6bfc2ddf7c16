/** The lab over a WebSocket of the page's own server. */
import { LabError } from '../../../shared/errors.ts';
import type { Transport } from '../../../shared/rpc/protocol.ts';

/** Resolves when the connection stands; rejects when it cannot be had now. */
export function openWebSocket(address: string): Promise<Transport> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(address);
    socket.addEventListener('open', () => {
      resolve(transportOf(socket));
    });
    // Browsers say nothing of the reason.
    socket.addEventListener('close', () => {
      reject(new LabError('disconnected', 'The lab cannot be reached. Is it still running?'));
    });
  });
}

function transportOf(socket: WebSocket): Transport {
  return {
    send(message) {
      if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
    },
    onMessage(listener) {
      socket.addEventListener('message', ({ data }) => {
        listener(typeof data === 'string' ? parse(data) : undefined);
      });
    },
    onClose(listener) {
      socket.addEventListener('close', ({ reason }) => {
        listener({ message: reason === '' ? 'The connection to the lab was lost' : reason, final: false });
      });
    },
    close() {
      socket.close();
    },
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** `ws://` of the page's own origin. */
export function socketAddress({ protocol, host }: Pick<Location, 'protocol' | 'host'>): string {
  return `${protocol === 'https:' ? 'wss:' : 'ws:'}//${host}/socket`;
}
