/** Ctrl-C: the first one asks the work to stop where it can be continued, the second one ends the process at once. */
import { exitCodes } from './exit-codes.ts';
import { say } from './output.ts';

/** `message` tells what the first Ctrl-C does. */
export async function interruptible<Result>(
  message: string,
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const controller = new AbortController();
  const onSignal = (): void => {
    if (controller.signal.aborted) process.exit(exitCodes.interrupted);
    say(`\n${message} (again to stop at once)`);
    controller.abort();
  };
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  try {
    return await work(controller.signal);
  } finally {
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
  }
}
