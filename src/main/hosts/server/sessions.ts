/**
 * Who was let in: a file for each browser and each link that waits to be opened, in the user's own settings and readable by nobody
 * else. Whoever can write there is the user, so commands let themselves in the same way. Files, because they outlive the server (a page
 * that is open finds a lab that was started again), and because to delete one, which the system does for one of many only, is what
 * makes a link good for one use and a session revoked. None of them has what it lets in with, only its digest.
 */
import { createHash, randomBytes } from 'node:crypto';
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { errorCode } from '../../../shared/errors.ts';
import { asDiskFull } from '../../files/durable-file.ts';
import { settingsFolder } from '../../lab/recent.ts';

const stored = z.object({
  digest: z.string(),
  kind: z.enum(['browser', 'command']),
  /** What it says that it is. */
  client: z.string(),
  createdAt: z.number(),
});

export interface Session extends z.infer<typeof stored> {
  readonly id: string;
  readonly usedAt: number;
}

export interface Sessions {
  readonly folder: string;
  /** A token that lets one browser in, once, within the next day. */
  createLink(): string;
  /** Exchanges a token for the secret of a new session; undefined for one that is unknown, used or old. */
  redeem(token: string, client: string): string | undefined;
  begin(kind: Session['kind'], client: string): { readonly id: string; readonly secret: string };
  /** The session of a secret, if there is one; it counts as used now. */
  find(secret: string): Session | undefined;
  /** Last used first. */
  list(): readonly Session[];
  /** False where there is none. */
  revoke(id: string): boolean;
}

const day = 24 * 3600 * 1000;
const linkMilliseconds = day;
/** Unused for so long, a session ends. */
const lifetimes: Readonly<Record<Session['kind'], number>> = { browser: 30 * day, command: day / 24 };
/** How exactly the last use is kept. */
const touchMilliseconds = 60_000;
/** Within this time of each other, two changes of a folder may have the same one in its inode. */
const clockMilliseconds = 50;

/** Of the lab of a workspace; where settings cannot be written, for this process only. */
export function openSessions(workspaceFolder: string, now: () => number = Date.now): Sessions {
  const name = createHash('sha256').update(workspaceFolder).digest('hex').slice(0, 16);
  let folder = join(settingsFolder(), 'sessions', name);
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch {
    folder = mkdtempSync(join(tmpdir(), 'pretext-sessions-'));
    process.once('exit', () => {
      rmSync(folder, { recursive: true, force: true });
    });
  }
  return sessionsIn(folder, now);
}

/** @param now milliseconds, for tests */
export function sessionsIn(folder: string, now: () => number = Date.now): Sessions {
  const known = new Map<string, Session & { usedAt: number }>();
  /** What the disk had no room for: good in this process. */
  const unwritten = { links: new Set<string>(), sessions: new Map<string, Session & { usedAt: number }>() };
  let seen = -1;

  /** Other processes add and remove files, too. */
  const look = (): void => {
    const changed = statSync(folder, { throwIfNoEntry: false })?.mtimeMs ?? 0;
    if (changed === seen) return;
    // Changed just now: it may change again within the same tick of its clock.
    seen = Date.now() - changed > clockMilliseconds ? changed : -1;
    known.clear();
    for (const [digest, session] of unwritten.sessions) known.set(digest, session);
    for (const name of namesOf(folder)) {
      const id = /^([0-9a-f]+)\.json$/.exec(name)?.[1];
      const session = id === undefined ? undefined : read(join(folder, name));
      if (id === undefined || session === undefined) continue;
      if (now() - session.usedAt > lifetimes[session.kind]) remove(join(folder, name));
      else known.set(session.digest, { ...session, id });
    }
  };
  const begin: Sessions['begin'] = (kind, client) => {
    const id = randomBytes(4).toString('hex');
    const secret = randomBytes(32).toString('base64url');
    const session = { digest: digestOf(secret), kind, client: client.slice(0, 300), createdAt: now() };
    try {
      writeSecretly(join(folder, `${id}.json`), JSON.stringify(session));
    } catch (error) {
      if (!asDiskFull(error, folder)) throw error;
      unwritten.sessions.set(session.digest, { ...session, id, usedAt: now() });
    }
    seen = -1;
    return { id, secret };
  };
  const list = (): Session[] => {
    look();
    return [...known.values()].sort((a, b) => b.usedAt - a.usedAt);
  };

  return {
    folder,
    begin,
    list,
    createLink() {
      for (const name of namesOf(folder)) {
        if (name.endsWith('.link') && !isFresh(join(folder, name), now())) remove(join(folder, name));
      }
      const token = randomBytes(24).toString('base64url');
      try {
        writeSecretly(linkFile(folder, token), '');
      } catch (error) {
        if (!asDiskFull(error, folder)) throw error;
        unwritten.links.add(token);
      }
      return token;
    },
    redeem(token, client) {
      if (unwritten.links.delete(token)) return begin('browser', client).secret;
      const file = linkFile(folder, token);
      const fresh = isFresh(file, now());
      return remove(file) && fresh ? begin('browser', client).secret : undefined;
    },
    find(secret) {
      look();
      const session = known.get(digestOf(secret));
      if (!session) return undefined;
      const at = now();
      const file = join(folder, `${session.id}.json`);
      if (at - session.usedAt > lifetimes[session.kind]) {
        known.delete(session.digest);
        remove(file);
        return undefined;
      }
      if (at - session.usedAt > touchMilliseconds) {
        session.usedAt = at;
        touch(file, at);
      }
      return session;
    },
    revoke(id) {
      const session = list().find((one) => one.id === id);
      if (!session) return false;
      seen = -1;
      return unwritten.sessions.delete(session.digest) || remove(join(folder, `${id}.json`));
    },
  };
}

/** Digests are compared, not secrets: how long that takes tells nothing about them. */
function digestOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

function linkFile(folder: string, token: string): string {
  return join(folder, `${digestOf(token)}.link`);
}

function writeSecretly(file: string, text: string): void {
  mkdirSync(join(file, '..'), { recursive: true, mode: 0o700 }); // settings may have been deleted under a server
  writeFileSync(file, text, { mode: 0o600, flag: 'wx' });
}

function namesOf(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // nobody is let in by what cannot be read
  }
}

function read(file: string): (z.infer<typeof stored> & { usedAt: number }) | undefined {
  try {
    return { ...stored.parse(JSON.parse(readFileSync(file, 'utf8'))), usedAt: statSync(file).mtimeMs };
  } catch {
    return undefined; // just removed, or damaged: it lets nobody in
  }
}

function isFresh(file: string, now: number): boolean {
  const written = statSync(file, { throwIfNoEntry: false })?.mtimeMs;
  return written !== undefined && now - written < linkMilliseconds;
}

function touch(file: string, milliseconds: number): void {
  try {
    utimesSync(file, milliseconds / 1000, milliseconds / 1000);
  } catch {
    // revoked in this moment
  }
}

/** Whether it was this call that removed it. */
function remove(file: string): boolean {
  try {
    unlinkSync(file);
    return true;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return false;
    throw error;
  }
}
