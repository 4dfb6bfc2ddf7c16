// Who gets in: tokens, cookies, Host and Origin headers, paths, sizes. Requests are made by hand, as an attacker would.
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import type { IncomingHttpHeaders } from 'node:http';
import { request } from 'node:http';
import { join } from 'node:path';
import { connect } from 'node:net';
import { expect, it } from 'vitest';
import { createClient } from '../../src/shared/rpc/client.ts';
import type { Lab } from '../../src/main/lab/lab.ts';
import type { LabServer } from '../../src/main/hosts/server/server.ts';
import { startServer } from '../../src/main/hosts/server/server.ts';
import { onTestFinished } from 'vitest';
import { temporaryFolder, testLab } from './lab-fixture.ts';
import { newCookie, openSocket, temporarySessions } from './transports.ts';

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

interface Served extends LabServer {
  readonly lab: Lab;
  readonly folder: string;
  get(path: string, headers?: Record<string, string>, method?: string, body?: string | Buffer): Promise<Answer>;
  /** Of the printed address. */
  readonly token: string;
  /** The headers of our own page. */
  readonly own: Record<string, string>;
}

async function served(): Promise<Served> {
  const folder = await temporaryFolder();
  const pages = join(folder, 'pages');
  await mkdir(join(pages, 'assets'), { recursive: true });
  await writeFile(join(pages, 'index.html'), '<!doctype html><title>Lab</title>');
  await writeFile(join(pages, 'assets', 'index-abcdef12.js'), 'export {}');
  await writeFile(join(folder, 'secret.txt'), 'secret');
  await writeFile(join(folder, 'secret.json'), '{"secret":true}');
  const lab = await testLab({
    folder: join(folder, 'workspace'),
    uploadLimits: { maximumFileBytes: 1000, maximumFiles: 2 },
  });
  const server = await startServer({ lab, pages, sessions: await temporarySessions(), maximumMessageBytes: 100_000 });
  onTestFinished(() => server.close());
  const { port } = new URL(server.origin);
  return {
    ...server,
    lab,
    folder,
    own: { cookie: newCookie(server), origin: server.origin },
    token: new URL(server.address).searchParams.get('token') ?? '',
    get: (path, headers = {}, method = 'GET', body) =>
      new Promise((resolve, reject) => {
        const asked = request({ host: '127.0.0.1', port, path, method, headers, agent: false }, (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('end', () => {
            resolve({
              status: response.statusCode ?? 0,
              headers: response.headers,
              body: Buffer.concat(chunks).toString(),
            });
          });
        });
        asked.on('error', reject);
        asked.end(body);
      }),
  };
}

it('lets in with the printed address alone, by a cookie that no script reads and no other site sends', async () => {
  const { get, access, own, token, origin, address } = await served();
  expect(address).toBe(`${origin}/?token=${token}`);
  expect((await get('/')).status).toBe(401);
  expect((await get('/?token=wrong')).status).toBe(401);
  const { status, headers } = await get(`/?token=${token}`);
  expect([status, headers.location]).toEqual([303, '/']); // the token does not stay in the address
  const [cookie = ''] = headers['set-cookie'] ?? [];
  expect(cookie).toMatch(new RegExp(`^${access.cookie}=[\\w-]{43}; HttpOnly; SameSite=Strict; Path=/$`));
  const page = await get('/', { cookie: cookie.split(';')[0] ?? '' });
  expect([page.status, page.body]).toEqual([200, '<!doctype html><title>Lab</title>']);
  expect((await get('/', { cookie: `${access.cookie}=${token}` })).status).toBe(401); // the token is no session
  expect((await get('/', { cookie: `other=1; ${access.cookie}=wrong; ${own.cookie ?? ''}` })).status).toBe(200);
});

it('sends every answer with the headers that keep a page to itself', async () => {
  const { get, own } = await served();
  for (const path of ['/', '/nothing', '/socket']) {
    const { headers } = await get(path, own);
    expect(headers['content-security-policy']).toContain("default-src 'none'; script-src 'self'");
    expect(headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
    });
  }
  expect((await get('/assets/index-abcdef12.js', own)).headers['cache-control']).toContain('immutable');
  expect((await get('/', own)).headers['cache-control']).toBe('no-cache');
});

it('refuses other names for this machine, as a rebound DNS name would be', async () => {
  const { get, own, origin } = await served();
  const { port } = new URL(origin);
  for (const host of [
    'evil.example',
    `evil.example:${port}`,
    '127.0.0.1',
    '127.0.0.1.evil.example',
    `localhost.evil.example:${port}`,
  ]) {
    expect((await get('/', { ...own, host })).status, host).toBe(421);
  }
  expect((await get('/', { cookie: own.cookie ?? '', host: `localhost:${port}` })).status).toBe(200);
});

it('refuses requests of other pages', async () => {
  const { get, own, origin } = await served();
  const cookie = own.cookie ?? '';
  const { port } = new URL(origin);
  expect((await get('/', { cookie, origin: 'https://evil.example' })).status).toBe(403);
  expect((await get('/', { cookie, origin: `http://localhost:${Number(port) + 1}` })).status).toBe(403);
  expect((await get('/', { cookie, origin: 'null' })).status).toBe(403);
  expect((await get('/', { cookie, 'sec-fetch-site': 'cross-site' })).status).toBe(403);
  expect((await get('/', { cookie, 'sec-fetch-site': 'same-site' })).status).toBe(403);
  expect((await get('/upload/x/y', { cookie }, 'POST', 'a')).status).toBe(403); // a form without an origin
});

it('opens the socket for its own page only', async () => {
  const server = await served();
  const { origin, access, token } = server;
  const refusals: [Record<string, string>, number][] = [
    [{ cookie: '' }, 401],
    [{ cookie: `${access.cookie}=${token}` }, 401],
    [{ origin: 'https://evil.example' }, 403],
    [{ origin: 'null' }, 403],
    [{ host: 'evil.example' }, 421],
  ];
  for (const [headers, status] of refusals) {
    await expect(openSocket(server, headers), JSON.stringify(headers)).rejects.toThrow(`${status}`);
  }
  // No Origin at all, as from a program that has stolen nothing but the address.
  const answer = await new Promise<string>((resolve) => {
    const { port, host } = new URL(origin);
    const socket = connect(Number(port), '127.0.0.1', () => {
      socket.write(
        `GET /socket HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nCookie: ${server.own.cookie ?? ''}\r\n\r\n`,
      );
    });
    socket.on('data', (data) => {
      resolve(String(data));
    });
  });
  expect(answer).toMatch(/^HTTP\/1\.1 403/);
  const client = createClient({ open: () => openSocket(server) });
  expect((await client.lab.workspace.info({})).folder).toBe(server.lab.workspace.folder);
  client.close();
});

it('ends a connection whose messages are too large, and keeps serving', async () => {
  const server = await served();
  const transport = await openSocket(server);
  const closed = new Promise<void>((resolve) => {
    transport.onClose(() => {
      resolve();
    });
  });
  transport.send({ type: 'hello', version: 1, filler: 'x'.repeat(200_000) });
  await closed;
  expect((await server.get('/', server.own)).status).toBe(200);
});

it('reads pages of its folder only', async () => {
  const { get, own } = await served();
  for (const path of [
    '/../secret.json',
    '/..%2fsecret.json',
    '/%2e%2e/secret.json',
    '/assets/../../secret.json',
    '/..%5csecret.json',
    '/assets/%2e%2e%2f%2e%2e%2fsecret.json',
    '/secret.txt%00.json',
    '/%',
    '//secret.json',
  ]) {
    const { status, body } = await get(path, own);
    expect([400, 404], path).toContain(status);
    expect(body, path).not.toContain('"secret"');
  }
  expect((await get('/', own, 'DELETE')).status).toBe(405);
});

it('takes files into a folder of the workspace, within limits, under plain paths only', async () => {
  const { get, own, lab } = await served();
  const { upload, folder } = await lab.uploads.begin();
  const put = (path: string, body: string | Buffer): Promise<Answer> =>
    get(`/upload/${upload}/${path}`, own, 'POST', body);
  const stored = await put('photos/a%20b.txt', 'hello');
  expect([stored.status, JSON.parse(stored.body)]).toEqual([
    201,
    { path: join(folder, 'photos', 'a b.txt'), bytes: 5 },
  ]);
  expect(await readFile(join(folder, 'photos', 'a b.txt'), 'utf8')).toBe('hello');
  for (const path of ['..%2fx', '%2e%2e/x', '%2fetc%2fx', 'a%5c..%5cx', 'a//b', 'c:x', '', 'a%00b']) {
    expect([400, 404], path).toContain((await put(path, 'x')).status);
  }
  expect(await readdir(folder, { recursive: true })).toEqual(['photos', join('photos', 'a b.txt')]);
  expect((await put('photos/a%20b.txt', 'again')).status).toBe(400);
  expect(await readFile(join(folder, 'photos', 'a b.txt'), 'utf8')).toBe('hello'); // the first one stays
  expect((await get('/upload/none/x', own, 'POST', 'x')).status).toBe(404);
  expect((await get(`/upload/${upload}/x`, {}, 'POST', 'x')).status).toBe(403);
  const other = await lab.uploads.begin();
  const big = await get(`/upload/${other.upload}/big`, own, 'POST', Buffer.alloc(1001)).catch(() => ({ status: 413 })); // refused before all of it is sent
  expect(big.status).toBe(413);
  const chunked = await get(
    `/upload/${other.upload}/big`,
    { ...own, 'transfer-encoding': 'chunked' },
    'POST',
    Buffer.alloc(5000),
  ).catch(() => ({ status: 413 }));
  expect(chunked.status).toBe(413);
  expect(await readdir(other.folder)).toEqual([]);
  await lab.uploads.finish(upload);
  await expect(readdir(folder)).rejects.toThrow('ENOENT');
});

it('names the socket’s address in the policy, and no address that a policy cannot name', async () => {
  const { get, own, origin } = await served();
  const { host, port } = new URL(origin);
  const policyAt = async (name: string): Promise<string> =>
    String((await get('/', { cookie: own.cookie ?? '', host: name })).headers['content-security-policy']);
  expect(await policyAt(host)).toContain(`connect-src 'self' ws://${host};`);
  expect(await policyAt(`[::1]:${port}`)).toContain("connect-src 'self';");
  expect(await policyAt('evil.example')).toContain("connect-src 'self';");
});
