/**
 * The secret that sessions are made from, in the user's own settings and readable by nobody else. It outlives the server, so
 * that pages that are open find a lab that was started again; after a month it is replaced.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { settingsFolder } from '../../lab/recent.ts';

const stored = z.object({ secret: z.string().min(32), createdAt: z.number() });
const lifetimeMilliseconds = 30 * 24 * 3600 * 1000;

/** Undefined where there is no place for settings: sessions then end with the server. */
export async function sessionSecret(now = Date.now()): Promise<string | undefined> {
  const file = join(settingsFolder(), 'server-session.json');
  try {
    const known = stored.parse(JSON.parse(await readFile(file, 'utf8')));
    if (now - known.createdAt < lifetimeMilliseconds) return known.secret;
  } catch {
    // there is none yet, or it is damaged: a new one is as good
  }
  const secret = randomBytes(32).toString('base64url');
  try {
    await mkdir(settingsFolder(), { recursive: true });
    const temporary = `${file}.${process.pid}`;
    await writeFile(temporary, JSON.stringify({ secret, createdAt: now }), { mode: 0o600 });
    await rename(temporary, file);
    return secret;
  } catch {
    return undefined;
  }
}
