/**
 * One request to a hub. Redirects are followed by hand, because the token goes to the endpoint alone: files lie on other servers,
 * whose addresses carry their own permission.
 */
import { setMaxListeners } from 'node:events';
import { LabError, messageOf } from '../../../shared/errors.ts';
import type { HubAccess } from './access.ts';
import type { Asked } from './hub-errors.ts';
import { refusal } from './hub-errors.ts';

export interface HubReply {
  readonly status: number;
  readonly headers: Headers;
  /** The digest that the hub itself, and not the server that has the bytes, gives for a file. */
  readonly linkedDigest: string | undefined;
  readonly chunks: AsyncIterable<Uint8Array>;
}

export interface RequestOptions {
  readonly signal: AbortSignal;
  readonly headers?: Readonly<Record<string, string>>;
  /** Without a byte for so long a server counts as gone. */
  readonly patienceMilliseconds?: number;
}

const mostRedirects = 8;
const usualPatience = 30_000;
/** Bytes are counted and hashed as they are. */
const usualHeaders = { 'user-agent': 'pretext-lab', 'accept-encoding': 'identity' };
const redirects: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/**
 * Asks for a path of the endpoint and calls `read` with the reply, which must be a success; the connection is closed when it returns.
 * Throws `LabError('unauthorised' | 'not-found' | 'too-many' | 'network' | 'aborted')`.
 */
export async function requestHub<Result>(
  access: HubAccess,
  path: string,
  asked: Asked,
  { signal, headers = {}, patienceMilliseconds = usualPatience }: RequestOptions,
  read: (reply: HubReply) => Promise<Result>,
): Promise<Result> {
  const silence = new AbortController();
  const end = new AbortController();
  const timer = setTimeout(() => {
    silence.abort();
  }, patienceMilliseconds);
  const connection = AbortSignal.any([signal, silence.signal, end.signal]);
  setMaxListeners(0, connection); // every redirect listens
  let host = new URL(access.endpoint).host;
  try {
    const { response, linkedDigest } = await follow(access, path, headers, connection, (next) => (host = next));
    timer.refresh();
    if (!response.ok) throw refusal(access, asked, response.status, response.headers);
    const chunks = (async function* () {
      for await (const chunk of response.body ?? []) {
        timer.refresh();
        yield chunk as Uint8Array; // what fetch gives
      }
    })();
    return await read({ status: response.status, headers: response.headers, linkedDigest, chunks });
  } catch (error) {
    if (signal.aborted) throw stopped();
    if (silence.signal.aborted) {
      const seconds = Math.max(1, Math.round(patienceMilliseconds / 1000));
      throw new LabError(
        'network',
        `${host} sent nothing for ${String(seconds)} s. Check the connection and try again`,
        {
          host,
        },
      );
    }
    throw error instanceof TypeError ? unreachable(host, error) : error;
  } finally {
    clearTimeout(timer);
    end.abort(); // what was not read is not sent any more
  }
}

async function follow(
  { endpoint, token }: HubAccess,
  path: string,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
  onHost: (host: string) => void,
): Promise<{ readonly response: Response; readonly linkedDigest: string | undefined }> {
  const home = new URL(endpoint).origin;
  let url = new URL(`${endpoint}${path}`);
  let linkedDigest: string | undefined;
  for (let hop = 0; hop <= mostRedirects; hop++) {
    onHost(url.host);
    const isHome = url.origin === home;
    const sent = { ...usualHeaders, ...headers, ...(isHome && token && { authorization: `Bearer ${token}` }) };
    const response = await fetch(url, { headers: sent, redirect: 'manual', signal });
    if (isHome) linkedDigest ??= digestIn(response.headers);
    if (!redirects.has(response.status)) return { response, linkedDigest };
    await response.body?.cancel();
    url = redirected(url, response.headers.get('location'));
  }
  throw new LabError('network', `${new URL(endpoint).host} redirects in a circle`);
}

/** Throws `LabError('network')` for an address that is none, or that would give up the encryption. */
function redirected(from: URL, location: string | null): URL {
  const to = location === null ? null : URL.parse(location, from.href);
  const isSafe = to !== null && (to.protocol === 'https:' || (to.protocol === 'http:' && from.protocol === 'http:'));
  if (isSafe && to.username === '' && to.password === '') return to;
  throw new LabError('network', `${from.host} redirects to an address that is not followed`, { host: from.host });
}

/** Of a large file its SHA-256, of others git's SHA-1, in hexadecimal. */
function digestIn(headers: Headers): string | undefined {
  const tag = headers.get('x-linked-etag') ?? headers.get('etag') ?? '';
  return /^(?:W\/)?"?([0-9a-f]{64}|[0-9a-f]{40})"?$/u.exec(tag)?.[1];
}

/** The answer to whoever stopped a download. */
export function stopped(): LabError {
  return new LabError('aborted', 'The download was stopped. The same command goes on where it stopped');
}

/** `fetch` throws a TypeError whose cause is the system's. */
function unreachable(host: string, error: TypeError): LabError {
  const reason = messageOf(error.cause ?? error);
  return new LabError(
    'network',
    `The connection to ${host} failed: ${reason === '' ? error.message : reason}. Check the connection, HF_ENDPOINT and proxies, and try again`,
    { host },
    error,
  );
}
