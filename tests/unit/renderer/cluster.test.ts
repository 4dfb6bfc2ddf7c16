// @vitest-environment happy-dom
// A study on a cluster as its page shows it.
import { mount } from '@vue/test-utils';
import { describe, expect, it } from 'vitest';
import type { ClusterStudySummary } from '../../../src/shared/contract/study-clusters.ts';
import StudyGrid from '../../../src/renderer/src/features/studies/StudyGrid.vue';
import { clusterPhase, jobWords } from '../../../src/renderer/src/features/studies/cluster-words.ts';

type Cell = ClusterStudySummary['cells'][number];
const cell = (seed: number, state: Cell['state'], more: Partial<Cell> = {}): Cell => ({
  id: `study.${seed}`,
  condition: '10-labels',
  arm: 'scratch',
  seed,
  state,
  host: null,
  message: null,
  ...more,
});

const cluster: ClusterStudySummary = {
  submission: { scheduler: 'Slurm', jobs: ['71', '72'], submittedAt: '2026-11-29T20:00:00.000Z' },
  cancelled: false,
  problem: null,
  jobs: { waiting: 4, running: 2, failed: 0, ended: 1 },
  cells: [
    cell(1, 'done'),
    cell(2, 'running'),
    cell(3, 'lost'),
    cell(4, 'failed', { message: 'no data' }),
    cell(5, 'waiting'),
  ],
};

describe('a study on a cluster', () => {
  it('is told in words', () => {
    expect(clusterPhase(cluster)).toBe('1 of 5 runs done, 1 at work, 1 lost, 1 failed');
    expect(clusterPhase({ ...cluster, cancelled: true })).toMatch(/, cancelled$/);
    expect(jobWords(cluster)).toBe('Slurm 71, 72: jobs 2 running, 4 waiting, 1 ended');
    expect(jobWords({ ...cluster, submission: null })).toBe('laid out; no scheduler was asked');
  });

  it('has a square for every cell: a link where there is a run, and what it waits for where there is none', () => {
    const runs = [{ id: 'study.1', condition: '10-labels', arm: 'scratch', seed: 1, state: 'finished' as const }];
    const grid = mount(StudyGrid, {
      props: { runs, planned: cluster.cells },
      global: { stubs: { RouterLink: { template: '<a><slot /></a>' } } },
    });
    expect(grid.findAll('td a')).toHaveLength(1);
    const squares = grid.findAll('.square').map((square) => square.attributes('aria-label'));
    expect(squares).toHaveLength(4);
    expect(squares[2]).toMatch(/seed 4: Failed$/);
    expect(grid.findAll('.square')[2]?.attributes('title')).toBe('seed 4: no data');
  });
});
