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
  | 'too-large'
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
