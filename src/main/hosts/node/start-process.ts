/** How trainers and workers are started as child processes of Node. */
import type { ChildProcess } from 'node:child_process';
import { fork } from 'node:child_process';
import { setPriority } from 'node:os';
import { fileURLToPath } from 'node:url';

/** Characters of stderr that are kept: the end, where the reason stands. */
export const keptOutput = 8000;

/**
 * Options of Node for trainers. V8 keeps up to 48 MB for objects that were made just now; the few that a trainer makes beside its tensors
 * need no more than a quarter of that.
 */
export const trainerOptions: readonly string[] = ['--max-semi-space-size=4'];

/** @param errors where stderr goes: a pipe, or a descriptor of a file that outlives this process */
export function start(
  entry: URL,
  args: readonly string[],
  errors: number | 'pipe' = 'pipe',
  detached = false,
  options: readonly string[] = [],
): ChildProcess {
  return fork(fileURLToPath(entry), [...args], {
    execArgv: ['--disable-warning=ExperimentalWarning', ...options],
    serialization: 'advanced', // NaN and typed arrays arrive as they are
    stdio: ['ignore', 'ignore', errors, 'ipc'],
    detached,
  });
}

/** `priority` is a nice value, from 1 to 19. */
export function lowerPriority({ pid }: ChildProcess, priority: number): void {
  if (pid === undefined) return;
  try {
    setPriority(pid, priority);
  } catch {
    // gone already, or not allowed here: it only means that it is not gentle
  }
}
