// The ways to the lab, all with the same client: in-process, over a message channel, and over a WebSocket of the real server.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MessageChannel } from 'node:worker_threads';
import { WebSocket } from 'ws';
import { createClient } from '../../src/shared/rpc/client.ts';
import type { Client, ClientOptions } from '../../src/shared/rpc/client.ts';
import type { Transport } from '../../src/shared/rpc/protocol.ts';
import type { Lab } from '../../src/main/lab/lab.ts';
import { labDispatcher } from '../../src/main/rpc/features/index.ts';
import type { Dispatcher } from '../../src/main/rpc/dispatcher.ts';
import { inProcessPair } from '../../src/main/rpc/transports/in-process.ts';
import { messagePortTransport } from '../../src/main/rpc/transports/message-port.ts';
import type { LabServer } from '../../src/main/hosts/server/server.ts';
import { startServer } from '../../src/main/hosts/server/server.ts';
import type { Sessions } from '../../src/main/hosts/server/sessions.ts';
import { sessionsIn } from '../../src/main/hosts/server/sessions.ts';
import { temporaryFolder } from './lab-fixture.ts';

export interface Connected extends Client {
  disconnect(): Promise<void>;
}

export type Connect = (lab: Lab, options?: Partial<ClientOptions>) => Promise<Connected>;

export const transports: Readonly<Record<string, Connect>> = {
  'in-process': async (lab, options) => over(lab, inProcessPair, options),
  'message port': async (lab, options) =>
    over(
      lab,
      () => {
        const { port1, port2 } = new MessageChannel();
        const plain = (message: unknown): unknown => message;
        return [messagePortTransport(port1, plain), messagePortTransport(port2, plain)];
      },
      options,
    ),
  WebSocket: async (lab, options) => {
    const sessions = sessionsIn(await mkdtemp(join(tmpdir(), 'pretext-sessions-')));
    const server = await startServer({ lab, sessions, pages: 'none', onBug: rethrow });
    const client = createClient({ open: () => openSocket(server), ...options });
    return {
      ...client,
      async disconnect() {
        client.close();
        await server.close();
        await rm(sessions.folder, { recursive: true });
      },
    };
  },
};

async function over(
  lab: Lab,
  pair: () => readonly [Transport, Transport],
  options?: Partial<ClientOptions>,
): Promise<Connected> {
  const dispatcher: Dispatcher = labDispatcher(lab, rethrow);
  const client = createClient({
    open() {
      const [near, far] = pair();
      dispatcher.serve(far);
      return near;
    },
    ...options,
  });
  return {
    ...client,
    async disconnect() {
      client.close();
    },
  };
}

/** A bug in a handler fails the test that met it, with its stack. */
function rethrow(_method: string, error: unknown): void {
  throw error;
}

/** Removed when the test is over. */
export async function temporarySessions(): Promise<Sessions> {
  return sessionsIn(await temporaryFolder('pretext-sessions-'));
}

/** What a browser sends that was let in. */
export function newCookie({ access }: Pick<LabServer, 'access'>): string {
  return `${access.cookie}=${access.sessions.begin('browser', 'a test').secret}`;
}

export function openSocket(
  server: Pick<LabServer, 'origin' | 'access'>,
  headers: Readonly<Record<string, string>> = {},
): Promise<Transport> {
  const { origin } = server;
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`${origin.replace('http', 'ws')}/socket`, {
      headers: { cookie: newCookie(server), origin, ...headers },
    });
    socket.on('error', reject);
    socket.on('open', () => {
      resolve({
        send: (message) => {
          socket.send(JSON.stringify(message));
        },
        onMessage: (listener) => {
          socket.on('message', (data) => {
            listener(JSON.parse((data as Buffer).toString()));
          });
        },
        onClose: (listener) => {
          socket.on('close', (_code, reason) => {
            listener({ message: String(reason), final: false });
          });
        },
        close: () => {
          socket.close();
        },
      });
    });
  });
}
