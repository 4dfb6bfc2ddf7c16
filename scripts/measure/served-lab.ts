/** `pretext serve` as a process of its own, as a person starts it, and a client of its contract beside the pages. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { WebSocket } from 'ws';
import { webSocketTransport } from '../../src/main/rpc/transports/web-socket.ts';
import type { Client } from '../../src/shared/rpc/client.ts';
import { createClient } from '../../src/shared/rpc/client.ts';

export interface ServedProcess {
  /** With the token. */
  readonly address: string;
  readonly origin: string;
  /** When it was started, on the clock that pages have as well. */
  readonly startedAt: number;
  /** Until it said its address. */
  readonly startMilliseconds: number;
  residentMegabytes(): Promise<number>;
  stop(): Promise<void>;
}

const now = (): number => performance.timeOrigin + performance.now();

export async function serveProcess(workspace: string): Promise<ServedProcess> {
  const command = fileURLToPath(new URL('../../src/main/cli.ts', import.meta.url));
  const startedAt = now();
  const lab = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', command, '--workspace', workspace, '--json', 'serve', '--port', '0'],
    { stdio: ['ignore', 'pipe', 'ignore'] },
  );
  let printed = '';
  for await (const chunk of lab.stdout) {
    printed += String(chunk);
    if (printed.includes('}')) break;
  }
  const startMilliseconds = now() - startedAt;
  const { address } = JSON.parse(printed) as { address: string }; // we print it ourselves
  return {
    address,
    origin: new URL(address).origin,
    startedAt,
    startMilliseconds,
    async residentMegabytes() {
      const status = await readFile(`/proc/${lab.pid ?? 0}/status`, 'utf8');
      return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
    },
    async stop() {
      if (lab.exitCode !== null || lab.signalCode !== null) return;
      const ended = once(lab, 'exit');
      lab.kill('SIGTERM');
      await ended;
    },
  };
}

export interface Cookie {
  readonly name: string;
  readonly value: string;
}

/** Exchanges the address, which is good for one use, for the cookie that a browser gets for it. */
export async function letIn({ address }: ServedProcess): Promise<Cookie> {
  const { headers } = await fetch(address, { redirect: 'manual' });
  const [name = '', value = ''] = (headers.getSetCookie()[0] ?? '').split(/[=;]/);
  return { name, value };
}

/** The contract over a WebSocket. */
export function connectTo({ origin }: ServedProcess, { name, value }: Cookie): Client {
  return createClient({
    open: async () => {
      const headers = { cookie: `${name}=${value}`, origin };
      const socket = new WebSocket(`${origin.replace('http', 'ws')}/socket`, { headers });
      await once(socket, 'open');
      return webSocketTransport(socket);
    },
  });
}
