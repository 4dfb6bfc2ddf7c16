/**
 * Event files for TensorBoard beside the events of a run: `tensorboard/` in its folder, one file for each time that it was begun or
 * taken up again. They repeat what `events.jsonl` says and are read by nobody here: a file that cannot be written is told once and
 * left out.
 */
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { messageOf } from '../../shared/errors.ts';
import type { RunEvent } from '../../shared/spec/run/events.ts';
import type { ScalarEvent } from '../formats/tensorboard.ts';
import { eventFileMark, scalarRecord, startRecord, versionRecord } from '../formats/tensorboard.ts';
import type { RunFolder } from '../workspace/run-folder.ts';

/** Where a run keeps its event files. */
export const tensorboardFolder = ({ folder }: RunFolder): string => join(folder, 'tensorboard');

/** Named as TensorBoard's own writers do: seconds, host, and what tells two files of one second apart. */
export function eventFileName(time: number, number: number): string {
  const host = hostname().replaceAll(/[^\w.-]/g, '_') || 'host';
  return `events.out.${eventFileMark}.${Math.floor(time / 1000)}.${host}.${process.pid}.${number}`;
}

/** What a run's event says in numbers; undefined where it says none. */
export function scalarsOf(event: RunEvent): ScalarEvent | undefined {
  const { time, step } = event;
  switch (event.type) {
    case 'step': {
      const { scalars, learningRate, gradientNorm, examplesPerSecond } = event;
      const trained = Object.entries(scalars).map(([name, value]) => [`training/${name}`, value] as const);
      const course = { learningRate, gradientNorm, examplesPerSecond };
      return scalarEvent(time, step, [...trained, ...prefixed('training', course)]);
    }
    case 'evaluation':
      return scalarEvent(time, step, prefixed(event.split, event.metrics));
    default:
      return undefined;
  }
}

function prefixed(group: string, values: Readonly<Record<string, number | null>>): [string, number | null][] {
  return Object.entries(values).map(([name, value]) => [`${group}/${name}`, value]);
}

/** Numbers that are none, such as an infinite loss, are NaN, which TensorBoard shows as such. */
function scalarEvent(
  time: number,
  step: number,
  values: readonly (readonly [tag: string, value: number | null])[],
): ScalarEvent {
  return { time, step, scalars: Object.fromEntries(values.map(([tag, value]) => [tag, value ?? NaN])) };
}

/** An event file of events that are all there. */
export function recordsOf({ time, step }: RunEvent, events: readonly RunEvent[]): Uint8Array {
  const scalars = events.flatMap((event) => scalarsOf(event) ?? []);
  return Buffer.concat([versionRecord(time), startRecord(time, step), ...scalars.map(scalarRecord)]);
}

export interface TensorboardLog extends Disposable {
  /** Everything that the run tells; what has no numbers is passed over. */
  add(event: RunEvent): void;
}

/** Files of this process. */
let files = 0;

/** @param onFailure told once why nothing is written any more */
export function openTensorboardLog(run: RunFolder, onFailure: (message: string) => void): TensorboardLog {
  let handle: number | undefined;
  let hasFailed = false;
  const open = ({ time, step }: RunEvent): number => {
    mkdirSync(tensorboardFolder(run), { recursive: true });
    const opened = openSync(join(tensorboardFolder(run), eventFileName(time, (files += 1))), 'wx');
    writeSync(opened, versionRecord(time));
    writeSync(opened, startRecord(time, step));
    return opened;
  };
  return {
    add(event) {
      if (hasFailed) return;
      try {
        if (event.type === 'started' || event.type === 'resumed') handle ??= open(event);
        const scalars = scalarsOf(event);
        if (!scalars) return;
        handle ??= open(event);
        writeSync(handle, scalarRecord(scalars));
      } catch (error) {
        hasFailed = true;
        onFailure(`The TensorBoard file cannot be written any more: ${messageOf(error)}`);
      }
    },
    [Symbol.dispose]() {
      if (handle !== undefined) closeSync(handle);
    },
  };
}
