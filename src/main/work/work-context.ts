/** What the methods of a worker are given. */
import type { Workspace } from '../workspace/workspace.ts';

export interface WorkContext {
  readonly workspace: Workspace;
  readonly signal: AbortSignal;
  readonly progress: (progress: WorkProgress) => void;
}

export interface WorkProgress {
  readonly phase: string;
  readonly done: number;
  readonly total: number;
  readonly unit: string;
  readonly skipped: number;
}

export type WorkMethod<Input, Output> = (context: WorkContext, input: Input) => Promise<Output>;
