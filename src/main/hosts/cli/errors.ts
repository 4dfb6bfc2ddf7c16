/** How errors are shown: a `LabError` is for a person, anything else is a bug and comes with its stack. */
import { isLabError } from '../../../shared/errors.ts';
import { emphasise } from './output.ts';

export function printError(error: unknown): void {
  if (isLabError(error) && error.code !== 'internal') {
    process.stderr.write(`${emphasise('error:', 'red', process.stderr)} ${error.message}\n`);
    return;
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(`${emphasise('This is a bug in Pretext Lab:', 'red', process.stderr)} ${text}\n`);
}
