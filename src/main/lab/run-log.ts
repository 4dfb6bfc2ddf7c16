/** What happened in a run, a line for each event, read from its folder. */
import type { RunFolder } from '../workspace/run-folder.ts';
import { readEvents } from '../workspace/run-folder.ts';
import { describeEvent, severityOf } from './describe-event.ts';

export interface LogRange {
  /** Of the first line; counted from the end where it is negative. */
  readonly offset: number;
  readonly limit: number;
  /** Also a line for every step, of which there are many. */
  readonly stepsToo: boolean;
}

/** Some lines of the log, and how many there are. Throws `LabError('corrupt')`. */
export async function readLog(run: RunFolder, { offset, limit, stepsToo }: LogRange) {
  const events = (await readEvents(run)).filter(({ type }) => stepsToo || type !== 'step');
  const start = offset < 0 ? Math.max(0, events.length + offset) : offset;
  const lines = events.slice(start, start + limit).map((event, place) => ({
    index: start + place,
    time: event.time,
    step: event.step,
    severity: severityOf(event),
    text: describeEvent(event),
    event,
  }));
  return { total: events.length, lines };
}
