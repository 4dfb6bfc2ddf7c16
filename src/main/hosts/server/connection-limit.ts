/**
 * How many connections may be open at a time. Each of them takes a descriptor, and a lab without any left can neither read its
 * folders nor write its queue; whoever can reach the port could take them all, without knowing the token.
 */
import { readFileSync } from 'node:fs';
import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/** More than the pages that a person has open, and than uploads that run side by side. */
const mostConnections = 256;
/** The rest is for the database, run folders and processes. */
const shareOfDescriptors = 1 / 4;

export interface ConnectionLimit {
  /** Of a client that has shown its session: it is not closed to make room. */
  vouchFor(socket: Socket): void;
}

/** Where there are too many, the one that has been there longest without a session makes room; without such a one the new one does. */
export function limitConnections(server: Server, most = defaultLimit()): ConnectionLimit {
  // In the order in which they came. By their far end: with TLS a request has another socket than its connection.
  const strangers = new Map<string, Socket>();
  let count = 0;
  server.on('connection', (socket: Socket) => {
    count += 1;
    const farEnd = farEndOf(socket);
    socket.once('close', () => {
      count -= 1;
      strangers.delete(farEnd);
    });
    strangers.set(farEnd, socket);
    if (count <= most) return;
    for (const longest of strangers.values()) {
      longest.destroy();
      break;
    }
  });
  return {
    vouchFor(socket) {
      strangers.delete(farEndOf(socket));
    },
  };
}

function farEndOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress ?? ''} ${remotePort ?? ''}`;
}

function defaultLimit(): number {
  return Math.max(8, Math.min(mostConnections, Math.floor(descriptors() * shareOfDescriptors)));
}

/** How many files this process may have open (proc(5)); where the system does not tell, that is not what is scarce. */
function descriptors(): number {
  try {
    const soft = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
    return soft === undefined ? Infinity : Number(soft);
  } catch {
    return Infinity;
  }
}
