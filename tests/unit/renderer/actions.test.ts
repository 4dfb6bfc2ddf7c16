// Shortcuts: single strokes, sequences, what belongs to the text that is being typed; and the palette's search.
import { describe, expect, it } from 'vitest';
import { findActions } from '../../../src/renderer/src/actions/find-actions.ts';
import { placeActions } from '../../../src/renderer/src/app/places.ts';
import type { KeyStroke } from '../../../src/renderer/src/actions/keys.ts';
import { matchesStroke, SequenceMatcher, showStroke } from '../../../src/renderer/src/actions/keys.ts';

function stroke(key: string, modifiers: Partial<KeyStroke> = {}): KeyStroke {
  return { key, ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, ...modifiers };
}

describe('shortcuts', () => {
  it.each([
    ['mod+k', stroke('k', { ctrlKey: true }), false, true],
    ['mod+k', stroke('k', { metaKey: true }), true, true],
    ['mod+k', stroke('k', { metaKey: true }), false, false],
    ['mod+z', stroke('Z', { ctrlKey: true, shiftKey: true }), false, false],
    ['mod+shift+z', stroke('Z', { ctrlKey: true, shiftKey: true }), false, true],
    ['?', stroke('?', { shiftKey: true }), false, true],
    ['delete', stroke('Delete'), false, true],
    ['shift+arrowup', stroke('ArrowUp', { shiftKey: true }), false, true],
    ['shift+arrowup', stroke('ArrowUp'), false, false],
    ['g', stroke('g', { ctrlKey: true }), false, false],
  ])('%s', (keys, event, mac, matches) => {
    expect(matchesStroke(event, keys, mac)).toBe(matches);
  });

  it('follows sequences, for as long as one is patient', () => {
    const matcher = new SequenceMatcher<string>((keys) => keys, false, 1000);
    const all = ['g h', 'g d', 'j'];
    expect(matcher.press(stroke('g'), all, 0)).toBe('pending');
    expect(matcher.press(stroke('d'), all, 500)).toBe('g d');
    expect(matcher.press(stroke('d'), all, 600)).toBeUndefined();
    expect(matcher.press(stroke('g'), all, 1000)).toBe('pending');
    expect(matcher.press(stroke('h'), all, 2500)).toBeUndefined();
    expect(matcher.press(stroke('g'), all, 3000)).toBe('pending');
    expect(matcher.press(stroke('j'), all, 3100)).toBe('j');
  });

  it('writes keys as they are written on keyboards', () => {
    expect(showStroke('mod+shift+z', false)).toEqual(['Ctrl', 'Shift', 'Z']);
    expect(showStroke('mod+k', true)).toEqual(['⌘', 'K']);
    expect(showStroke('arrowup', false)).toEqual(['↑']);
  });
});

describe('the search of the palette', () => {
  const actions = [
    { id: 'a', title: 'Go to Datasets', section: 'Pages', run: () => undefined },
    { id: 'b', title: 'Import data', section: 'Start something', keywords: 'corpus csv', run: () => undefined },
    { id: 'c', title: 'Update', section: 'Window', run: () => undefined },
  ];

  it.each([
    ['', ['a', 'b', 'c']],
    ['dat', ['a', 'b', 'c']],
    ['data imp', ['b']],
    ['csv', ['b']],
    ['page', ['a']],
    ['nothing', []],
  ])('%j', (query, ids) => {
    expect(findActions(actions, query).map(({ id }) => id)).toEqual(ids);
  });
});

describe('what has a name in the workspace', () => {
  const opened: unknown[] = [];
  const actions = placeActions(
    {
      runs: [
        {
          id: 'words-abcde',
          name: 'words',
          task: 'masked-words',
          data: 'brown',
          tags: ['good'],
          notes: 'wider than the last',
        },
        { id: 'brown-faster-fghij', name: 'brown-faster', task: 'next-word', data: 'mails', tags: [], notes: '' },
      ],
      materials: [{ group: 'corpus', name: 'brown', kind: 'text-corpus' }],
      models: [],
      pipelines: [{ name: 'my-encoder' }],
      presets: [{ name: 'bert-tiny', title: 'BERT tiny' }],
      studies: [{ name: 'words-on-mails' }],
      sweeps: [{ name: 'mails-rates' }],
    },
    (place) => opened.push(place),
  );
  const found = (query: string): readonly string[] => findActions(actions, query).map(({ id }) => id);

  it('is found by its name before it is by what belongs to it', () => {
    expect(found('brown')).toEqual(['run.brown-faster-fghij', 'material.corpus.brown', 'run.words-abcde']);
    expect(found('words good')).toEqual(['run.words-abcde']);
    expect(found('wider')).toEqual(['run.words-abcde']);
    expect(found('preset')).toEqual(['preset.bert-tiny']);
    expect(found('encoder')).toEqual(['pipeline.my-encoder']);
    expect(found('mails')).toContain('study.words-on-mails');
    expect(found('mails rates')).toEqual(['sweep.mails-rates']);
  });

  it('is opened where it is', () => {
    for (const action of actions) void action.run();
    expect(opened).toEqual([
      { name: 'run', params: { id: 'words-abcde' } },
      { name: 'run', params: { id: 'brown-faster-fghij' } },
      { name: 'material', params: { group: 'corpus', name: 'brown' } },
      { name: 'pipelines', query: { open: 'my-encoder' } },
      { name: 'pipelines', query: { preset: 'bert-tiny' } },
      { name: 'study', params: { study: 'words-on-mails' } },
      { name: 'sweep', params: { sweep: 'mails-rates' } },
    ]);
  });
});
