/**
 * Event files for TensorBoard beside the events of a run: `tensorboard/` in its folder, one file for each time that it was begun or
 * taken up again. They repeat what `events.jsonl` and `histograms.jsonl` say and are read by nobody here: a file that cannot be written is told once and
 * left out.
 */
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { messageOf } from '../../shared/errors.ts';
import type { ParameterHistograms } from '../../shared/histogram.ts';
import type { RunEvent } from '../../shared/spec/run/events.ts';
import type { HistogramEvent, ScalarEvent } from '../formats/tensorboard.ts';
import {
  eventFileMark,
  histogramEventRecord,
  scalarRecord,
  startRecord,
  versionRecord,
} from '../formats/tensorboard.ts';
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
      const { scalars, learningRate, gradientNorm, lossScale, examplesPerSecond } = event;
      const trained = Object.entries(scalars).map(([name, value]) => [`training/${name}`, value] as const);
      const course = {
        ...{ learningRate, gradientNorm },
        ...(lossScale !== undefined && { lossScale }),
        examplesPerSecond,
      };
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

/** What was recorded of all parameters at one step. */
export function histogramsOf(time: number, step: number, records: readonly ParameterHistograms[]): HistogramEvent {
  const tagged = records.flatMap(({ parameter, weights, gradients }) => [
    [`weights/${parameter}`, weights] as const,
    ...(gradients ? [[`gradients/${parameter}`, gradients] as const] : []),
  ]);
  return { time, step, histograms: Object.fromEntries(tagged) };
}

/**
 * An event file of events that are all there, and of what was recorded of weights and gradients: behind the last validation of its step,
 * and before everything else where it was recorded before the first step.
 */
export function recordsOf(
  { time, step }: RunEvent,
  events: readonly RunEvent[],
  recorded: readonly ParameterHistograms[],
): Uint8Array {
  const bySteps = Map.groupBy(recorded, (one) => one.step);
  const evaluations = events.filter((event) => event.type === 'evaluation' && event.split === 'validation');
  const last = new Map(evaluations.map((event) => [event.step, event]));
  const atStep = (at: number, when: number): Uint8Array[] => {
    const records = bySteps.get(at);
    return records ? [histogramEventRecord(histogramsOf(when, at, records))] : [];
  };
  const parts = events.flatMap((event) => {
    const scalars = scalarsOf(event);
    const isLast = last.get(event.step) === event;
    return [...(scalars ? [scalarRecord(scalars)] : []), ...(isLast ? atStep(event.step, event.time) : [])];
  });
  return Buffer.concat([versionRecord(time), startRecord(time, step), ...atStep(0, time), ...parts]);
}

export interface TensorboardLog extends Disposable {
  /** Everything that the run tells; what has no numbers is passed over. */
  add(event: RunEvent): void;
  /** All of one step. */
  readonly addHistograms: (records: readonly ParameterHistograms[]) => void;
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
  const attempt = (write: () => void): void => {
    if (hasFailed) return;
    try {
      write();
    } catch (error) {
      hasFailed = true;
      onFailure(`The TensorBoard file cannot be written any more: ${messageOf(error)}`);
    }
  };
  return {
    add(event) {
      attempt(() => {
        if (event.type === 'started' || event.type === 'resumed') handle ??= open(event);
        const scalars = scalarsOf(event);
        if (!scalars) return;
        handle ??= open(event);
        writeSync(handle, scalarRecord(scalars));
      });
    },
    addHistograms: (records) => {
      attempt(() => {
        const [first] = records;
        // Its file is open: the run has told that it started.
        if (first && handle !== undefined) {
          writeSync(handle, histogramEventRecord(histogramsOf(Date.now(), first.step, records)));
        }
      });
    },
    [Symbol.dispose]() {
      if (handle !== undefined) closeSync(handle);
    },
  };
}
