/** Which data and weights went where: seeds are one node, chains are followed, what neither took nor gave weights is counted only. */
import { describe, expect, it } from 'vitest';
import { lineageOf } from '../../../src/main/lab/lineage.ts';
import type { Experiment } from '../../../src/shared/spec/experiment/index.ts';

const run = (id: string, createdAt: number, name: string, data: string, from?: Experiment['from']) => ({
  id,
  createdAt,
  spec: { name, data, task: { type: 'text-classification' }, from },
});
const materials = [
  { group: 'corpus' as const, name: 'stories', kind: 'text-corpus' },
  { group: 'dataset' as const, name: 'mails', kind: 'text-dataset' },
];
const models = [{ name: 'minilm', title: 'BERT, 6 layers' }];

describe('lineage', () => {
  it('joins seeds, and follows data and weights', () => {
    const runs = [
      run('b', 3, 'tuned', 'mails', { run: 'words', checkpoint: 'best' }),
      run('a', 1, 'words', 'stories', { model: 'minilm' }),
      run('c', 2, 'tuned', 'mails', { run: 'a', checkpoint: 'best' }),
      run('d', 4, 'again', 'mails', { run: 'b', checkpoint: 'best' }),
      run('e', 5, 'scratch', 'mails'),
    ];
    const { nodes, edges, alone } = lineageOf({ runs, models, materials });
    expect(nodes.map(({ kind, title, runs: members }) => [kind, title, members])).toEqual([
      ['model', 'minilm', []],
      ['run', 'words', ['a']],
      ['corpus', 'stories', []],
      ['run', 'tuned', ['c', 'b']],
      ['dataset', 'mails', []],
      ['run', 'again', ['d']],
    ]);
    const titleOf = (id: string) => nodes.find((node) => node.id === id)?.title;
    expect(edges.map(({ from, to, what }) => [titleOf(from), titleOf(to), what])).toEqual([
      ['stories', 'words', 'data'],
      ['minilm', 'words', 'weights'],
      ['mails', 'tuned', 'data'],
      ['words', 'tuned', 'weights'],
      ['mails', 'again', 'data'],
      ['tuned', 'again', 'weights'],
    ]);
    expect(alone).toBe(1);
  });

  it('keeps the name of what has been deleted', () => {
    const runs = [
      run('a', 1, 'tuned', 'gone', { model: 'lost' }),
      run('b', 2, 'other', 'mails', { run: 'nowhere', checkpoint: 'best' }),
    ];
    const { nodes, edges } = lineageOf({ runs, models: [], materials });
    expect(nodes.map(({ kind, title, note }) => [kind, title, note])).toEqual([
      ['run', 'tuned', 'text-classification'],
      ['dataset', 'gone', 'deleted'],
      ['model', 'lost', 'deleted'],
      ['run', 'other', 'text-classification'],
      ['dataset', 'mails', 'text-dataset'],
    ]);
    expect(edges).toHaveLength(3);
  });
});
