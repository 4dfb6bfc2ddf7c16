/** Notes while a run is trained what it takes of the computer. Nothing depends on it: where it cannot be noted, it is left out. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { ResourceSample } from '../workspace/resource-trace.ts';
import { appendResources } from '../workspace/resource-trace.ts';
import type { RunFolder } from '../workspace/run-folder.ts';

const shortestPause = 1000;
/** Of a run that takes long there are about so many samples for each doubling of its time. */
const samplesKept = 300;

export interface ResourceTrace extends AsyncDisposable {
  /** The step that the next sample is noted with. */
  at(step: number): void;
}

/** What this process has used; a reading in tests. */
export interface ProcessUsage {
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
  /** Microseconds of all cores. */
  readonly cpu: () => number;
  /** Bytes. */
  readonly memory: () => number;
  readonly gpu: () => Promise<ResourceSample['gpu']>;
}

/** @param device of the engine: graphics cards are asked for those that compute on one */
export function usageOf(device: string): ProcessUsage {
  let isToldOf = device !== 'cpu';
  return {
    now: () => performance.now(),
    cpu: () => {
      const { user, system } = process.cpuUsage();
      return user + system;
    },
    memory: () => process.memoryUsage.rss(),
    async gpu() {
      const found = isToldOf ? await askGraphicsCard() : undefined;
      isToldOf = found !== undefined;
      return found;
    },
  };
}

/** NVIDIA's own tool tells of its cards; others tell nobody without privileges. */
async function askGraphicsCard(): Promise<ResourceSample['gpu']> {
  const query = ['--query-gpu=utilization.gpu,memory.used', '--format=csv,noheader,nounits'];
  const answer = await promisify(execFile)('nvidia-smi', query, { timeout: 5000 }).catch(() => undefined);
  return answer && parseGraphicsCard(answer.stdout);
}

/** The first card: percent and MiB. */
export function parseGraphicsCard(text: string): ResourceSample['gpu'] {
  const [percent, mebibytes] = (text.split('\n')[0] ?? '').split(',').map(Number);
  if (percent === undefined || mebibytes === undefined || !Number.isFinite(percent + mebibytes)) return undefined;
  return { share: percent / 100, memory: mebibytes * 1024 ** 2 };
}

/** Samples every second, in long runs more seldom, and once at the end. */
export function traceResources(run: RunFolder, usage: ProcessUsage): ResourceTrace {
  const begun = usage.now();
  let before = { at: begun, cpu: usage.cpu() };
  let step = 0;
  let timer: NodeJS.Timeout | undefined;
  let writing = Promise.resolve();
  let isOver = false;

  const sample = async (): Promise<void> => {
    const now = { at: usage.now(), cpu: usage.cpu() };
    const elapsed = (now.at - before.at) * 1000;
    const cores = elapsed > 0 ? Math.max(0, (now.cpu - before.cpu) / elapsed) : 0;
    before = now;
    const noted = { time: Date.now(), step, cores, memory: usage.memory() };
    const gpu = await usage.gpu();
    await appendResources(run, { ...noted, ...(gpu && { gpu }) });
  };
  const write = (): void => {
    writing = writing.then(sample).catch(() => {
      isOver = true; // a full disk, say: what is trained matters more
    });
  };
  const wait = (): void => {
    if (isOver) return;
    const pause = Math.max(shortestPause, (usage.now() - begun) / samplesKept);
    timer = setTimeout(() => {
      write();
      wait();
    }, pause);
    timer.unref();
  };
  wait();
  return {
    at(reached) {
      step = reached;
    },
    async [Symbol.asyncDispose]() {
      clearTimeout(timer);
      if (!isOver) write();
      isOver = true;
      await writing;
    },
  };
}
