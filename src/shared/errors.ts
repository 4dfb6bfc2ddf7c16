/**
 * The one error type of the lab. A `LabError` is for a person: it has a code that programs can test, a message that
 * says what is wrong and what to do about it, and details (file, line, shapes …) for whoever wants to look closer.
 * Anything that is thrown and is not a `LabError` is a bug in the lab.
 */
export type LabErrorCode =
  | 'aborted' // the user asked to stop
  | 'bad-input' // a file, row, image or text that cannot be used as it is
  | 'bad-spec' // an experiment, pipeline or option that is not valid
  | 'shape' // tensors whose shapes do not fit together
  | 'not-found' // a corpus, dataset, run, file or command that does not exist
  | 'conflict' // something of that name exists already, or is in use
  | 'format-version' // a file written by a newer lab, or by something else
  | 'corrupt' // a file of ours that is damaged
  | 'engine-unavailable' // an engine, provider or device that is not there
  | 'engine-failed' // an engine that answered with an error
  | 'non-finite' // a loss or gradient that is NaN or infinite
  | 'disk-full'
  | 'out-of-memory'
  | 'unauthorised'
  | 'disconnected' // the lab process cannot be reached, or went away before it answered
  | 'network' // another computer cannot be reached, or does not answer as it should
  | 'too-large'
  | 'too-many' // requests or subscriptions of one client at a time
  | 'internal';

export type ErrorDetails = Readonly<Record<string, unknown>>;

export class LabError extends Error {
  readonly code: LabErrorCode;
  readonly details: ErrorDetails;

  constructor(code: LabErrorCode, message: string, details: ErrorDetails = {}, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'LabError';
    this.code = code;
    this.details = details;
  }
}

/** True for a `LabError`, optionally of one code. */
export function isLabError(error: unknown, code?: LabErrorCode): error is LabError {
  return error instanceof LabError && (code === undefined || error.code === code);
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** What the system means, in words: its own name codes, calls and paths. */
const systemReasons: Readonly<Record<string, string>> = {
  EACCES: 'permission is denied',
  EBUSY: 'another program is using it',
  EEXIST: 'there is something of that name already',
  EIO: 'the disk reports an error',
  EISDIR: 'it is a folder',
  ELOOP: 'its links go round in circles',
  EMFILE: 'too many files are open',
  ENFILE: 'too many files are open',
  ENAMETOOLONG: 'its name is too long',
  ENOENT: 'it does not exist',
  ENOSPC: 'the disk is full',
  ENOTDIR: 'a part of its path is not a folder',
  EPERM: 'that is not permitted',
  EROFS: 'the disk can only be read',
};

/** Why the system refused something, as the end of a sentence; the message of anything else. */
export function reasonOf(error: unknown): string {
  const code = errorCode(error) ?? '';
  return systemReasons[code] ?? messageOf(error);
}

/** For a file or folder that a person named: there is none, or why it cannot be read. */
export function cannotRead(what: string, path: string, error: unknown): LabError {
  const isMissing = errorCode(error) === 'ENOENT';
  const message = isMissing ? `There is no ${what} ${path}` : `The ${what} ${path} cannot be read: ${reasonOf(error)}`;
  return new LabError('not-found', message, { path }, error);
}

/** The code that Node gives errors of the system, such as `ENOENT`; undefined for others. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
