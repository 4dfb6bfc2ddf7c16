/** What the list of runs is narrowed to and how it is ordered, as kept in the page's address. */
import type { LocationQuery } from 'vue-router';
import type { RunFilter, RunState } from '../../../../shared/contract/runs.ts';
import { defaultColumns } from './run-columns.ts';
import { allStates } from './run-state.ts';

export interface ListChoice {
  readonly text: string;
  readonly states: readonly RunState[];
  /** Of stopped runs: only those that were paused, or only the others. */
  readonly paused: boolean | null;
  readonly task: string;
  readonly tag: string;
  readonly study: string;
  readonly archived: boolean;
  /** A field of spec or result; empty for no groups. */
  readonly groupBy: string;
  /** A second field, within the groups of the first. */
  readonly thenBy: string;
  readonly sort: string;
  readonly descending: boolean;
  /** Fields beside the name, in their order. */
  readonly columns: readonly string[];
  /** Those of them that stay in sight while the others are scrolled. */
  readonly pinned: readonly string[];
}

export const defaultChoice: ListChoice = {
  text: '',
  states: [],
  paused: null,
  task: '',
  tag: '',
  study: '',
  archived: false,
  groupBy: '',
  thenBy: '',
  sort: 'createdAt',
  descending: true,
  columns: defaultColumns,
  pinned: [],
};

export function choiceOf(query: LocationQuery): ListChoice {
  const text = (name: string): string => {
    const value = query[name];
    return typeof value === 'string' ? value : '';
  };
  const columns = text('columns') === '' ? defaultColumns : text('columns').split(',');
  return {
    text: text('text'),
    states: allStates.filter((state) => text('states').split(',').includes(state)),
    paused: text('paused') === '' ? null : text('paused') === 'yes',
    task: text('task'),
    tag: text('tag'),
    study: text('study'),
    archived: text('archived') === 'yes',
    groupBy: text('group'),
    thenBy: text('group') === '' ? '' : text('then'),
    sort: text('sort') || defaultChoice.sort,
    descending: text('order') !== 'up',
    columns,
    pinned: columns.filter((field) => text('pinned').split(',').includes(field)),
  };
}

/** Only what is not as usual: addresses stay short. */
export function queryOf(choice: ListChoice): Record<string, string> {
  const query: Record<string, string> = {
    text: choice.text,
    states: choice.states.join(','),
    paused: choice.paused === null ? '' : choice.paused ? 'yes' : 'no',
    task: choice.task,
    tag: choice.tag,
    study: choice.study,
    archived: choice.archived ? 'yes' : '',
    group: choice.groupBy,
    then: choice.thenBy,
    sort: choice.sort === defaultChoice.sort ? '' : choice.sort,
    order: choice.descending ? '' : 'up',
    columns: choice.columns.join() === defaultColumns.join() ? '' : choice.columns.join(),
    pinned: choice.columns.filter((field) => choice.pinned.includes(field)).join(),
  };
  return Object.fromEntries(Object.entries(query).filter(([, value]) => value !== ''));
}

export function filterOf(choice: ListChoice): RunFilter {
  return {
    ...(choice.text === '' ? {} : { text: choice.text }),
    ...(choice.states.length === 0 ? {} : { states: [...choice.states] }),
    ...(choice.paused === null ? {} : { paused: choice.paused }),
    ...(choice.task === '' ? {} : { tasks: [choice.task] }),
    ...(choice.tag === '' ? {} : { tags: [choice.tag] }),
    ...(choice.study === '' ? {} : { study: choice.study }),
    archived: choice.archived,
  };
}

/** Whether anything narrows the list. */
export function isNarrowed(choice: ListChoice): boolean {
  return (
    choice.text !== '' ||
    choice.states.length > 0 ||
    choice.task !== '' ||
    choice.tag !== '' ||
    choice.study !== '' ||
    choice.archived
  );
}
