/**
 * The lab of a workspace for a command: the one that serves it to browsers, over its socket, or else one that is opened in this
 * process. Either is asked through the contract, as pages are.
 */
import { hostname } from 'node:os';
import { WebSocket } from 'ws';
import type { LabClient } from '../../../shared/contract/index.ts';
import { LabError } from '../../../shared/errors.ts';
import { createClient } from '../../../shared/rpc/client.ts';
import type { Transport } from '../../../shared/rpc/protocol.ts';
import { findLab } from '../../lab/lab-lock.ts';
import { openLab } from '../../lab/lab.ts';
import type { QueueOptions } from '../../lab/queue/queue.ts';
import type { Workspace } from '../../workspace/workspace.ts';
import { labDispatcher } from '../../rpc/features/index.ts';
import { inProcessPair } from '../../rpc/transports/in-process.ts';
import { webSocketTransport } from '../../rpc/transports/web-socket.ts';
import { nodeProcesses } from '../node/processes.ts';
import { cookieName } from '../server/access.ts';
import { publishedCertificate } from '../server/certificate.ts';
import { socketPath } from '../server/server.ts';
import { openSessions } from '../server/sessions.ts';
import { taskNotes } from '../../runs/task-notes.ts';

export interface ConnectedLab {
  readonly lab: LabClient;
  /** Where it answers browsers; undefined for one in this process. */
  readonly origin: string | undefined;
  /** Stops the runs of a lab in this process at a checkpoint; leaves another one as it is. */
  close(): Promise<void>;
}

/** `trains`: whether a lab in this process starts what waits, and how many runs at a time. Throws `LabError('conflict' | 'unauthorised')`. */
export async function connectLab(
  workspace: Workspace,
  queue: Pick<QueueOptions, 'concurrency'> & { readonly trains: boolean },
): Promise<ConnectedLab> {
  const owner = await findLab(workspace);
  if (owner?.origin !== undefined && owner.host === hostname()) return overSocket(workspace, owner.origin);
  const opened = await openLab({
    folder: workspace.folder,
    host: 'command-line',
    processes: nodeProcesses,
    tasks: taskNotes,
    queue,
  });
  const [near, far] = inProcessPair();
  labDispatcher(opened).serve(far);
  const client = createClient({ open: () => near });
  return {
    lab: client.lab,
    origin: undefined,
    async close() {
      client.close();
      await opened.close();
    },
  };
}

async function overSocket({ folder }: Workspace, origin: string): Promise<ConnectedLab> {
  const sessions = openSessions(folder);
  const { id, secret } = sessions.begin('command', `pretext ${process.argv.slice(2, 4).join(' ')}`);
  try {
    const cookie = `${cookieName(Number(new URL(origin).port))}=${secret}`;
    const transport = await openSocket(origin, cookie, await publishedCertificate(sessions));
    const client = createClient({ open: () => transport });
    return {
      lab: client.lab,
      origin,
      close() {
        client.close();
        sessions.revoke(id);
        return Promise.resolve();
      },
    };
  } catch (error) {
    sessions.revoke(id);
    throw error;
  }
}

/** `certificate`: that of the lab, which is trusted whoever has signed it. */
function openSocket(origin: string, cookie: string, certificate: string | undefined): Promise<Transport> {
  const socket = new WebSocket(`${origin.replace(/^http/, 'ws')}${socketPath}`, {
    headers: { cookie, origin },
    ...(certificate !== undefined && {
      ca: certificate,
      allowPartialTrustChain: true,
      checkServerIdentity: () => undefined,
    }),
  });
  return new Promise((resolve, reject) => {
    socket.once('open', () => {
      resolve(webSocketTransport(socket));
    });
    socket.once('error', (error) => {
      reject(
        new LabError(
          'unauthorised',
          `The lab at ${origin} has the workspace open and refused the connection (${error.message}). Use its page, or stop it`,
          { origin },
          error,
        ),
      );
    });
  });
}
