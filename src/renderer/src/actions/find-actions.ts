/** The palette's search: every word has to be found, at the beginning of a word of the title, or else anywhere. */
import type { Action } from './action.ts';

export function findActions(actions: readonly Action[], query: string): readonly Action[] {
  const words = query
    .toLowerCase()
    .split(/\s+/u)
    .filter((word) => word !== '');
  if (words.length === 0) return actions;
  return actions
    .map((action) => ({ action, score: words.reduce((sum, word) => sum * scoreOf(action, word), 1) }))
    .filter(({ score }) => score > 0)
    .toSorted((one, other) => other.score - one.score)
    .map(({ action }) => action);
}

function scoreOf({ title, section, keywords = '' }: Action, word: string): number {
  const name = title.toLowerCase();
  if (name.startsWith(word)) return 8;
  if (name.split(/[\s:,–-]+/u).some((part) => part.startsWith(word))) return 4;
  if (name.includes(word)) return 2;
  return `${section} ${keywords}`.toLowerCase().includes(word) ? 1 : 0;
}
