/** Imports on the command line: a bar for each phase, and what was left out. */
import type { TextImportReport } from '../../../shared/spec/manifests/text-import-report.ts';
import { isLabError, LabError } from '../../../shared/errors.ts';
import { interruptible } from './interrupt.ts';
import { say } from './output.ts';
import { createProgress } from './progress.ts';

export interface ImportProgress {
  readonly phase: string;
  readonly done: number;
  readonly total: number;
  /** Files, where nothing else is said. */
  readonly unit?: string;
  readonly skipped?: number;
}

type Importer<Result> = (signal: AbortSignal, onProgress: (progress: ImportProgress) => void) => Promise<Result>;

/** The one source of an import that takes no more. Throws `LabError('bad-input')` for several. */
export function onlySource(sources: readonly string[], whatIsTaken: string): string {
  const [source = '', ...more] = sources;
  if (more.length === 0) return source;
  throw new LabError(
    'bad-input',
    `${whatIsTaken}, and these are ${sources.length} sources: ${sources.join(', ')}. Put the files into one folder, or import one after the other`,
  );
}

const columnOptions =
  'Columns are named with options such as --text-column, --path-column and --label-column; text in tables without a header is read with --no-header.';

/** Ctrl-C stops the import; nothing half-done is left. */
export function importWithProgress<Result>(work: Importer<Result>): Promise<Result> {
  const progress = createProgress();
  let current = '';
  return interruptible('Stopping; nothing will be kept …', async (signal) => {
    try {
      return await work(signal, ({ phase, done, total, unit = 'files', skipped = 0 }) => {
        if (phase !== current) progress.start(phase, total, unit, done);
        current = phase;
        progress.update(done, skipped > 0 ? `${skipped} left out` : '');
      });
    } catch (error) {
      if (!isLabError(error) || error.details.reason !== 'missing-column') throw error;
      throw new LabError(error.code, `${error.message} ${columnOptions}`, error.details, error);
    } finally {
      progress.stop();
    }
  });
}

/** How many of what was left out are named. */
const shown = 10;

/** What was left out and why, on stderr. */
export function reportText({ skipped, duplicates, ignored }: TextImportReport): void {
  for (const { path, line, message } of skipped.listed.slice(0, shown)) {
    say(`Left out: ${path}${line === null ? '' : `:${line}`}: ${message}`);
  }
  if (skipped.total > shown) say(`… and ${skipped.total - shown} more left out`);
  if (duplicates.total > 0) say(`${duplicates.total} duplicates dropped`);
  const others = Object.entries(ignored).map(([extension, count]) => `${count} ${extension}`);
  if (others.length > 0) say(`Files of other kinds passed over: ${others.join(', ')}`);
}
