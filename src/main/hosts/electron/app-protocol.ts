/**
 * app://lab/…: the protocol the window's files come over. file:// would give the page every file of the computer and no
 * origin of its own; app:// gives it one folder, an origin, and headers.
 */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { securityHeaders } from './content-security.ts';

export const appScheme = 'app';
export const appOrigin = `${appScheme}://lab`;

export const mediaTypes: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm',
  '.woff2': 'font/woff2',
};

/**
 * The file that an address of the app:// protocol stands for, or undefined when it is none of ours: another host, a
 * path that leaves the folder, or bytes that no file name has.
 */
export function fileOfAddress(folder: string, address: string): string | undefined {
  if (!URL.canParse(address)) return undefined;
  const url = new URL(address);
  if (url.protocol !== `${appScheme}:` || url.host !== 'lab') return undefined;
  let name: string;
  try {
    name = decodeURIComponent(url.pathname);
  } catch {
    return undefined; // a stray % in the address
  }
  // A backslash separates folders on Windows, and a NUL ends a name in the operating system's calls.
  if (name.includes('\\') || name.includes('\0')) return undefined;
  const root = path.resolve(folder);
  const file = path.join(root, name === '/' ? 'index.html' : name);
  return file.startsWith(root + path.sep) ? file : undefined;
}

/** Answers one request of the page with a file of the folder. Never throws: what cannot be read is 404. */
export async function answerFromFolder(folder: string, request: Pick<Request, 'method' | 'url'>): Promise<Response> {
  if (request.method !== 'GET') return refusal(405);
  const file = fileOfAddress(folder, request.url);
  const mediaType = file === undefined ? undefined : mediaTypes[path.extname(file)];
  if (file === undefined || mediaType === undefined) return refusal(404);
  try {
    const content = await readFile(file);
    return new Response(new Uint8Array(content), { headers: { ...securityHeaders, 'Content-Type': mediaType } });
  } catch {
    return refusal(404);
  }
}

function refusal(status: 404 | 405): Response {
  return new Response(null, { status, headers: securityHeaders });
}
