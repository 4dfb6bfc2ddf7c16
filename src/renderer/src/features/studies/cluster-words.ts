/** What a study on a cluster is said to be doing. */
import { formatCount, plural } from '../../../../shared/display.ts';
import type { ClusterStudySummary } from '../../../../shared/contract/study-clusters.ts';

/** Of the runs: `12 of 24 runs done, 2 at work, 1 failed`. */
export function clusterPhase({ cells, cancelled }: ClusterStudySummary): string {
  const number = (state: string): number => cells.filter((cell) => cell.state === state).length;
  const parts = [
    `${formatCount(number('done'))} of ${plural(cells.length, 'run')} done`,
    ...(['running', 'lost', 'failed', 'left out'] as const).flatMap((state) =>
      number(state) > 0 ? [`${formatCount(number(state))} ${state === 'running' ? 'at work' : state}`] : [],
    ),
    ...(cancelled ? ['cancelled'] : []),
  ];
  return parts.join(', ');
}

/** Of the jobs: `Slurm 71: 2 running, 4 waiting`. */
export function jobWords({ submission, jobs }: ClusterStudySummary): string {
  if (!submission) return 'laid out; no scheduler was asked';
  const states = (['running', 'waiting', 'failed', 'ended'] as const).flatMap((state) =>
    jobs[state] > 0 ? [`${formatCount(jobs[state])} ${state}`] : [],
  );
  return `${submission.scheduler} ${submission.jobs.join(', ')}: jobs ${states.join(', ')}`;
}
