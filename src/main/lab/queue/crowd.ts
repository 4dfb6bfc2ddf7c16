/** The runs that are trained at a time: whether there is room for one more, by what is known of each and of those before it. */
import type { Concurrency } from '../../../shared/contract/runs.ts';
import { networkKey } from '../estimate.ts';
import type { RunStore } from '../store/run-store.ts';
import type { Job, Machine } from './jobs.ts';
import { bytesOfParameters, createMemoryNotes, isOnDevice, isShortOfMemory, shareForNext } from './jobs.ts';

export interface Member {
  /** Its share of the cores; undefined for all of them. */
  readonly threads: number | undefined;
  /** Of its process, as it told last. */
  readonly residentBytes: number;
}

export interface Crowd {
  /** A trainer told how much memory it has: the next run of the same network will need as much. */
  noteMemory(id: string, bytes: number): void;
  /** A run is finished. */
  noteEnd(id: string): void;
  /** The share of the cores for a run, the first of so many that wait; undefined while there is no room. */
  shareFor(id: string, members: ReadonlyMap<string, Member>, waiting: number): number | 'all' | undefined;
  /** Whether one of so many has to make room for the others. */
  isTooLarge(members: number): boolean;
}

/** `concurrency` is asked every time: it may be changed while runs are trained. */
export function createCrowd(store: RunStore, concurrency: () => Concurrency, machine: Machine): Crowd {
  const memory = createMemoryNotes();
  const jobOf = (id: string, { threads, residentBytes }: Member): Job => {
    const { spec, progress } = store.get(id);
    return {
      threads: spec.engine.threads ?? threads,
      onDevice: isOnDevice(spec),
      expectedBytes: memory.expected(
        networkKey(spec),
        progress.expectedMemory ?? bytesOfParameters(progress.parameters?.total ?? 0),
      ),
      residentBytes,
    };
  };
  return {
    noteMemory(id, bytes) {
      memory.note(networkKey(store.get(id).spec), bytes);
    },
    noteEnd(id) {
      memory.noteEnd(networkKey(store.get(id).spec));
    },
    shareFor(id, members, waiting) {
      const jobs = [...members].flatMap(([other, member]) => (store.find(other) ? [jobOf(other, member)] : []));
      const next = jobOf(id, { threads: undefined, residentBytes: 0 });
      return shareForNext(concurrency(), machine, jobs, next, waiting);
    },
    isTooLarge: (members) => concurrency() === 'auto' && members > 1 && isShortOfMemory(machine),
  };
}
