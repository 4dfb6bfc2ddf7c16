// The small lineage of a run: all that it came of, and the nearest of what came of it.
import { expect, it } from 'vitest';
import { lineageAround } from '../../../src/renderer/src/features/lineage/lineage-around.ts';
import type { Lineage, LineageNode } from '../../../src/shared/contract/models.ts';

const node = (kind: LineageNode['kind'], title: string, runs: string[] = []): LineageNode => ({
  ...{ id: title, kind, title, note: '', runs, search: '' },
});
const edge = (from: string, to: string): Lineage['edges'][number] => ({ from, to, what: 'weights' });

it('is the way from the data to the run and on', () => {
  const whole: Lineage = {
    nodes: [
      node('corpus', 'stories'),
      node('run', 'words', ['w']),
      node('dataset', 'mails'),
      node('run', 'tuned', ['t']),
      node('run', 'other', ['o']),
      node('export', 'tuned-onnx', ['t']),
    ],
    edges: [
      edge('stories', 'words'),
      edge('words', 'tuned'),
      edge('mails', 'tuned'),
      edge('mails', 'other'),
      edge('words', 'other'),
      edge('tuned', 'tuned-onnx'),
    ],
    alone: 3,
  };
  const around = lineageAround(whole, 't');
  expect(around?.lineage.nodes.map(({ id }) => id)).toEqual(['stories', 'words', 'mails', 'tuned', 'tuned-onnx']);
  expect(around?.words).toBe('stories → mails → words → this run → tuned-onnx');
  expect(lineageAround(whole, 'w')?.lineage.nodes.map(({ id }) => id)).toEqual([
    ...['stories', 'words', 'tuned', 'other', 'tuned-onnx'],
  ]);
  expect(lineageAround(whole, 'w')?.words).toBe('stories → this run → tuned, other');
  expect(lineageAround(whole, 'unknown')).toBeUndefined();
});

it('leaves out the later ones of many', () => {
  const many = Array.from({ length: 30 }, (_, index) => node('run', `tuned-${index}`, [`t${index}`]));
  const whole = {
    nodes: [node('run', 'words', ['w']), ...many],
    edges: many.map(({ id }) => edge('words', id)),
    alone: 0,
  };
  expect(lineageAround(whole, 'w')).toMatchObject({
    more: 22,
    words: 'this run → tuned-0, tuned-1, tuned-2 and 27 more',
  });
});
