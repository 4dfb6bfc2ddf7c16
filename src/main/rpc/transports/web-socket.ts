/**
 * The server's end of a WebSocket: messages are JSON texts, a ping every half minute finds clients that are gone. A client can make
 * neither the lab's memory grow, by not reading what it asked for, nor keep it from others, by asking faster than anyone can read.
 */
import type { WebSocket } from 'ws';
import type { CloseReason, Transport } from '../../../shared/rpc/protocol.ts';

export interface SocketLimits {
  /** Bytes that wait to be read, before a further message: then the client is let go. It reads anew when it comes back. */
  readonly unreadBytes: number;
  /** Messages a second that are read; what a client sends beyond waits on its side. */
  readonly messagesPerSecond: number;
  /** So many at once are read without waiting. */
  readonly burst: number;
}

const defaultLimits: SocketLimits = { unreadBytes: 32 * 1024 * 1024, messagesPerSecond: 1000, burst: 2000 };
const heartbeatMilliseconds = 30_000;
/** RFC 6455, section 7.4.1: a message that goes against the server's policy. */
const policyViolation = 1008;

/** On a socket that is open. Closes it when a client takes more than its limits. */
export function webSocketTransport(socket: WebSocket, given: Partial<SocketLimits> = {}): Transport {
  const limits = { ...defaultLimits, ...given };
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
  const admit = rateOf(socket, limits);
  return {
    send(message) {
      if (socket.readyState !== socket.OPEN) return;
      if (socket.bufferedAmount > limits.unreadBytes) giveUp(socket);
      else socket.send(JSON.stringify(message));
    },
    onMessage(listener) {
      socket.on('message', (data, isBinary) => {
        admit();
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

/** How long a client that reads nothing is given to read why. */
const farewellMilliseconds = 5000;

function giveUp(socket: WebSocket): void {
  socket.close(policyViolation, 'This client does not read what it has asked for');
  const timer = setTimeout(() => {
    socket.terminate();
  }, farewellMilliseconds);
  timer.unref();
}

/** A bucket of tokens: whoever empties it is not read from until there is one again. */
function rateOf(socket: WebSocket, { messagesPerSecond, burst }: SocketLimits): () => void {
  let tokens = burst;
  let filledAt = performance.now();
  const fill = (): void => {
    const at = performance.now();
    tokens = Math.min(burst, tokens + ((at - filledAt) / 1000) * messagesPerSecond);
    filledAt = at;
  };
  // What has come already is still handed over, and has to be waited for as well.
  const wait = (): void => {
    const timer = setTimeout(
      () => {
        fill();
        if (tokens < 0) wait();
        else socket.resume();
      },
      Math.ceil((-tokens / messagesPerSecond) * 1000),
    );
    timer.unref();
  };
  return () => {
    fill();
    tokens -= 1;
    if (tokens >= 0 || socket.isPaused) return;
    socket.pause();
    wait();
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // refused as any other message that is none
  }
}
