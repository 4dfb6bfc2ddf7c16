/**
 * Who may talk to the server. A page of some other site that is open in the same browser must not: neither by a request, nor
 * by a WebSocket, nor by making its own name point at 127.0.0.1 (DNS rebinding). Hence three checks: the Host header is a
 * name of ours, the Origin is our own, and a cookie that only the printed address can have set.
 */
import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

export interface Access {
  /** Part of the printed address, once. */
  readonly token: string;
  /** Of the cookie that the token is exchanged for. */
  readonly session: string;
  /** Cookies know no ports: labs on several ports of one machine need names of their own. */
  readonly cookie: string;
}

/**
 * @param secret of the user, kept between starts: a page that was let in then finds its lab again after a restart. Without it
 *   every start has a session of its own.
 */
export function createAccess(place: { readonly workspace: string; readonly port: number }, secret?: string): Access {
  const { workspace, port } = place;
  return {
    token: randomBytes(24).toString('base64url'),
    session: createHmac('sha256', secret ?? randomBytes(32))
      .update(`${port}\n${workspace}`)
      .digest('base64url'),
    cookie: `pretext_session_${port}`,
  };
}

/** Takes the same time whatever is wrong: digests have one length, and are compared whole. */
export function isSame(given: string, secret: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(secret));
}

export function hasSession({ cookie = '' }: IncomingHttpHeaders, access: Access): boolean {
  const start = `${access.cookie}=`;
  return cookie
    .split(';')
    .map((part) => part.trim())
    .some((part) => part.startsWith(start) && isSame(part.slice(start.length), access.session));
}

/** Not readable by scripts, and not sent with requests that other sites cause. */
export function sessionCookie({ cookie, session }: Access): string {
  return `${cookie}=${session}; HttpOnly; SameSite=Strict; Path=/`;
}

/** Names by which the server may be addressed: those that lead nowhere else, and those that it was told. */
export function allowedHosts(bound: string, port: number, extra: readonly string[] = []): ReadonlySet<string> {
  const names = ['127.0.0.1', 'localhost', '[::1]', ...extra.map((name) => name.toLowerCase())];
  if (bound !== '0.0.0.0' && bound !== '::') names.push(bound.includes(':') ? `[${bound}]` : bound.toLowerCase());
  return new Set(names.flatMap((name) => [`${name}:${port}`, ...(port === 80 ? [name] : [])]));
}

export function isOwnHost({ host }: IncomingHttpHeaders, hosts: ReadonlySet<string>): boolean {
  return host !== undefined && hosts.has(host.toLowerCase());
}

/**
 * Whether a request comes from our own page. Browsers send an Origin with every POST and every WebSocket; with a plain GET they
 * may not, and say where it comes from in Sec-Fetch-Site.
 */
export function isOwnOrigin(headers: IncomingHttpHeaders, originRequired: boolean): boolean {
  const { origin, host } = headers;
  if (origin !== undefined) return origin.toLowerCase() === `http://${host?.toLowerCase() ?? ''}`;
  if (originRequired) return false;
  const site = headers['sec-fetch-site'];
  return site === undefined || site === 'same-origin' || site === 'none';
}
