// How long browsers and commands stay let in: links for one use, sessions that are listed and revoked, and certificates where other
// machines can reach the lab.
import { readFile, readdir, stat, utimes, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { WebSocket } from 'ws';
import { connectLab } from '../../src/main/hosts/cli/connect-lab.ts';
import { runCommandLine } from '../../src/main/hosts/cli/index.ts';
import { readCertificate } from '../../src/main/hosts/server/certificate.ts';
import type { ServedLab, ServeOptions } from '../../src/main/hosts/server/serve.ts';
import { serveLab } from '../../src/main/hosts/server/serve.ts';
import { linkTo, startServer } from '../../src/main/hosts/server/server.ts';
import { sessionsIn } from '../../src/main/hosts/server/sessions.ts';
import { createClient } from '../../src/shared/rpc/client.ts';
import { temporaryFolder, testLab } from './lab-fixture.ts';
import { openSocket, temporarySessions } from './transports.ts';
import { eventually } from '../eventually.ts';

const day = 24 * 3600 * 1000;

async function servedLab(options: ServeOptions = {}): Promise<ServedLab & { readonly folder: string }> {
  const folder = await temporaryFolder();
  vi.stubEnv('PRETEXT_SETTINGS', join(folder, 'settings'));
  await writeFile(join(folder, 'index.html'), '<title>Lab</title>');
  const served = await serveLab({ workspace: join(folder, 'workspace'), port: 0, pages: folder, ...options });
  onTestFinished(() => served.close());
  return { ...served, folder };
}

const follow = (address: string, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(address, { redirect: 'manual', headers });

async function printedBy(...args: string[]): Promise<{ code: number; text: string }> {
  let text = '';
  const write = vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
    text += String(chunk);
    return true;
  });
  const code = await runCommandLine(args);
  write.mockRestore();
  process.exitCode = 0; // that of the command, not of the tests
  return { code, text };
}

describe('a link', () => {
  it('lets one browser in, once, and goes on with that one', async () => {
    const { server } = await servedLab();
    const first = await follow(server.address);
    expect(first.status).toBe(303);
    const again = await follow(server.address);
    expect([again.status, again.headers.getSetCookie()]).toEqual([401, []]);
    expect(await again.text()).toContain('pretext serve sessions link');
    const [cookie = ''] = (first.headers.getSetCookie()[0] ?? '').split(';');
    const reloaded = await follow(server.address, { cookie });
    expect([reloaded.status, reloaded.headers.getSetCookie()]).toEqual([303, []]);
  });

  it('that another page was the way to leads on by a page of our own, with which cookies are sent', async () => {
    const { server } = await servedLab();
    const answer = await follow(server.address, { 'sec-fetch-site': 'cross-site' });
    expect([answer.status, answer.headers.getSetCookie()]).toEqual([200, [expect.stringContaining('HttpOnly')]]);
    expect(await answer.text()).toContain('http-equiv="refresh" content="0;url=/"');
  });

  it('is taken by one of many, is old after a day, and is nowhere to be read', async () => {
    const sessions = await temporarySessions();
    const token = sessions.createLink();
    const taken = Array.from({ length: 5 }, () => sessions.redeem(token, 'a browser'));
    expect(taken.filter((one) => one !== undefined)).toHaveLength(1);
    const old = sessions.createLink();
    const [file = ''] = (await readdir(sessions.folder)).filter((name) => name.endsWith('.link'));
    await utimes(join(sessions.folder, file), new Date(0), new Date(Date.now() - day - 1000));
    expect(sessions.redeem(old, 'a browser')).toBeUndefined();
    sessions.createLink();
    for (const name of await readdir(sessions.folder)) {
      const path = join(sessions.folder, name);
      expect((await stat(path)).mode & 0o077).toBe(0); // of nobody else
      const text = name + (await readFile(path, 'utf8'));
      expect(text).not.toContain(token);
      expect(text).not.toContain(taken.find((one) => one !== undefined) ?? 'none');
    }
  });
});

describe('a session', () => {
  it('outlives the server, of its own workspace and port alone', async () => {
    const { server, folder, close } = await servedLab();
    const [cookie = ''] = ((await follow(server.address)).headers.getSetCookie()[0] ?? '').split(';');
    const port = Number(new URL(server.origin).port);
    expect(cookie).toContain(`_${port}=`);
    await close();
    const again = await serveLab({ workspace: join(folder, 'workspace'), port, pages: folder });
    onTestFinished(() => again.close());
    expect((await follow(again.server.origin, { cookie })).status).toBe(200);
    const other = await serveLab({ workspace: join(folder, 'other'), port: 0, pages: folder });
    onTestFinished(() => other.close());
    const secret = cookie.split('=')[1] ?? '';
    const theirs = `${other.server.access.cookie}=${secret}`;
    expect((await follow(other.server.origin, { cookie: theirs })).status).toBe(401);
  });

  it('ends a month after it was last used, that of a command after an hour', async () => {
    let now = Date.now();
    const sessions = sessionsIn(await temporaryFolder(), () => now);
    const browser = sessions.begin('browser', 'a browser').secret;
    const command = sessions.begin('command', 'a command').secret;
    now += 20 * day;
    expect([sessions.find(browser)?.client, sessions.find(command)]).toEqual(['a browser', undefined]);
    now += 20 * day; // after the last use, not after the first
    expect(sessions.find(browser)).toBeDefined();
    now += 31 * day;
    expect(sessions.find(browser)).toBeUndefined();
    expect(await readdir(sessions.folder)).toEqual([]);
  });

  it('is listed and revoked by commands, which closes its pages', async () => {
    const { server, folder } = await servedLab();
    const workspace = join(folder, 'workspace');
    const socket = await openSocket(server);
    const closed = new Promise<string>((resolve) => {
      socket.onClose(({ message }) => {
        resolve(message);
      });
    });
    const listed = await printedBy('-w', workspace, '--json', 'serve', 'sessions', 'list');
    const [only, ...rest] = JSON.parse(listed.text) as { id: string; client: string }[];
    expect([only?.client, rest]).toEqual(['a test', []]);
    expect((await printedBy('-w', workspace, 'serve', 'sessions', 'revoke', 'ffffffff')).code).toBe(1);
    expect((await printedBy('-w', workspace, 'serve', 'sessions', 'revoke', only?.id ?? '')).code).toBe(0);
    expect(await closed).toContain('revoked');
    const link = await printedBy('-w', workspace, '--json', 'serve', 'sessions', 'link');
    const { address } = JSON.parse(link.text) as { address: string };
    expect((await follow(address)).status).toBe(303);
  });

  it('of a command ends with it', async () => {
    const { lab, server } = await servedLab();
    const connected = await connectLab(lab.workspace, { trains: false });
    expect(connected.origin).toBe(server.origin);
    expect(server.access.sessions.list()).toHaveLength(1);
    await connected.close();
    expect(server.access.sessions.list()).toEqual([]);
  });
});

describe('an address that other machines can reach', () => {
  it.each(['0.0.0.0', '::', '192.0.2.1', 'lab.example'])('%s is refused without a certificate', async (host) => {
    const options = { lab: await testLab(), pages: 'none', sessions: await temporarySessions(), host };
    await expect(startServer(options)).rejects.toMatchObject({
      code: 'bad-input',
      message: expect.stringContaining('--cert'),
    });
  });

  it('is served with one: pages, sockets and commands, and a cookie that is never sent in the clear', async () => {
    // Made for this test: openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 36500 -subj /CN=a-test
    const [cert, key] = ['cert.pem', 'key.pem'].map((name) => join(import.meta.dirname, 'certificate', name)) as [
      string,
      string,
    ];
    await expect(readCertificate(cert, cert)).rejects.toMatchObject({ code: 'bad-input' });
    await expect(readCertificate(cert, `${key}.none`)).rejects.toMatchObject({ code: 'not-found' });

    const { lab, server } = await servedLab({ host: '0.0.0.0', certificate: { cert, key } });
    const { port } = new URL(server.origin);
    expect(linkTo(server.origin, server.access.sessions)).toMatch(/^https:\/\/localhost:\d+\/\?token=/);
    const ca = await readFile(cert);
    const trust = { ca, checkServerIdentity: () => undefined };
    const answer = await new Promise<{ cookie: string; policy: string }>((resolve, reject) => {
      request(server.address, { ...trust, headers: { host: `localhost:${port}` } }, ({ headers }) => {
        resolve({
          cookie: headers['set-cookie']?.[0] ?? '',
          policy: String(headers['content-security-policy']),
        });
      })
        .on('error', reject)
        .end();
    });
    expect(answer.cookie).toMatch(/; Secure$/);
    expect(answer.policy).toContain(`wss://localhost:${port}`);
    const headers = { cookie: answer.cookie.split(';')[0] ?? '', origin: server.origin };
    const socket = new WebSocket(`wss://localhost:${port}/socket`, { ...trust, headers });
    await new Promise((resolve, reject) => {
      socket.on('open', resolve).on('error', reject);
    });
    socket.close();
    const plain = new WebSocket(`wss://localhost:${port}/socket`, {
      ...trust,
      headers: { ...headers, origin: `http://localhost:${port}` },
    });
    await expect(
      new Promise((resolve, reject) => {
        plain.on('open', resolve).on('error', reject);
      }),
    ).rejects.toThrow('403');
    const connected = await connectLab(lab.workspace, { trains: false });
    expect((await connected.lab.workspace.info({})).folder).toBe(lab.workspace.folder);
    await connected.close();
  });
});

describe('one client', () => {
  it('has so many requests and subscriptions at a time, and hears when there are too many', async () => {
    const { server } = await servedLab();
    const client = createClient({ open: () => openSocket(server) });
    onTestFinished(() => {
      client.close();
    });
    const refused = new Promise<Error>((resolve) => {
      for (let number = 0; number < 201; number++) {
        client.lab.runs.watch({}, { onEvent: () => undefined, onError: resolve });
      }
    });
    expect(await refused).toMatchObject({ code: 'too-many', message: expect.stringContaining('200 subscriptions') });
    expect((await client.lab.runs.queue({})).order).toEqual([]); // requests have a number of their own
  });

  it('that reads nothing is let go, and nobody else', async () => {
    const lab = await testLab();
    const sessions = await temporarySessions();
    const server = await startServer({ lab, sessions, pages: 'none', clientLimits: { unreadBytes: 100_000 } });
    onTestFinished(() => server.close());
    const cookie = `${server.access.cookie}=${sessions.begin('browser', 'slow').secret}`;
    const slow = new WebSocket(`${server.origin.replace('http', 'ws')}/socket`, {
      headers: { cookie, origin: server.origin },
    });
    const closed = new Promise<string>((resolve) => {
      slow.on('close', (_code, reason) => {
        resolve(String(reason));
      });
    });
    await new Promise((resolve) => slow.on('open', resolve));
    slow.send(JSON.stringify({ type: 'hello', version: 1 }));
    slow.pause(); // the system's own buffers fill first
    for (let id = 0; id < 3000; id++) {
      slow.send(JSON.stringify({ type: 'request', id, method: 'registry.tasks', input: {} }));
    }
    const other = createClient({ open: () => openSocket(server) });
    expect((await other.lab.runs.queue({})).order).toEqual([]);
    await eventually(() => {
      expect(slow.bufferedAmount).toBe(0); // all has been asked
    });
    slow.resume();
    expect(await closed).toMatch(/does not read|^$/); // cut off where it has not come to its end in time
    other.close();
  });

  it('that asks faster than it is read is answered in full', async () => {
    const lab = await testLab();
    const sessions = await temporarySessions();
    const clientLimits = { messagesPerSecond: 400, burst: 20 }; // how long it waits: tests/unit/hosts/client-rate.test.ts
    const server = await startServer({ lab, sessions, pages: 'none', clientLimits });
    onTestFinished(() => server.close());
    const client = createClient({ open: () => openSocket(server) });
    const answers = await Promise.all(Array.from({ length: 100 }, () => client.lab.runs.queue({})));
    expect(answers).toHaveLength(100);
    client.close();
  });
});
