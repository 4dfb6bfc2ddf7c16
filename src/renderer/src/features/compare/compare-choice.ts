/** What is compared and how, as kept in the page's address: a comparison can be sent as a link. */
import type { LocationQuery } from 'vue-router';

export const views = [
  { value: 'charts', title: 'Charts' },
  { value: 'table', title: 'Differences' },
  { value: 'parallel', title: 'Parallel coordinates' },
  { value: 'paired', title: 'Paired difference' },
] as const;
export type View = (typeof views)[number]['value'];

export interface CompareChoice {
  readonly runs: readonly string[];
  readonly hidden: readonly string[];
  /** A field of spec or result; empty for no groups. */
  readonly groupBy: string;
  readonly band: 'range' | 'deviation';
  readonly view: View;
}

export function choiceOf(query: LocationQuery): CompareChoice {
  const list = (name: string): string[] => {
    const value = query[name];
    return typeof value === 'string' ? [...new Set(value.split(',').filter((part) => part !== ''))] : [];
  };
  return {
    runs: list('runs').slice(0, 200),
    hidden: list('hidden'),
    groupBy: typeof query.group === 'string' ? query.group : '',
    band: query.band === 'deviation' ? 'deviation' : 'range',
    view: views.find(({ value }) => value === query.view)?.value ?? 'charts',
  };
}

export function queryOf({ runs, hidden, groupBy, band, view }: CompareChoice): Record<string, string> {
  const shown = hidden.filter((id) => runs.includes(id));
  const query = {
    runs: runs.join(','),
    hidden: shown.join(','),
    group: groupBy,
    band: band === 'range' ? '' : band,
    view: view === 'charts' ? '' : view,
  };
  return Object.fromEntries(Object.entries(query).filter(([, value]) => value !== ''));
}

/** Points for each line, so that all lines together stay quick to draw. */
export function pointsPerLine(lines: number): number {
  return Math.max(150, Math.min(1000, Math.floor(12_000 / Math.max(1, lines))));
}
