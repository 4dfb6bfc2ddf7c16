/** How trainers and workers are started as child processes of Node. */
import type { ChildProcess } from 'node:child_process';
import { fork } from 'node:child_process';
import { setPriority } from 'node:os';
import { fileURLToPath } from 'node:url';

/** Characters of stderr that are kept: the end, where the reason stands. */
export const keptOutput = 8000;

/** @param errors where stderr goes: a pipe, or a descriptor of a file that outlives this process */
export function start(
  entry: URL,
  args: readonly string[],
  errors: number | 'pipe' = 'pipe',
  detached = false,
): ChildProcess {
  return fork(fileURLToPath(entry), [...args], {
    execArgv: ['--disable-warning=ExperimentalWarning'],
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
