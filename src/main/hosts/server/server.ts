/**
 * The lab in a browser: pages, uploads and the WebSocket of the contract from one small HTTP server. Every answer carries the
 * same headers as the desktop's; every request passes the checks of access.ts first.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { Duplex } from 'node:stream';
import type { AddressInfo } from 'node:net';
import type { WebSocket } from 'ws';
import { WebSocketServer } from 'ws';
import { errorCode, isLabError, LabError, messageOf } from '../../../shared/errors.ts';
import { toFailure } from '../../../shared/rpc/protocol.ts';
import type { Lab } from '../../lab/lab.ts';
import { labDispatcher } from '../../rpc/features/index.ts';
import type { SocketLimits } from '../../rpc/transports/web-socket.ts';
import { webSocketTransport } from '../../rpc/transports/web-socket.ts';
import { contentSecurityPolicy, securityHeaders } from '../electron/content-security.ts';
import type { Access } from './access.ts';
import {
  allowedHosts,
  cookieName,
  isFromElsewhere,
  isLoopback,
  isOwnHost,
  isOwnOrigin,
  sessionCookie,
  sessionOf,
} from './access.ts';
import type { Certificate } from './certificate.ts';
import { limitConnections } from './connection-limit.ts';
import type { Sessions } from './sessions.ts';
import { readStatic } from './static-files.ts';

export interface ServerOptions {
  readonly lab: Lab;
  /** The built pages. */
  readonly pages: string;
  /** Who was let in before, and is now. */
  readonly sessions: Sessions;
  readonly host?: string | undefined;
  /** Needed for addresses that other machines can reach. */
  readonly certificate?: Certificate | undefined;
  /** 0: any that is free. */
  readonly port?: number | undefined;
  /** Further names of the machine, for when the server is reached through them. */
  readonly names?: readonly string[] | undefined;
  /** Largest message of a client, in bytes; files come by upload. */
  readonly maximumMessageBytes?: number | undefined;
  /** Connections at a time; by default what the system's limit of open files allows. */
  readonly maximumConnections?: number | undefined;
  /** What a client may have on the way; by default more than pages ever need. */
  readonly clientLimits?: Partial<SocketLimits> | undefined;
  readonly onBug?: (method: string, error: unknown) => void;
}

export interface LabServer {
  /** With a token, which lets one browser in, once. */
  readonly address: string;
  readonly origin: string;
  readonly access: Access;
  close(): Promise<void>;
}

export const socketPath = '/socket';
/** A picture that is asked about is the largest thing that comes in a message. */
const defaultMessageBytes = 48 * 1024 * 1024;

/** How often it is looked whether the sessions of open pages were revoked. */
const lookMilliseconds = 1000;
/** Of a page whose session was revoked (RFC 6455, section 7.4.2: 4000 to 4999 are for private use). */
const revokedCode = 4401;

/** Listens when this resolves. Throws `LabError` for an address that needs a certificate, and what listening throws. */
export async function startServer(options: ServerOptions): Promise<LabServer> {
  const { lab, sessions, host = '127.0.0.1', port = 0, names = [], certificate } = options;
  const { maximumMessageBytes = defaultMessageBytes } = options;
  requireEncryption(host, certificate);
  const dispatcher = labDispatcher(lab, options.onBug);
  const sockets = new WebSocketServer({ noServer: true, maxPayload: maximumMessageBytes, perMessageDeflate: false });
  const timeouts = { requestTimeout: 0, headersTimeout: 20_000 };
  const server: Server = certificate
    ? createSecureServer({ ...timeouts, cert: certificate.cert, key: certificate.key })
    : createServer(timeouts);
  const limit = limitConnections(server, options.maximumConnections);
  await listen(server, host, port);
  const { port: bound } = server.address() as AddressInfo; // it listens on a port
  const hosts = allowedHosts(host, bound, names);
  const access: Access = { sessions, cookie: cookieName(bound), scheme: certificate ? 'https' : 'http' };

  /** Open sockets, with the requests by which they were let in. */
  const letIn = new Map<WebSocket, IncomingMessage>();

  server.on('request', (request, response) => {
    if (sessionOf(request.headers, access)) limit.vouchFor(request.socket);
    for (const [name, value] of Object.entries(headersFor(request, hosts, access))) response.setHeader(name, value);
    answer(options, access, hosts, request, response).catch((error: unknown) => {
      refuse(response, error);
    });
  });
  server.on('upgrade', (request, socket, head) => {
    const problem = whyNot(request, hosts, access, true) ?? (pathOf(request) === socketPath ? undefined : 404);
    if (problem !== undefined) {
      refuseUpgrade(socket, problem);
      return;
    }
    sockets.handleUpgrade(request, socket, head, (webSocket) => {
      limit.vouchFor(request.socket);
      letIn.set(webSocket, request);
      webSocket.once('close', () => letIn.delete(webSocket));
      dispatcher.serve(webSocketTransport(webSocket, options.clientLimits));
    });
  });
  const watch = setInterval(() => {
    for (const [webSocket, { headers }] of letIn) {
      if (!sessionOf(headers, access)) webSocket.close(revokedCode, 'This session was revoked');
    }
  }, lookMilliseconds);
  watch.unref();

  const name = host === '0.0.0.0' || host === '::' ? 'localhost' : host.includes(':') ? `[${host}]` : host;
  const origin = `${access.scheme}://${name}:${bound}`;
  return {
    origin,
    address: linkTo(origin, sessions),
    access,
    async close() {
      clearInterval(watch);
      for (const client of sockets.clients) client.close(1001, 'The lab is closed');
      const closed = new Promise<void>((resolve) => {
        server.close(() => {
          resolve();
        });
      });
      server.closeIdleConnections();
      // Clients that do not answer the goodbye are not waited for.
      const timer = setTimeout(() => {
        for (const client of sockets.clients) client.terminate();
        server.closeAllConnections();
      }, 1000);
      await closed;
      clearTimeout(timer);
    },
  };
}

/** An address that lets one browser in, once. */
export function linkTo(origin: string, sessions: Sessions): string {
  return `${origin}/?token=${sessions.createLink()}`;
}

/** Throws `LabError('bad-input')`: what is typed, and the cookie, could be read on the way. */
function requireEncryption(host: string, certificate: Certificate | undefined): void {
  if (certificate || isLoopback(host)) return;
  throw new LabError(
    'bad-input',
    `Other machines can reach ${host}, and without encryption anyone on the way could read what they send, and sign in. Give a certificate (--cert cert.pem --key key.pem), or listen on 127.0.0.1 and connect through a tunnel (ssh -L 8640:127.0.0.1:8640 this-machine)`,
    { host },
  );
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => {
      const isTaken = errorCode(error) === 'EADDRINUSE';
      reject(
        new LabError(
          'conflict',
          isTaken
            ? `The port ${port} of ${host} is in use. Choose another one with --port`
            : `Cannot listen on ${host}:${port}: ${error.message}`,
          { host, port },
          error,
        ),
      );
    });
    server.listen(port, host, () => {
      resolve();
    });
  });
}

/**
 * The desktop's headers; connections of the page go to the server that it came from. Not every browser counts ws: as 'self', and
 * none takes an IPv6 address as a source (https://www.w3.org/TR/CSP3/#grammardef-host-part): there 'self' has to do.
 */
function headersFor(
  { headers }: IncomingMessage,
  hosts: ReadonlySet<string>,
  { scheme }: Access,
): Record<string, string> {
  const { host = '' } = headers;
  const socket = `${scheme === 'https' ? 'wss' : 'ws'}://${host.toLowerCase()}`;
  const sources = isOwnHost(headers, hosts) && !host.startsWith('[') ? `'self' ${socket}` : "'self'";
  return {
    ...securityHeaders,
    'Content-Security-Policy': contentSecurityPolicy.replace("connect-src 'self'", `connect-src ${sources}`),
    'X-Frame-Options': 'DENY',
  };
}

/** The status that a request is refused with, if it is. */
function whyNot(
  { headers }: IncomingMessage,
  hosts: ReadonlySet<string>,
  access: Access,
  originRequired: boolean,
): number | undefined {
  if (!isOwnHost(headers, hosts)) return 421;
  if (!isOwnOrigin(headers, access, originRequired)) return 403;
  return sessionOf(headers, access) ? undefined : 401;
}

/** Of a request's target; undefined for what is no path. `//name` is a path here, and not another host. */
function addressOf(target: string): URL | undefined {
  return target.startsWith('/') && URL.canParse(`http://lab${target}`) ? new URL(`http://lab${target}`) : undefined;
}

function pathOf({ url = '/' }: IncomingMessage): string {
  return addressOf(url)?.pathname ?? '';
}

async function answer(
  options: ServerOptions,
  access: Access,
  hosts: ReadonlySet<string>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { method = 'GET', headers } = request;
  if (!isOwnHost(headers, hosts)) {
    end(response, 421, 'This address is none of the lab’s. Use the one that it printed.');
    return;
  }
  const url = addressOf(request.url ?? '/');
  if (!url) {
    end(response, 400, 'This is not an address of the lab.');
    return;
  }
  const token = url.searchParams.get('token');
  // The printed link may be followed from anywhere, a terminal or a mail, so its origin does not count; its token does.
  if (method === 'GET' && url.pathname === '/' && token !== null) {
    letBrowserIn(access, token, request, response);
    return;
  }
  const problem = whyNot(request, hosts, access, method !== 'GET' && method !== 'HEAD');
  if (problem !== undefined) {
    end(
      response,
      problem,
      problem === 401
        ? `Open the address that ‘pretext serve’ printed, with its token. ${anotherLink}`
        : 'Requests from other pages are refused.',
    );
    return;
  }
  if (method === 'POST' && url.pathname.startsWith('/upload/')) {
    await receiveUpload(options.lab, url.pathname, request, response);
  } else if (method === 'GET' || method === 'HEAD') await sendFile(options.pages, url.pathname, method, response);
  else end(response, 405, 'There is nothing of this kind here.');
}

const anotherLink = 'It lets one browser in, once: ‘pretext serve sessions link’ prints another one.';

/** Exchanges the token for a cookie, and goes on to the lab without it. */
function letBrowserIn(access: Access, token: string, { headers }: IncomingMessage, response: ServerResponse): void {
  if (!sessionOf(headers, access)) {
    const secret = access.sessions.redeem(token, headers['user-agent'] ?? 'unknown');
    if (secret === undefined) {
      end(response, 401, `This address has been used already, or is too old. ${anotherLink}`);
      return;
    }
    response.setHeader('Set-Cookie', sessionCookie(access, secret));
  }
  if (isFromElsewhere(headers)) {
    // The cookie would not be sent with a redirection that another page is behind; this page is our own.
    end(
      response,
      200,
      '<!doctype html><meta http-equiv="refresh" content="0;url=/"><title>Pretext Lab</title>',
      'html',
    );
    return;
  }
  response.setHeader('Location', '/');
  end(response, 303, '');
}

async function sendFile(pages: string, pathname: string, method: string, response: ServerResponse): Promise<void> {
  const file = await readStatic(pages, pathname);
  if (!file) {
    end(response, 404, 'There is no such page.');
    return;
  }
  response.writeHead(200, {
    'Content-Type': file.type,
    'Content-Length': file.content.length,
    'Cache-Control': file.immutable ? 'private, max-age=31536000, immutable' : 'no-cache',
  });
  response.end(method === 'HEAD' ? undefined : file.content);
}

async function receiveUpload(
  { uploads }: Lab,
  pathname: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const [, , upload = '', ...parts] = pathname.split('/');
  let path: string;
  try {
    path = parts.map(decodeURIComponent).join('/');
  } catch {
    throw new LabError('bad-input', 'The address of the upload is not well formed');
  }
  const length = Number(request.headers['content-length']);
  const received = await uploads.receive(upload, path, request, Number.isFinite(length) ? length : undefined);
  sendJson(response, 201, received);
}

const statuses: Readonly<Record<string, number>> = {
  'not-found': 404,
  'too-large': 413,
  'disk-full': 507,
  unauthorised: 401,
  conflict: 409,
};

function refuse(response: ServerResponse, error: unknown): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const status = isLabError(error) ? (statuses[error.code] ?? 400) : 500;
  // What is still on its way is not read: the connection ends with the answer.
  response.setHeader('Connection', 'close');
  sendJson(response, status, toFailure(isLabError(error) ? error : new LabError('internal', messageOf(error))));
}

function sendJson(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { 'Content-Type': 'application/json; charset=utf-8', 'Cache-Control': 'no-store' });
  response.end(JSON.stringify(value));
}

function end(response: ServerResponse, status: number, text: string, kind: 'plain' | 'html' = 'plain'): void {
  response.writeHead(status, { 'Content-Type': `text/${kind}; charset=utf-8`, 'Cache-Control': 'no-store' });
  response.end(text);
}

function refuseUpgrade(socket: Duplex, status: number): void {
  socket.end(`HTTP/1.1 ${status} Refused\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}
