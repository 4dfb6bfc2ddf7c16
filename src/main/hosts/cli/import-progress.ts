/** Imports on the command line: a bar for each phase, and what was left out. */
import { isLabError, LabError } from '../../../shared/errors.ts';
import type { Waiting } from '../../runs/encoded-corpus.ts';
import { interruptible } from './interrupt.ts';
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

const columnOptions =
  'Columns are named with options such as --text-column, --path-column and --label-column; text in tables without a header is read with --no-header.';

/** What an experiment has to be prepared with may take long: a bar then, and Ctrl-C stops it. */
export function whilePreparing<Result>(work: (waiting: Waiting) => Promise<Result>): Promise<Result> {
  return importWithProgress((signal, onProgress) => work({ signal, onProgress }));
}

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
