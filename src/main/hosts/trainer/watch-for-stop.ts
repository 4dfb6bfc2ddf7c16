/** Heeds the file `stop` in a run's folder: how a lab that did not start this trainer asks it to stop. */
import { existsSync, rmSync } from 'node:fs';
import type { RunFolder } from '../../workspace/run-folder.ts';

const lookMilliseconds = 500;

/** Until the returned function is called. What is there already was meant for another one. */
export function watchForStop({ stop: file }: RunFolder, stop: () => void): () => void {
  rmSync(file, { force: true });
  const timer = setInterval(() => {
    if (existsSync(file)) stop();
  }, lookMilliseconds);
  timer.unref();
  return () => {
    clearInterval(timer);
    rmSync(file, { force: true });
  };
}
