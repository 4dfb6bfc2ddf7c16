/** Answers as tables: the label, a bar for those who see, the probability. */
import { wavBytes } from '../main/data/audio/write-wav.ts';
import type { PredictionAnswer, SpokenAnswer } from '../main/tasks/index.ts';
import { formatNumber, formatPercent } from '../shared/display.ts';
import { element } from './elements.ts';
import { drawPicture } from './pictures.ts';

export function answerTables(answers: readonly PredictionAnswer[]): HTMLElement[] {
  return answers.map(({ question, choices, value, words, alignment, speech }) => {
    if (speech) return soundOf(speech);
    if (words) return taggedText(words);
    if (value !== undefined) return element('p', {}, `${question}: `, element('strong', {}, formatNumber(value)));
    const rows = choices.map(({ label, probability, continuation, isChosen }) => {
      // Widths come from the element, not from an attribute of style, which the page's policy forbids.
      const bar = element('meter', { min: '0', max: '1', value: String(probability), 'aria-hidden': 'true' });
      return element(
        'tr',
        {},
        element('th', { scope: 'row' }, `${continuation ?? label}${isChosen ? ' ✓' : ''}`),
        element('td', { class: 'bar' }, bar),
        element('td', { class: 'number' }, formatPercent(probability)),
      );
    });
    const head = element(
      'thead',
      { class: 'visually-hidden' },
      element('tr', {}, ...['Answer', 'Bar', 'Probability'].map((title) => element('th', { scope: 'col' }, title))),
    );
    const table = element('table', {}, element('caption', {}, question), head, element('tbody', {}, ...rows));
    return alignment ? element('div', {}, ...alignedRows(alignment), table) : table;
  });
}

/** Entities as marks with their type, other tags behind their words. */
function taggedText(words: NonNullable<PredictionAnswer['words']>): HTMLElement {
  if (!words.every(({ tag }) => tag === 'O' || /^[BI]-./u.test(tag))) {
    return element('p', {}, ...words.flatMap(({ word, tag }) => [`${word} `, element('small', {}, tag), ' ']));
  }
  const parts: { text: string; type: string }[] = [];
  for (const { word, tag } of words) {
    const last = parts.at(-1);
    if (tag.startsWith('I-') && last) last.text += ` ${word}`;
    else parts.push({ text: word, type: tag === 'O' ? '' : tag.slice(2) });
  }
  const shown = parts.flatMap(({ text, type }) => [
    type === '' ? text : element('mark', {}, `${text} `, element('small', {}, type)),
    ' ',
  ]);
  return element('p', {}, ...shown);
}

/** The rows of an alignment, with | where a column is more likely right than not, and how likely every pair of residues is. */
function alignedRows({
  first,
  second,
  probabilities,
  pairs,
}: NonNullable<PredictionAnswer['alignment']>): HTMLElement[] {
  const marks = probabilities.map((sure) => (sure === null ? ' ' : sure >= 0.5 ? '|' : ':')).join('');
  const [height, width] = [first, second].map((row) => row.replaceAll('-', '').length) as [number, number]; // two rows
  const pixels = Uint8Array.from(pairs, (sure) => Math.round(255 * (1 - sure)));
  const plot = drawPicture({ width, height, channels: 1, pixels }, 'Dot plot: dark where two residues belong together');
  return [element('pre', {}, [first, marks, second].join('\n')), plot];
}

function soundOf({ samples, rate, characters }: SpokenAnswer): HTMLElement {
  const file = new Blob([wavBytes(samples, rate)], { type: 'audio/wav' });
  const said = characters.map(({ character }) => character).join('');
  const sound = element('audio', { controls: '', src: URL.createObjectURL(file), 'aria-label': `Speech: ${said}` });
  return element('figure', {}, sound, element('figcaption', {}, said));
}
