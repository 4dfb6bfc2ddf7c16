/** Questions whose answer may take as long as an import: from the first word of progress on, they are tasks that pages show. */
import type { Job } from '../../../shared/contract/jobs.ts';
import { LabError } from '../../../shared/errors.ts';
import type { Lab } from '../../lab/lab.ts';
import type { WorkProgress } from '../../work/work-context.ts';

/** Throws `LabError('conflict')` where a person has stopped the task, and what the work throws. */
export async function shownAsTask<Result>(
  { jobs }: Pick<Lab, 'jobs'>,
  kind: Job['kind'],
  title: string,
  asked: AbortSignal,
  work: (options: { signal: AbortSignal; onProgress: (progress: WorkProgress) => void }) => Promise<Result>,
): Promise<Result> {
  const stopped = new AbortController();
  const ended = Promise.withResolvers<undefined>();
  let tell: ((progress: WorkProgress) => void) | undefined;
  const begin = (): void => {
    const { id } = jobs.start(kind, title, (signal, update) => {
      tell = update;
      signal.addEventListener('abort', () => {
        stopped.abort();
      });
      return ended.promise.then(() => {
        signal.throwIfAborted(); // it was stopped, and not done
        return {};
      });
    });
    // Nobody waits for the answer any more.
    asked.addEventListener('abort', () => jobs.cancel(id));
  };
  try {
    return await work({
      signal: AbortSignal.any([asked, stopped.signal]),
      onProgress(progress) {
        if (!tell) begin();
        tell?.(progress);
      },
    });
  } catch (error) {
    if (!stopped.signal.aborted || asked.aborted) throw error;
    throw new LabError('conflict', `${title} was stopped. Look at the experiment again to go on with it`, {}, error);
  } finally {
    ended.resolve(undefined);
  }
}
