// A question whose answer takes long is a task from its first word of progress on: it ends with the answer, and whoever stops it is told.
import { expect, it } from 'vitest';
import { createJobs } from '../../../src/main/lab/jobs.ts';
import { shownAsTask } from '../../../src/main/rpc/features/shown-as-task.ts';
import { LabError } from '../../../src/shared/errors.ts';

const progress = { phase: 'encoding', done: 1, total: 2, unit: 'bytes', skipped: 0 };
const never = new AbortController().signal;

/** Work that tells of itself once and goes on until it is stopped. */
const endless = ({ signal, onProgress }: { signal: AbortSignal; onProgress: (now: typeof progress) => void }) =>
  new Promise<never>((_resolve, reject) => {
    signal.addEventListener('abort', () => {
      reject(new LabError('aborted', 'Cancelled'));
    });
    onProgress(progress);
  });

it('is no task where it answers at once', async () => {
  const jobs = createJobs();
  expect(await shownAsTask({ jobs }, 'encoding', 'Preparing', never, () => Promise.resolve(7))).toBe(7);
  expect(jobs.list()).toEqual([]);
});

it('is a task that ends with the answer', async () => {
  const jobs = createJobs();
  const answer = await shownAsTask({ jobs }, 'encoding', 'Preparing', never, ({ onProgress }) => {
    onProgress(progress);
    return Promise.resolve(7);
  });
  expect(answer).toBe(7);
  await expect.poll(() => jobs.list()).toMatchObject([{ title: 'Preparing', phase: 'encoding', state: 'done' }]);
});

it('can be stopped as a task, and says then what to do', async () => {
  const jobs = createJobs();
  const asked = shownAsTask({ jobs }, 'encoding', 'Preparing', never, endless);
  jobs.cancel(jobs.list()[0]!.id);
  await expect(asked).rejects.toMatchObject({ code: 'conflict', message: expect.stringContaining('was stopped') });
  await expect.poll(() => jobs.list()).toMatchObject([{ state: 'cancelled' }]);
});

it('ends when nobody waits for the answer any more', async () => {
  const jobs = createJobs();
  const page = new AbortController();
  const asked = shownAsTask({ jobs }, 'encoding', 'Preparing', page.signal, endless);
  page.abort();
  await expect(asked).rejects.toMatchObject({ code: 'aborted' });
  await expect.poll(() => jobs.list()).toMatchObject([{ state: 'cancelled' }]);
});
