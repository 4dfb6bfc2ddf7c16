// How many runs of a study are trained at a time: by what their networks are computed to take before any has run, and by what they took.
import { describe, expect, it } from 'vitest';
import type { SideBySideOptions } from '../../../src/main/hosts/node/side-by-side.ts';
import { trainSideBySide } from '../../../src/main/hosts/node/side-by-side.ts';
import type { Machine } from '../../../src/main/lab/queue/jobs.ts';
import { createMemoryNotes } from '../../../src/main/lab/queue/jobs.ts';
import type { OpenCell } from '../../../src/main/runs/study.ts';
import { runFolder } from '../../../src/main/workspace/run-folder.ts';
import type { Workspace } from '../../../src/main/workspace/workspace.ts';
import { eventually } from '../../eventually.ts';
import { tinyExperiment } from '../../tiny-workspace.ts';

const gibibyte = 1024 ** 3;
const workspace = { folder: 'nowhere' } as Workspace; // no trainer is really started

describe('what runs take', () => {
  it('is what was computed until one has ended, and what was measured from then on', () => {
    const notes = createMemoryNotes();
    const before = notes.expected('network', 3 * gibibyte);
    expect(before).toBeGreaterThan(3 * gibibyte);
    notes.note('network', 0.2 * gibibyte); // it has only begun
    expect(notes.expected('network', 3 * gibibyte)).toBe(before);
    notes.note('network', 5 * gibibyte);
    expect(notes.expected('network', 3 * gibibyte)).toBe(5 * gibibyte);
    notes.noteEnd('network');
    expect(notes.expected('network', 9 * gibibyte)).toBe(5 * gibibyte);
    notes.noteEnd('another'); // of which nothing was told
    expect(notes.expected('another', gibibyte)).toBeGreaterThan(gibibyte);
  });
});

/** A study whose trainers do what the test tells. */
function study(
  cells: number,
  computedBytes: number,
  machine: Partial<Machine>,
  jobs: SideBySideOptions['jobs'] = 'auto',
) {
  let asked = 0;
  const trainers = new Map<string, { tell(message: unknown): void; end(code: number): void; isStopped: boolean }>();
  const startTrainer: SideBySideOptions['startTrainer'] = (_folder, id) => {
    const messages: ((message: unknown) => void)[] = [];
    const exits: ((exit: { code: number; signal: null; output: string }) => void)[] = [];
    const trainer = {
      isStopped: false,
      tell: (message: unknown) => {
        for (const listen of messages) listen(message);
      },
      end: (code: number) => {
        trainers.delete(id);
        for (const listen of exits) listen({ code, signal: null, output: '' });
      },
    };
    trainers.set(id, trainer);
    return {
      pid: 1,
      onMessage: (listen) => messages.push(listen),
      onExit: (listen) => exits.push(listen),
      stop: () => {
        trainer.isStopped = true;
      },
      kill: () => undefined,
    };
  };
  const open = Array.from({ length: cells }, (_, number): OpenCell => ({
    experiment: tinyExperiment(),
    open: async () => Promise.resolve(runFolder(`run-${number}`)),
    isReady: async () => Promise.resolve(true),
    expectedBytes: async () => {
      asked += 1;
      return Promise.resolve(computedBytes);
    },
  }));
  const done = trainSideBySide(workspace, open, {
    jobs,
    signal: new AbortController().signal,
    startTrainer,
    machine: { cores: 8, reserveBytes: 0, freeBytes: () => 16 * gibibyte, ...machine },
  });
  return { done, trainers, asked: () => asked };
}

describe('a study with as many runs at a time as fit', () => {
  it('begins no more than the memory holds that their network is computed to take', async () => {
    const { done, trainers, asked } = study(5, 5 * gibibyte, {});
    await eventually(() => {
      expect([...trainers.keys()]).toEqual(['run-0', 'run-1']);
    });
    // One has taken much less to its end: there is room for the others.
    trainers.get('run-0')?.tell({ type: 'memory', bytes: gibibyte });
    expect(trainers.size).toBe(2);
    trainers.get('run-0')?.end(0);
    await eventually(() => {
      expect([...trainers.keys()]).toEqual(['run-1', 'run-2', 'run-3', 'run-4']);
    });
    expect(asked()).toBe(1); // of one network
    for (const trainer of trainers.values()) trainer.end(0);
    expect(await done).toBe(true);
  });

  it('puts the youngest off when memory gets short, and takes it up again', async () => {
    let free = 16 * gibibyte;
    const { done, trainers } = study(2, 0, { reserveBytes: gibibyte, freeBytes: () => free });
    await eventually(() => {
      expect(trainers.size).toBe(2);
    });
    free = 0.2 * gibibyte;
    trainers.get('run-0')?.tell({ type: 'memory', bytes: 3 * gibibyte });
    expect([...trainers.values()].map(({ isStopped }) => isStopped)).toEqual([false, true]);
    trainers.get('run-1')?.end(130); // at a checkpoint
    free = 16 * gibibyte;
    await eventually(() => {
      expect([...trainers.keys()]).toEqual(['run-0', 'run-1']);
    });
    for (const trainer of trainers.values()) trainer.end(0);
    expect(await done).toBe(true);
  });

  it('computes nothing where a person has said how many', async () => {
    const { done, trainers, asked } = study(3, 5 * gibibyte, {}, 3);
    await eventually(() => {
      expect(trainers.size).toBe(3);
    });
    expect(asked()).toBe(0);
    for (const trainer of trainers.values()) trainer.end(0);
    expect(await done).toBe(true);
  });
});
