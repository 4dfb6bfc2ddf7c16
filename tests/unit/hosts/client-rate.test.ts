// How fast a client is read from, and how long one counts that is gone, by a clock that the test turns.
import { EventEmitter } from 'node:events';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { WebSocket } from 'ws';
import { webSocketTransport } from '../../../src/main/rpc/transports/web-socket.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance', 'setTimeout', 'setInterval', 'clearInterval'] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** A socket whose messages wait on the client's side while it is paused. */
class StandInSocket extends EventEmitter {
  isPaused = false;
  isGone = false;
  isThere = true;
  private waiting = 0;
  /** What is read of so many messages more. */
  sends(count: number): void {
    this.waiting += count;
    this.hand();
  }
  pause(): void {
    this.isPaused = true;
  }
  resume(): void {
    this.isPaused = false;
    this.hand();
  }
  ping(): void {
    if (this.isThere) this.emit('pong');
  }
  terminate(): void {
    this.isGone = true;
  }
  private hand(): void {
    for (; this.waiting > 0 && !this.isPaused; this.waiting -= 1) this.emit('message', Buffer.from('{}'), false);
  }
}

function client(messagesPerSecond: number, burst: number) {
  const socket = new StandInSocket();
  const transport = webSocketTransport(socket as unknown as WebSocket, { messagesPerSecond, burst }); // what it uses of one
  let read = 0;
  transport.onMessage(() => {
    read += 1;
  });
  return { socket, read: () => read };
}

describe('what a client sends', () => {
  it('is read at once as far as it is no more than a burst', () => {
    const { socket, read } = client(100, 20);
    socket.sends(20);
    expect([read(), socket.isPaused]).toEqual([20, false]);
  });

  it('beyond a burst waits for its second, and is all read in the end', () => {
    const { socket, read } = client(100, 20);
    socket.sends(320);
    expect([read(), socket.isPaused]).toEqual([21, true]);
    vi.advanceTimersByTime(1000);
    expect(read()).toBeGreaterThanOrEqual(115);
    expect(read()).toBeLessThanOrEqual(121);
    vi.advanceTimersByTime(2000);
    expect(read()).toBe(320);
    expect(socket.isPaused).toBe(false);
  });

  it('after a rest may be a burst again, and no more than one', () => {
    const { socket, read } = client(100, 20);
    socket.sends(20);
    vi.advanceTimersByTime(60_000);
    socket.sends(100);
    expect(read()).toBe(41);
  });

  it('that had come already when it was not read any more is waited for as well', () => {
    const { socket, read } = client(100, 20);
    socket.sends(20);
    for (let number = 0; number < 50; number++) socket.emit('message', Buffer.from('{}'), false);
    expect([read(), socket.isPaused]).toEqual([70, true]);
    vi.advanceTimersByTime(400);
    expect(socket.isPaused).toBe(true);
    vi.advanceTimersByTime(110);
    expect(socket.isPaused).toBe(false);
  });
});

it('A client that answers no ping for half a minute is let go', () => {
  const { socket } = client(100, 20);
  vi.advanceTimersByTime(300_000);
  expect(socket.isGone).toBe(false);
  socket.isThere = false;
  vi.advanceTimersByTime(60_000);
  expect(socket.isGone).toBe(true);
});
