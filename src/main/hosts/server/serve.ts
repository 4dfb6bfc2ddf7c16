/** Opens a workspace and serves it until it is told to stop. What `pretext serve` and `npm start` do. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { isLabError, LabError } from '../../../shared/errors.ts';
import { firstRuns } from '../../lab/first-look.ts';
import { publishLab } from '../../lab/lab-lock.ts';
import type { Lab } from '../../lab/lab.ts';
import { openLab } from '../../lab/lab.ts';
import { rememberWorkspace } from '../../lab/recent.ts';
import { packageFolder } from '../../files/version.ts';
import { nodeProcesses } from '../node/processes.ts';
import type { LabServer } from './server.ts';
import { startServer } from './server.ts';
import { publishCertificate, readCertificate } from './certificate.ts';
import { openSessions } from './sessions.ts';
import { taskNotes } from '../../runs/task-notes.ts';

export interface ServeOptions {
  readonly workspace?: string | undefined;
  readonly host?: string | undefined;
  readonly port?: number | undefined;
  readonly names?: readonly string[] | undefined;
  /** Files in PEM, for addresses that other machines can reach. */
  readonly certificate?: { readonly cert: string; readonly key: string } | undefined;
  /** The built pages; by default those of the installation. */
  readonly pages?: string | undefined;
  readonly onBug?: (method: string, error: unknown) => void;
}

export interface ServedLab {
  readonly lab: Lab;
  readonly server: LabServer;
  /** Says goodbye to pages, stops runs with a checkpoint, ends all processes. */
  close(): Promise<void>;
}

/** Where `npm run build` leaves the pages. */
export function builtPages(): string {
  return join(packageFolder(), 'out', 'renderer');
}

/** Throws `LabError('not-found')` when the pages are not built, and what opening the workspace or the port throws. */
export async function serveLab(options: ServeOptions): Promise<ServedLab> {
  const pages = options.pages ?? builtPages();
  if (!existsSync(join(pages, 'index.html'))) {
    throw new LabError('not-found', `The pages of the lab are not built (${pages}): run 'npm run build' first`, {
      pages,
    });
  }
  const { cert, key } = options.certificate ?? {};
  const certificate = cert !== undefined && key !== undefined ? await readCertificate(cert, key) : undefined;
  const lab = await openLab({
    folder: options.workspace,
    host: 'server',
    processes: nodeProcesses,
    tasks: taskNotes,
    firstRuns,
  });
  try {
    const sessions = openSessions(lab.workspace.folder);
    if (certificate) await publishCertificate(sessions, certificate);
    const server = await startServer({
      lab,
      sessions,
      certificate,
      pages,
      host: options.host,
      port: options.port,
      names: options.names,
      ...(options.onBug && { onBug: options.onBug }),
    });
    await publishLab(lab.workspace, server.origin).catch((error: unknown) => {
      if (!isLabError(error, 'disk-full')) throw error; // commands do not find it then; pages do
    });
    await rememberWorkspace(lab.workspace.folder);
    return {
      lab,
      server,
      async close() {
        await server.close();
        await lab.close();
      },
    };
  } catch (error) {
    await lab.close();
    throw error;
  }
}
