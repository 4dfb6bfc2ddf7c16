// What one client may take where nobody says otherwise: the limits that pages and commands are served with.
import { EventEmitter } from 'node:events';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { WebSocket } from 'ws';
import { z } from 'zod';
import { request, subscription } from '../../../src/shared/contract/define.ts';
import type { LabMessage } from '../../../src/shared/rpc/protocol.ts';
import { createDispatcher } from '../../../src/main/rpc/dispatcher.ts';
import { inProcessPair } from '../../../src/main/rpc/transports/in-process.ts';
import { webSocketTransport } from '../../../src/main/rpc/transports/web-socket.ts';
import { eventually } from '../../eventually.ts';

const contract = {
  slow: {
    wait: request('Is answered when it is let go', z.object({}), z.object({})),
    watch: subscription('Tells nothing', z.object({}), z.object({})),
  },
};

/** A client that speaks the protocol itself, and a request that ends when the test says so. */
function connected() {
  const waiting: (() => void)[] = [];
  const dispatcher = createDispatcher({
    contract,
    handlers: {
      slow: {
        wait: () =>
          new Promise<Record<string, never>>((resolve) => {
            waiting.push(() => {
              resolve({});
            });
          }),
        watch: () => () => undefined,
      },
    },
    version: 1,
    labVersion: 'test',
  });
  const [near, far] = inProcessPair();
  const told: LabMessage[] = [];
  near.onMessage((message) => told.push(message as LabMessage)); // from a dispatcher
  dispatcher.serve(far);
  near.send({ type: 'hello', version: 1 });
  const failures = () => told.flatMap((one) => (one.type === 'failed' ? [{ id: one.id, ...one.failure }] : []));
  return { near, waiting, told, failures };
}

describe('one client', () => {
  it('may have 200 requests under way, and one more as soon as one is answered', async () => {
    const { near, waiting, told, failures } = connected();
    const ask = (id: number): void => {
      near.send({ type: 'request', id, method: 'slow.wait', input: {} });
    };
    for (let id = 0; id < 200; id += 1) ask(id);
    await eventually(() => {
      expect(waiting).toHaveLength(200);
    });
    expect(failures()).toEqual([]);
    ask(200);
    await eventually(() => {
      expect(failures()).toMatchObject([{ id: 200, code: 'too-many', details: { kind: 'requests', most: 200 } }]);
    });
    waiting[0]?.();
    await eventually(() => {
      expect(told.filter(({ type }) => type === 'answer')).toHaveLength(1);
    });
    ask(201);
    await eventually(() => {
      expect(waiting).toHaveLength(201);
    });
    expect(failures()).toHaveLength(1);
  });

  it('may have 200 subscriptions beside them, and one more when one has ended', async () => {
    const { near, told, failures } = connected();
    const follow = (id: number): void => {
      near.send({ type: 'subscribe', id, method: 'slow.watch', input: {} });
    };
    const subscribed = () => told.filter(({ type }) => type === 'subscribed').length;
    for (let id = 0; id < 201; id += 1) follow(id);
    await eventually(() => {
      expect(failures()).toMatchObject([{ id: 200, code: 'too-many', details: { kind: 'subscriptions', most: 200 } }]);
    });
    expect(subscribed()).toBe(200);
    near.send({ type: 'cancel', id: 7 });
    follow(201);
    await eventually(() => {
      expect(subscribed()).toBe(201);
    });
    expect(failures()).toHaveLength(1);
  });
});

const mebibyte = 1024 * 1024;

/** A socket with so much that the other side has not read. */
class FullSocket extends EventEmitter {
  readonly OPEN = 1;
  readonly readyState = 1;
  bufferedAmount = 0;
  isPaused = false;
  readonly sent: string[] = [];
  readonly closedWith: (number | string)[] = [];
  send(text: string): void {
    this.sent.push(text);
  }
  close(code: number, reason: string): void {
    this.closedWith.push(code, reason);
  }
  pause(): void {
    this.isPaused = true;
  }
  resume(): void {
    this.isPaused = false;
  }
  ping(): void {
    this.emit('pong');
  }
  terminate(): void {
    this.emit('close');
  }
}

describe('a socket', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['performance', 'setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('may leave 32 MiB unread, and is let go with the next message beyond', () => {
    const socket = new FullSocket();
    const transport = webSocketTransport(socket as unknown as WebSocket); // what it uses of one
    socket.bufferedAmount = 32 * mebibyte;
    transport.send({ type: 'event' });
    expect([socket.sent.length, socket.closedWith]).toEqual([1, []]);
    socket.bufferedAmount += 1;
    transport.send({ type: 'event' });
    expect(socket.sent).toHaveLength(1);
    expect(socket.closedWith).toEqual([1008, expect.stringContaining('does not read')]);
    socket.emit('close');
  });

  it('is read 2,000 messages at once, and then a thousand a second', () => {
    const socket = new FullSocket();
    webSocketTransport(socket as unknown as WebSocket).onMessage(() => undefined); // as above
    const sends = (): number => {
      let count = 0;
      for (; !socket.isPaused; count += 1) socket.emit('message', Buffer.from('{}'), false);
      return count;
    };
    expect(sends()).toBe(2001); // the one that is too many is read, and none after it
    let read = 0;
    for (let time = 0; time < 1000; time += 1) {
      vi.advanceTimersByTime(1);
      if (!socket.isPaused) read += sends();
    }
    expect(read).toBeGreaterThan(950);
    expect(read).toBeLessThanOrEqual(1001);
    socket.emit('close');
  });
});
