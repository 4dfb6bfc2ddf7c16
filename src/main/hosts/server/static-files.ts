/** The pages of the lab over HTTP: files of one folder, and nothing outside it. */
import { readFile } from 'node:fs/promises';
import { extname, join, resolve, sep } from 'node:path';
import { mediaTypes } from '../electron/app-protocol.ts';

export interface StaticFile {
  readonly content: Buffer;
  readonly type: string;
  /** Names with a hash of their content never change. */
  readonly immutable: boolean;
}

/** Undefined for what is not there, lies outside, or has a type that pages have no use for. */
export async function readStatic(folder: string, pathname: string): Promise<StaticFile | undefined> {
  let name: string;
  try {
    name = decodeURIComponent(pathname);
  } catch {
    return undefined; // a stray % in the address
  }
  if (name.includes('\\') || name.includes('\0')) return undefined;
  const root = resolve(folder);
  const file = join(root, name === '/' ? 'index.html' : name);
  const type = mediaTypes[extname(file)];
  if (!file.startsWith(root + sep) || type === undefined) return undefined;
  const content = await readFile(file).catch(() => undefined);
  return content && { content, type, immutable: /-[\w-]{8,}\.\w+$/.test(file) };
}
