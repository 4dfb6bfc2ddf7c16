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
import type { Workspace } from '../../workspace/workspace.ts';
import { labDispatcher } from '../../rpc/features/index.ts';
import { inProcessPair } from '../../rpc/transports/in-process.ts';
import { webSocketTransport } from '../../rpc/transports/web-socket.ts';
import { nodeProcesses } from '../node/processes.ts';
import { createAccess } from '../server/access.ts';
import { socketPath } from '../server/server.ts';
import { sessionSecret } from '../server/session-secret.ts';
import { taskNotes } from '../../runs/task-notes.ts';

export interface ConnectedLab {
  readonly lab: LabClient;
  /** Where it answers browsers; undefined for one in this process. */
  readonly origin: string | undefined;
  /** Stops the runs of a lab in this process at a checkpoint; leaves another one as it is. */
  close(): Promise<void>;
}

/** `trains`: whether a lab in this process starts what waits. Throws `LabError('conflict' | 'unauthorised')`. */
export async function connectLab(
  workspace: Workspace,
  { trains }: { readonly trains: boolean },
): Promise<ConnectedLab> {
  const owner = await findLab(workspace);
  if (owner?.origin !== undefined && owner.host === hostname()) return overSocket(workspace, owner.origin);
  const opened = await openLab({
    folder: workspace.folder,
    host: 'command-line',
    processes: nodeProcesses,
    tasks: taskNotes,
    queue: { trains },
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
  const { cookie, session } = createAccess(
    { workspace: folder, port: Number(new URL(origin).port) },
    await sessionSecret(),
  );
  const transport = await openSocket(origin, `${cookie}=${session}`);
  const client = createClient({ open: () => transport });
  return {
    lab: client.lab,
    origin,
    close() {
      client.close();
      return Promise.resolve();
    },
  };
}

function openSocket(origin: string, cookie: string): Promise<Transport> {
  const socket = new WebSocket(`${origin.replace(/^http/, 'ws')}${socketPath}`, { headers: { cookie, origin } });
  return new Promise((resolve, reject) => {
    socket.once('open', () => {
      resolve(webSocketTransport(socket));
    });
    socket.once('error', (error) => {
      reject(
        new LabError(
          'unauthorised',
          `The lab at ${origin} has the workspace open and lets this command not in (${error.message}). Use its page, or stop it`,
          { origin },
          error,
        ),
      );
    });
  });
}
