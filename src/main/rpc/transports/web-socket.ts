/** The server's end of a WebSocket: messages are JSON texts, a ping every half minute finds clients that are gone. */
import type { WebSocket } from 'ws';
import type { CloseReason, Transport } from '../../../shared/rpc/protocol.ts';

const heartbeatMilliseconds = 30_000;

export function webSocketTransport(socket: WebSocket): Transport {
  let alive = true;
  const listeners: ((reason: CloseReason) => void)[] = [];
  const heartbeat = setInterval(() => {
    if (!alive) socket.terminate();
    alive = false;
    socket.ping();
  }, heartbeatMilliseconds);
  heartbeat.unref();
  socket.on('pong', () => {
    alive = true;
  });
  socket.on('error', () => {
    socket.terminate(); // too large a message, or a broken frame; 'close' follows
  });
  socket.on('close', () => {
    clearInterval(heartbeat);
    for (const listener of listeners) listener({ message: 'The page was closed', final: false });
  });
  return {
    send(message) {
      if (socket.readyState === socket.OPEN) socket.send(JSON.stringify(message));
    },
    onMessage(listener) {
      socket.on('message', (data, isBinary) => {
        listener(isBinary ? undefined : parse((data as Buffer).toString())); // the default binaryType
      });
    },
    onClose(listener) {
      listeners.push(listener);
    },
    close() {
      socket.close(1001, 'The lab is closed');
    },
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // refused as any other message that is none
  }
}
