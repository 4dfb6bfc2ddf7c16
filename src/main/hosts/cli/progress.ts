/**
 * Progress on stderr: a bar with rate and remaining time on a terminal, a line now and then in a log. The estimate is the
 * lab's own, which survives warm-up, pauses and bursts of evaluation.
 */
import type { SingleBar } from 'cli-progress';
import { MultiBar } from 'cli-progress';
import { RemainingTime, formatDuration } from '../../../shared/eta.ts';
import { formatBytes, formatCount } from '../../../shared/display.ts';

declare module 'cli-progress' {
  interface MultiBar {
    /** Keeps a line that the next drawing writes above the bars; missing in the published types, as is `update`. */
    log(text: string): void;
    update(): void;
  }
}

export interface Progress {
  /** Sets what is being done; another total begins a new count. */
  start(label: string, total: number, unit: string, done?: number): void;
  update(done: number, detail?: string): void;
  label(label: string): void;
  /** A line that stays. */
  note(line: string): void;
  stop(): void;
}

/** Milliseconds between two lines where there is no terminal. */
const logInterval = 10_000;

export function createProgress(): Progress {
  return process.stderr.isTTY ? createBar() : createLog();
}

interface Count {
  readonly unit: string;
  readonly time: RemainingTime;
}

function describe({ unit, time }: Count): { rate: string; remaining: string } {
  const rate = time.rate();
  const remaining = time.remaining(performance.now());
  return {
    rate: rate === null ? '' : `${show(rate, unit)}/s`,
    remaining: remaining === null ? '' : `${formatDuration(remaining)} left`,
  };
}

function show(amount: number, unit: string): string {
  if (unit === 'bytes') return formatBytes(amount);
  return `${amount < 100 ? amount.toPrecision(3) : formatCount(Math.round(amount))} ${unit}`;
}

function drawBar(share: number): string {
  const full = Math.round(20 * share);
  return '█'.repeat(full) + '░'.repeat(20 - full);
}

function createBar(): Progress {
  const bars = new MultiBar({
    stream: process.stderr,
    clearOnComplete: true,
    gracefulExit: false, // Ctrl-C is ours: the work goes on to a checkpoint
    fps: 8,
    format: (_options, params, payload: { label: string; detail: string; rate: string; remaining: string }) => {
      const bar = drawBar(params.progress);
      const parts = [`${Math.floor(params.progress * 100)} %`, payload.rate, payload.remaining, payload.detail];
      const line = `${payload.label} ${bar} ${parts.filter((part) => part !== '').join(' · ')}`;
      return line.slice(0, (process.stderr.columns || 80) - 1);
    },
  });
  let bar: SingleBar | undefined;
  let count: Count | undefined;
  const payload = (): object => (count ? describe(count) : {});
  return {
    start(label, total, unit, done = 0) {
      if (bar) bars.remove(bar);
      count = { unit, time: new RemainingTime(Math.max(1, total)) };
      count.time.observe(done, performance.now());
      bar = bars.create(Math.max(1, total), done, { label, detail: '', rate: '', remaining: '' });
    },
    update(done, detail) {
      count?.time.observe(done, performance.now());
      bar?.update(done, { ...payload(), ...(detail !== undefined && { detail }) });
    },
    label: (label) => bar?.update({ label }),
    note: (line) => {
      if (!bar) {
        process.stderr.write(`${line}\n`);
        return;
      }
      bars.log(`${line}\n`);
      bars.update(); // what is still kept when the bars stop would be lost
    },
    stop: () => {
      bars.stop();
    },
  };
}

function createLog(): Progress {
  let current: { label: string; total: number; count: Count } | undefined;
  let lastLine = 0;
  const write = (line: string): void => {
    process.stderr.write(`${line}\n`);
  };
  return {
    start(label, total, unit, done = 0) {
      current = { label, total: Math.max(1, total), count: { unit, time: new RemainingTime(Math.max(1, total)) } };
      current.count.time.observe(done, performance.now());
      lastLine = performance.now();
    },
    update(done, detail) {
      if (!current) return;
      const { label, total, count } = current;
      const now = performance.now();
      count.time.observe(done, now);
      if (now - lastLine < logInterval) return;
      lastLine = now;
      const { rate, remaining } = describe(count);
      const parts = [`${Math.floor((100 * done) / total)} %`, rate, remaining, detail ?? ''].filter(
        (part) => part !== '',
      );
      write(`${label}: ${parts.join(' · ')}`);
    },
    label(label) {
      if (current) current.label = label;
    },
    note: write,
    stop: () => undefined,
  };
}
