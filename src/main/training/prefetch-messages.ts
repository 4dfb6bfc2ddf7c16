/** What a training and the thread that prepares its batches tell each other. */
import type { ErrorDetails, LabErrorCode } from '../../shared/errors.ts';
import type { Feeds, SamplerSetup } from '../tasks/task.ts';

export interface BatchOptions {
  readonly seed: number;
  readonly batchSize: number;
  /** Index of the first batch, and of the one after the last. */
  readonly from: number;
  readonly to: number;
}

export interface PrefetchRequest extends BatchOptions {
  readonly task: string;
  readonly setup: SamplerSetup;
  readonly ahead: number;
}

export type PrefetchReply =
  | { readonly feeds: Feeds }
  | { readonly error: { readonly code: LabErrorCode; readonly message: string; readonly details: ErrorDetails } };
