/** Answers as tables: the label, a bar for those who see, the probability. */
import type { PredictionAnswer } from '../main/tasks/index.ts';
import { formatNumber, formatPercent } from '../shared/display.ts';
import { element } from './elements.ts';

export function answerTables(answers: readonly PredictionAnswer[]): HTMLElement[] {
  return answers.map(({ question, choices, value, words }) => {
    if (words) {
      return element('p', {}, ...words.flatMap(({ word, tag }) => [`${word} `, element('small', {}, tag), ' ']));
    }
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
    return element('table', {}, element('caption', {}, question), head, element('tbody', {}, ...rows));
  });
}
