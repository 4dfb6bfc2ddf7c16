/** Which data and weights went where: seeds are one node, chains are followed, what neither took nor gave weights is counted only. */
import { describe, expect, it } from 'vitest';
import { lineageOf } from '../../../src/main/lab/lineage.ts';
import type { Experiment } from '../../../src/shared/spec/experiment/index.ts';

const run = (id: string, createdAt: number, name: string, data: string, from?: Experiment['from']) => ({
  id,
  createdAt,
  study: null,
  spec: { name, data, task: { type: 'text-classification' }, from },
});
const materials = [
  { group: 'corpus' as const, name: 'stories', kind: 'text-corpus' },
  { group: 'dataset' as const, name: 'mails', kind: 'text-dataset' },
];
const nothing = { works: [], exports: [] };
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
    const { nodes, edges, alone } = lineageOf({ runs, models, materials, ...nothing });
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

  it('joins the runs of a study by what they began with, and leads to the study and to exports', () => {
    const words = { run: 'words', checkpoint: 'best' } as const;
    const runs = [
      run('w', 1, 'words', 'stories'),
      run('p1', 2, 'gains.10-labels.pretrained.1', 'mails', words),
      run('p2', 3, 'gains.50-labels.pretrained.2', 'mails', words),
      run('s1', 4, 'gains.10-labels.scratch.1', 'mails'),
      { ...run('t1', 5, 'a-name-that-was-cut', 'stories'), study: 'rates' },
      run('t2', 6, 'rates.trial.2', 'stories'),
      run('lonely', 7, 'gain', 'mails'),
    ];
    const works = [
      { kind: 'study' as const, name: 'gains' },
      { kind: 'sweep' as const, name: 'rates' },
    ];
    const exports = [
      { kind: 'run' as const, of: 'p2', folder: '/out/best', format: 'onnx', isThere: true },
      { kind: 'model' as const, of: 'minilm', folder: '/out/minilm', format: 'onnx', isThere: false },
      { kind: 'run' as const, of: 'deleted', folder: '/out/old', format: 'onnx', isThere: true },
    ];
    const { nodes, edges, alone } = lineageOf({ runs, models, materials, works, exports });
    expect(alone).toBe(1);
    expect(
      nodes.flatMap(({ kind, title, note, runs: members }) => (kind === 'run' ? [[title, note, members]] : [])),
    ).toEqual([
      ['words', 'text-classification', ['w']],
      ['gains: pretrained', 'text-classification, 2 runs', ['p1', 'p2']],
      ['gains: from scratch', 'text-classification, 1 run', ['s1']],
      ['rates: trials', 'text-classification, 2 runs', ['t1', 't2']],
    ]);
    const nodeOf = (id: string) => nodes.find((node) => node.id === id);
    const shown = edges.map(
      ({ from, to, what }) => `${nodeOf(from)?.title ?? ''} → ${nodeOf(to)?.title ?? ''} (${what})`,
    );
    expect(shown).toEqual([
      'stories → words (data)',
      'mails → gains: pretrained (data)',
      'gains: pretrained → gains (results)',
      'gains: pretrained → best (weights)',
      'words → gains: pretrained (weights)',
      'mails → gains: from scratch (data)',
      'gains: from scratch → gains (results)',
      'stories → rates: trials (data)',
      'rates: trials → rates (results)',
      'minilm → minilm (weights)',
    ]);
    expect(nodeOf('export /out/minilm')?.note).toBe('onnx, deleted');
  });

  it('keeps the name of what has been deleted', () => {
    const runs = [
      run('a', 1, 'tuned', 'gone', { model: 'lost' }),
      run('b', 2, 'other', 'mails', { run: 'nowhere', checkpoint: 'best' }),
    ];
    const { nodes, edges } = lineageOf({ runs, models: [], materials, ...nothing });
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
