/** Thrown by readers when the rest of a file cannot be used; the importer lists it and goes on with the next file. */
import type { TextSkipReason } from '../../../shared/spec/manifests/text-import-report.ts';

export class SkipFile extends Error {
  readonly reason: TextSkipReason;
  readonly line: number | null;

  constructor(reason: TextSkipReason, message: string, line: number | null = null, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'SkipFile';
    this.reason = reason;
    this.line = line;
  }
}
