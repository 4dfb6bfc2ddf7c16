/** Results of studies as CSV (RFC 4180). */
import type { StudyResult } from '../../../../shared/spec/study.ts';
import { csvText } from '../../../../shared/csv.ts';

/** A row for each run. */
export function runsCsv({ runs, metric }: Pick<StudyResult, 'runs' | 'metric'>): string {
  return csvText([
    ['condition', 'arm', 'seed', 'run', 'split', metric],
    ...runs.map(({ condition, arm, seed, run, split, value }) => [
      condition,
      arm,
      String(seed),
      run,
      split,
      String(value),
    ]),
  ]);
}

/** A row for each gain. */
export function gainsCsv({ gains }: Pick<StudyResult, 'gains'>): string {
  return csvText([
    ['condition', 'arm', 'reference', 'gain', 'low', 'high', 'p'],
    ...gains.map(({ condition, arm, reference, gain, interval, pValue }) => [
      condition,
      arm,
      reference,
      String(gain),
      String(interval?.low ?? ''),
      String(interval?.high ?? ''),
      String(pValue ?? ''),
    ]),
  ]);
}
