/**
 * Who may talk to the server. A page of some other site that is open in the same browser must not: neither by a request, nor
 * by a WebSocket, nor by making its own name point at 127.0.0.1 (DNS rebinding). Hence three checks: the Host header is a
 * name of ours, the Origin is our own, and a cookie that only a link of ours can have set (sessions.ts).
 */
import type { IncomingHttpHeaders } from 'node:http';
import { isIPv4 } from 'node:net';
import type { Session, Sessions } from './sessions.ts';

export interface Access {
  readonly sessions: Sessions;
  /** Cookies know no ports: labs on several ports of one machine need names of their own. */
  readonly cookie: string;
  readonly scheme: 'http' | 'https';
}

/** By port, so that two labs of one machine do not log each other out. */
export function cookieName(port: number): string {
  return `pretext_session_${port}`;
}

/** Undefined for a request without a session that is known. */
export function sessionOf({ cookie = '' }: IncomingHttpHeaders, access: Access): Session | undefined {
  const start = `${access.cookie}=`;
  for (const part of cookie.split(';').map((one) => one.trim())) {
    const session = part.startsWith(start) ? access.sessions.find(part.slice(start.length)) : undefined;
    if (session) return session;
  }
  return undefined;
}

/** Not readable by scripts, and not sent with requests that other sites cause. */
export function sessionCookie({ cookie, scheme }: Access, secret: string): string {
  return `${cookie}=${secret}; HttpOnly; SameSite=Strict; Path=/${scheme === 'https' ? '; Secure' : ''}`;
}

/** Whether nobody but this machine can reach an address. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'));
}

/** Names by which the server may be addressed: those that lead nowhere else, and those that it was told. */
export function allowedHosts(bound: string, port: number, extra: readonly string[] = []): ReadonlySet<string> {
  const names = ['127.0.0.1', 'localhost', '[::1]', ...extra.map((name) => name.toLowerCase())];
  if (bound !== '0.0.0.0' && bound !== '::') names.push(bound.includes(':') ? `[${bound}]` : bound.toLowerCase());
  return new Set(names.flatMap((name) => [`${name}:${port}`, ...(port === 80 || port === 443 ? [name] : [])]));
}

/** Whether the Host header names this server, which a page of another name that leads here does not. */
export function isOwnHost({ host }: IncomingHttpHeaders, hosts: ReadonlySet<string>): boolean {
  return host !== undefined && hosts.has(host.toLowerCase());
}

/**
 * Whether a request comes from our own page. Browsers send an Origin with every POST and every WebSocket; with a plain GET they
 * may not, and say where it comes from in Sec-Fetch-Site.
 */
export function isOwnOrigin(
  headers: IncomingHttpHeaders,
  { scheme }: Pick<Access, 'scheme'>,
  originRequired: boolean,
): boolean {
  const { origin, host } = headers;
  if (origin !== undefined) return origin.toLowerCase() === `${scheme}://${host?.toLowerCase() ?? ''}`;
  if (originRequired) return false;
  return !isFromElsewhere(headers);
}

/** Whether another page caused a request: cookies of ours are not sent with it, and not with what it is redirected to. */
export function isFromElsewhere(headers: IncomingHttpHeaders): boolean {
  const site = headers['sec-fetch-site'];
  return site !== undefined && site !== 'same-origin' && site !== 'none';
}
