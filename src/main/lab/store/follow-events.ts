/** What the events of a run mean: its progress so far, and points for charts. */
import { open } from 'node:fs/promises';
import type { RunEvent } from '../../../shared/spec/run/events.ts';
import { unlessAbsent } from '../../files/file-exists.ts';
import type { RunFolder } from '../../workspace/run-folder.ts';
import { parseEvents } from '../../workspace/run-folder.ts';
import type { Point } from './points.ts';
import type { RunProgress } from './run-record.ts';

const maximumBytes = 4_000_000;

/**
 * The whole lines of events.jsonl from a position on, at most a few megabytes at a time. A half-written last line stays for
 * the next time. `restarted` when the file is shorter than the position: it has to be read from its beginning.
 */
export async function readNewEvents(
  { events: file }: RunFolder,
  position: number,
): Promise<{
  readonly events: readonly RunEvent[];
  readonly position: number;
  readonly more: boolean;
  readonly restarted: boolean;
  /** Lines that are not what was written, and are left out. */
  readonly damaged: number;
}> {
  const handle = await unlessAbsent(open(file, 'r'));
  if (!handle) return { events: [], position, more: false, restarted: false, damaged: 0 };
  try {
    const { size } = await handle.stat();
    if (size < position) return { events: [], position: 0, more: true, restarted: true, damaged: 0 };
    const buffer = Buffer.alloc(Math.min(size - position, maximumBytes));
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, position);
    const end = buffer.subarray(0, bytesRead).lastIndexOf(0x0a) + 1;
    const lines = buffer.toString('utf8', 0, end).split('\n');
    return {
      ...parseEvents(lines),
      position: position + end,
      more: end > 0 && position + end < size,
      restarted: false,
    };
  } finally {
    await handle.close();
  }
}

/** `selection` is the metric that the task chooses checkpoints by. */
export function applyEvent(progress: RunProgress, event: RunEvent, selection: string): RunProgress {
  const next = { ...progress, lastEventAt: event.time, step: event.type === 'created' ? progress.step : event.step };
  switch (event.type) {
    case 'created': {
      const { parameters: total, trainable, memory: expectedMemory } = event;
      if (total === undefined || trainable === undefined) return next;
      return { ...next, parameters: { total, trainable }, ...(expectedMemory !== undefined && { expectedMemory }) };
    }
    case 'started':
    case 'resumed':
      return {
        ...next,
        totalSteps: event.totalSteps,
        startedAt: progress.startedAt ?? event.time,
        finishedAt: null,
        parameters: { total: event.parameters, trainable: event.trainable },
        engine: { name: event.engine, device: event.device, deviceName: event.deviceName },
        session: progress.session + 1,
        sessionStartedAt: event.time,
        activeBefore:
          progress.session === 0
            ? 0
            : progress.activeBefore + Math.max(0, progress.lastEventAt - progress.sessionStartedAt),
      };
    case 'step':
      return { ...next, loss: event.scalars.loss ?? null, examplesPerSecond: event.examplesPerSecond };
    case 'evaluation':
      if (event.split !== 'validation' || !event.best) return next;
      return { ...next, best: { value: event.metrics[selection] ?? null, step: event.step } };
    case 'checkpoint':
      return { ...next, checkpoint: event.step };
    case 'stopped':
    case 'failed':
    case 'finished':
      return { ...next, finishedAt: event.time };
    case 'transfer':
    case 'notice':
      return next;
  }
}

/** The points that an event stands for, given the progress with it. */
export function pointsOf(event: RunEvent, { session, sessionStartedAt, activeBefore }: RunProgress): Point[] {
  const place = {
    step: event.step,
    session,
    time: event.time,
    relative: activeBefore + Math.max(0, event.time - sessionStartedAt),
  };
  const point = (metric: string, value: number | null): Point => ({ metric, ...place, value });
  switch (event.type) {
    case 'step':
      return [
        ...Object.entries(event.scalars).map(([name, value]) => point(`training.${name}`, value)),
        point('training.learningRate', event.learningRate),
        point('training.gradientNorm', event.gradientNorm),
        point('training.examplesPerSecond', event.examplesPerSecond),
        ...(event.lossScale === undefined ? [] : [point('training.lossScale', event.lossScale)]),
      ];
    case 'evaluation':
      return Object.entries(event.metrics).map(([name, value]) => point(`${event.split}.${name}`, value));
    default:
      return [];
  }
}
