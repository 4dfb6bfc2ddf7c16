/**
 * What the lab knows of tasks. It files and compares runs without the code of their tasks, which would bring networks and graphs
 * into a process that never computes; whoever opens a lab tells it.
 */
import type { Direction } from '../../shared/metrics.ts';

export interface TaskNotes {
  /** Null for a task of a newer lab. */
  kindOf(task: string): 'pretext' | 'supervised' | null;
  /** The metric that decides which checkpoint is best; of a task of a newer lab, the loss. */
  selectionOf(task: string): { readonly metric: string; readonly direction: Direction };
}
