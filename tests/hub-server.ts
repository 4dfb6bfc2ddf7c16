/**
 * A hub on this computer that speaks the paths of the Hugging Face hub: listings with sizes and digests, files by commit, large ones
 * redirected to a second server. What goes wrong is switched on by the test.
 */
import { createHash } from 'node:crypto';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export const hubCommit = '0123456789abcdef0123456789abcdef01234567';
export const hubToken = 'hf_secret-of-the-test';

export interface HubFault {
  /** A file that stops after so many bytes of a reply, as often as given, until the connection is broken. */
  pause?: { readonly file: string; readonly after: number; times: number };
  /** A file whose connection breaks before its first byte. */
  cut?: string;
  /** A file that comes with another byte. */
  damage?: string;
  /** A file that comes with bytes behind their end. */
  lengthen?: string;
  /** A server that knows no ranges. */
  ignoreRange?: boolean;
  /** A status for whatever is asked. */
  status?: { readonly code: number; readonly headers?: Readonly<Record<string, string>> };
  /** Accepts the request and sends nothing. */
  silent?: boolean;
  /** Answers the listing with this. */
  listing?: unknown;
  /** Where large files are redirected to. */
  location?: string;
}

export interface FakeHub {
  readonly endpoint: string;
  /** What was asked, with the server that was asked and the token that it was sent. */
  readonly requests: readonly HubRequest[];
  fault: HubFault;
  /** Breaks the connections of the replies that have paused. */
  breakPaused(): void;
  close(): Promise<void>;
}

interface HubRequest {
  readonly server: 'hub' | 'files';
  readonly path: string;
  readonly range: string | undefined;
  readonly authorization: string | undefined;
}

/** @param files of the repository `acme/tiny`; those that are not text are large and lie on the second server */
export async function serveHub(files: ReadonlyMap<string, Buffer>): Promise<FakeHub> {
  const requests: HubRequest[] = [];
  const paused: ServerResponse[] = [];
  const note = (server: HubRequest['server'], { url = '', headers }: IncomingMessage): void => {
    requests.push({ server, path: url, range: headers.range, authorization: headers.authorization });
  };
  const hub: { fault: HubFault } = { fault: {} };
  const storage = createServer((request, response) => {
    note('files', request);
    sendFile(request, response, decodeURIComponent((request.url ?? '').slice(1)));
  });
  const front = createServer((request, response) => {
    note('hub', request);
    const { fault } = hub;
    if (fault.silent === true) return;
    if (fault.status) {
      response.writeHead(fault.status.code, fault.status.headers).end();
      return;
    }
    const path = request.url ?? '';
    if (path === '/api/models/old-tiny/revision/main?blobs=true') {
      response.writeHead(307, { location: '/api/models/acme/tiny/revision/main?blobs=true' }).end();
    } else if (path.startsWith('/api/models/acme/tiny/revision/')) {
      response
        .writeHead(200, { 'content-type': 'application/json' })
        .end(JSON.stringify(fault.listing ?? listing(files)));
    } else if (path.startsWith(`/acme/tiny/resolve/${hubCommit}/`)) {
      const name = decodeURIComponent(path.slice(path.lastIndexOf('/') + 1));
      const content = files.get(name);
      if (!content) response.writeHead(404, { 'x-error-code': 'EntryNotFound' }).end();
      else if (isLarge(name)) {
        const location = fault.location ?? `http://127.0.0.1:${portOf(storage)}/${name}`;
        response.writeHead(302, { location, 'x-linked-etag': `"${sha256(content)}"` }).end();
      } else sendFile(request, response, name);
    } else response.writeHead(404, { 'x-error-code': 'RepoNotFound' }).end();
  });

  function sendFile({ headers }: IncomingMessage, response: ServerResponse, name: string): void {
    const { fault } = hub;
    let content = files.get(name)!;
    if (fault.damage === name) content = Buffer.from(content.map((byte, index) => (index === 0 ? byte ^ 1 : byte)));
    if (fault.lengthen === name) content = Buffer.concat([content, Buffer.from('more')]);
    const from = fault.ignoreRange === true ? undefined : /^bytes=(\d+)-$/u.exec(headers.range ?? '')?.[1];
    const body = content.subarray(Number(from ?? 0));
    response.writeHead(from === undefined ? 200 : 206, {
      'content-length': body.length,
      ...(from !== undefined && {
        'content-range': `bytes ${from}-${String(content.length - 1)}/${String(content.length)}`,
      }),
    });
    if (fault.cut === name) response.destroy();
    else if (fault.pause?.file === name && fault.pause.times > 0) {
      fault.pause.times -= 1;
      response.write(body.subarray(0, fault.pause.after));
      paused.push(response);
    } else response.end(body);
  }

  await Promise.all([listen(storage), listen(front)]);
  return {
    endpoint: `http://127.0.0.1:${portOf(front)}`,
    requests,
    get fault() {
      return hub.fault;
    },
    set fault(fault) {
      hub.fault = fault;
      requests.length = 0;
    },
    breakPaused() {
      for (const response of paused.splice(0)) response.destroy();
    },
    close: async () => {
      await Promise.all([front, storage].map((server) => stop(server)));
    },
  };
}

const isLarge = (name: string): boolean => /\.(?:safetensors|bin|pth)$/u.test(name);

const sha256 = (content: Buffer): string => createHash('sha256').update(content).digest('hex');

/** As git names a blob. */
function gitDigest(content: Buffer): string {
  return createHash('sha1')
    .update(`blob ${String(content.length)}\0`)
    .update(content)
    .digest('hex');
}

export function listing(files: ReadonlyMap<string, Buffer>): object {
  return {
    id: 'acme/tiny',
    sha: hubCommit,
    cardData: { license: 'apache-2.0' },
    siblings: [...files].map(([rfilename, content]) => ({
      rfilename,
      size: content.length,
      blobId: gitDigest(content),
      ...(isLarge(rfilename) && { lfs: { sha256: sha256(content), size: content.length, pointerSize: 130 } }),
    })),
  };
}

const portOf = (server: Server): string => String((server.address() as AddressInfo).port); // listens on a port

async function listen(server: Server): Promise<void> {
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
}

async function stop(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}
