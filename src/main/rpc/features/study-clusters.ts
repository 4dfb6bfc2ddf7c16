/** Studies on other computers, as pages ask for them. */
import type { ClusterStudySummary, studyClusters } from '../../../shared/contract/study-clusters.ts';
import { plural } from '../../../shared/display.ts';
import { LabError, isLabError } from '../../../shared/errors.ts';
import { nameSpec } from '../../../shared/spec/experiment/v2.ts';
import type { Lab } from '../../lab/lab.ts';
import type { HandlersOf } from '../dispatcher.ts';

/** Several windows, and every run that changes, ask for the same: a scheduler is asked once in so long. */
const freshMilliseconds = 3000;

export function studyClusterHandlers(lab: Lab): HandlersOf<typeof studyClusters> {
  const { runs, queue, workers } = lab;
  const known = new Map<string, { readonly at: number; readonly answer: Promise<ClusterStudySummary | null> }>();
  const changed = (name: string): void => {
    known.delete(name);
    lab.changes.emit('runs');
  };
  return {
    schedulers: () => workers.call('schedulers', {}),
    async submit({ name, ...question }) {
      requireStudyName(name);
      const { runs: ids, ...answer } = await workers.call('submitStudy', { name, ...question });
      // What waits here would be trained twice: whoever comes second finds it taken, but has waited for it.
      for (const id of ids) if (runs.find(id)?.state === 'queued') queue.cancel(id, false);
      changed(name);
      return answer;
    },
    cluster({ name }) {
      requireStudyName(name);
      const last = known.get(name);
      if (last && performance.now() - last.at < freshMilliseconds) return last.answer;
      const answer = workers.call('clusterStudy', { name });
      known.set(name, { at: performance.now(), answer });
      answer.catch(() => known.delete(name)); // asked again, it may work
      return answer;
    },
    async cancel({ name }) {
      requireStudyName(name);
      await workers.call('cancelStudy', { name });
      changed(name);
      return {};
    },
  };
}

/** Throws `LabError('conflict')` while other computers work on it, or jobs that would wait. A plan that cannot be read has none. */
export async function requireNoJobs({ workers }: Lab, name: string): Promise<void> {
  const cluster = await workers.call('clusterStudy', { name }).catch((error: unknown) => {
    if (isLabError(error, 'corrupt') || isLabError(error, 'not-found')) return null;
    throw error;
  });
  if (!cluster) return;
  const jobs = cluster.jobs.waiting + cluster.jobs.running;
  const [busy] = cluster.cells.filter(({ state }) => state === 'running');
  if (jobs === 0 && !busy) return;
  const who = busy ? `${busy.host ?? 'Another computer'} trains ${busy.id}` : `${plural(jobs, 'job')} of it`;
  const how = busy ? '' : jobs === 1 ? ' is with the scheduler' : ' are with the scheduler';
  throw new LabError(
    'conflict',
    `${who}${how}. Cancel the study on its page or with 'pretext study cancel ${name}' first, and wait until its jobs have ended`,
    { name },
  );
}

/** Names become files. */
function requireStudyName(name: string): void {
  if (!nameSpec.safeParse(name).success) throw new LabError('not-found', `There is no study '${name}'`, { name });
}
