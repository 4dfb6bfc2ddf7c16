import { describe, expect, it } from 'vitest';
import { createSentenceSplitter } from '../../src/main/data/text/sentences.ts';

describe('sentences', () => {
  it('are cut by language, over wrapped lines but not over headings and lists', () => {
    const text = [
      'A short heading',
      'This is a sentence that was wrapped by a program somewhere in its',
      'middle. And the second one asks, was it not? Yes.',
      '- a list item',
      '',
      'New paragraph.',
    ].join('\n');
    expect(createSentenceSplitter('en')(text)).toEqual([
      'A short heading',
      'This is a sentence that was wrapped by a program somewhere in its middle.',
      'And the second one asks, was it not?',
      'Yes.',
      '- a list item',
      'New paragraph.',
    ]);
    expect(createSentenceSplitter('ja')('今日は。明日。')).toEqual(['今日は。', '明日。']);
  });

  it('keep every character of long texts without paragraphs', () => {
    const text = `${'😀a b'.repeat(30_000)}.`;
    expect(createSentenceSplitter('en')(text).join('').replaceAll(' ', '')).toBe(text.replaceAll(' ', ''));
  });
});
