// Utility processes as Electron gives them: how they end, and what they say about it.
import { EventEmitter } from 'node:events';
import { Readable } from 'node:stream';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { exitOf, utilityProcesses } from '../../../src/main/hosts/electron/processes.ts';
import type { ProcessExit } from '../../../src/main/lab/process-host.ts';
import { explainExit } from '../../../src/main/lab/queue/explain-exit.ts';

const electron = vi.hoisted((): { child: unknown } => ({ child: undefined }));

vi.mock('electron', () => ({ utilityProcess: { fork: () => electron.child } }));

class Child extends EventEmitter {
  readonly pid = undefined;
  readonly stderr = new Readable({ read: () => undefined });
  readonly messages: unknown[] = [];
  postMessage(message: unknown): void {
    this.messages.push(message);
  }
  kill(): boolean {
    this.emit('exit', 0); // as Electron tells of a process that it ended itself
    return true;
  }
}

let child: Child;

beforeEach(() => {
  child = new Child();
  electron.child = child;
});

describe('a trainer in Electron', () => {
  it.each([
    [0, { code: 0, signal: null }],
    [1, { code: 1, signal: null }],
    [256, { code: 1, signal: null }],
    [130, { code: 130, signal: null }],
    [130 * 256, { code: 130, signal: null }],
    [9, { code: null, signal: 'SIGKILL' }],
    [137, { code: null, signal: 'SIGKILL' }],
    [139, { code: null, signal: 'SIGSEGV' }],
    [6, { code: null, signal: 'SIGABRT' }],
  ])('that ends with the status %i', (status, exit) => {
    expect(exitOf(status, 'linux')).toEqual(exit);
  });

  it('keeps the codes of Windows as they are', () => {
    expect(exitOf(0xc0000005, 'win32')).toEqual({ code: 0xc0000005, signal: null });
    expect(exitOf(9, 'win32')).toEqual({ code: 9, signal: null });
  });

  it('whose heap is full does not take the lab along, and is explained', () => {
    const trainer = utilityProcesses('/lab').startTrainer('/workspace', 'run');
    let exit: ProcessExit | undefined;
    trainer.onExit((ended) => {
      exit = ended;
    });
    child.emit('error', 'FatalError', 'v8::internal::V8::FatalProcessOutOfMemory', '{}');
    child.emit('exit', 5);
    expect(exit && explainExit(exit)).toMatchObject({
      code: 'out-of-memory',
      message: expect.stringContaining('ran out of memory'),
    });
  });

  it('is asked to stop, and ended where that takes too long', () => {
    const trainer = utilityProcesses('/lab').startTrainer('/workspace', 'run');
    const exits: ProcessExit[] = [];
    trainer.onExit((ended) => exits.push(ended));
    trainer.stop();
    expect(child.messages).toEqual([{ type: 'stop' }]);
    trainer.kill();
    expect(exits.map(explainExit)).toEqual([null]);
  });
});
