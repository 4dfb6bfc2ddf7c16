/** How errors are shown: a `LabError` is for a person, anything else is a bug and comes with its stack. */
import { errorCode, isLabError, reasonOf } from '../../../shared/errors.ts';
import { emphasise } from './output.ts';

export function printError(error: unknown): void {
  if (isLabError(error) && error.code !== 'internal') {
    process.stderr.write(`${emphasise('error:', 'red', process.stderr)} ${error.message}\n`);
    return;
  }
  const refusal = systemRefusal(error);
  if (refusal !== undefined) {
    process.stderr.write(`${emphasise('error:', 'red', process.stderr)} ${refusal}\n`);
    return;
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(`${emphasise('This is a bug in Pretext Lab:', 'red', process.stderr)} ${text}\n`);
}

/** What the system does not allow is for a person to change, such as a disk that can only be read. */
const refusals = ['EACCES', 'EPERM', 'EROFS', 'ENOSPC', 'EDQUOT', 'EMFILE', 'ENFILE'];

function systemRefusal(error: unknown): string | undefined {
  const cause = isLabError(error) ? error.cause : error;
  if (!refusals.includes(errorCode(cause) ?? '')) return undefined;
  const path = cause instanceof Error && 'path' in cause ? String(cause.path) : undefined;
  const what = path === undefined ? 'A file cannot be opened' : `${path} cannot be opened or written`;
  return `${what}: ${reasonOf(cause)}`;
}
