// @vitest-environment happy-dom
// The table of runs for keyboards and readers: what it says of rows that are not in the document, and where the focus stays.
import type { VueWrapper } from '@vue/test-utils';
import { flushPromises, mount } from '@vue/test-utils';
import { afterEach, describe, expect, it } from 'vitest';
import { createMemoryHistory, createRouter } from 'vue-router';
import RunsTable from '../../../src/renderer/src/features/runs/RunsTable.vue';
import type { Run } from '../../../src/shared/contract/runs.ts';

function runNamed(id: string): Run {
  return {
    ...{ id, name: id, state: 'finished', paused: false, task: 'masked-words', taskKind: 'pretext', data: 'brown' },
    method: 'training',
    ...{ seed: 0, splitSeed: 0, queuePosition: null, from: null, createdAt: 0, startedAt: 0, finishedAt: 1 },
    ...{ step: 10, totalSteps: 10, phase: null, remainingMilliseconds: null, examplesPerSecond: null, loss: 1 },
    ...{ selection: { metric: 'loss', direction: 'minimise', best: 1, step: 10 }, metrics: {}, parameters: null },
    ...{
      engine: null,
      failure: null,
      resumable: null,
      tags: [],
      notes: '',
      archived: false,
      pinned: false,
      study: null,
    },
  };
}

const runs = Array.from({ length: 500 }, (_, index) => runNamed(`run-${index}`));
/** As much of the page as is asked here: these tests are compiled without the types of browsers. */
interface PageElement {
  scrollTop: number;
  focus(): void;
}
const { document, requestAnimationFrame } = globalThis as unknown as {
  document: { body: string; activeElement: unknown };
  requestAnimationFrame(then: (time: number) => void): void;
};
const elementOf = (found: { readonly element: unknown }): PageElement => found.element as PageElement;
let wrapper: VueWrapper | undefined;

async function mounted(
  groups: readonly { readonly title: string; readonly runs: readonly Run[] }[],
  more: Readonly<Record<string, unknown>> = {},
) {
  const router = createRouter({
    history: createMemoryHistory(),
    routes: [
      { path: '/runs/:id', name: 'run', component: { template: '' } },
      { path: '/', component: { template: '' } },
    ],
  });
  const table = mount(RunsTable, {
    props: { groups, sort: 'name', descending: false, selected: new Set<string>(), ...more },
    global: { plugins: [router] },
    attachTo: document.body,
  });
  await table.setProps({
    'onUpdate:selected': (selected: ReadonlySet<string>) => void table.setProps({ selected: new Set(selected) }),
  });
  wrapper = table;
  const focusedRow = () => table.findAll('[data-index]').find(({ element }) => element === document.activeElement);
  const focused = (): string | undefined => focusedRow()?.find('a').attributes('aria-label');
  const press = async (key: string, modifiers: Readonly<Record<string, boolean>> = {}): Promise<void> => {
    await focusedRow()?.trigger('keydown', { key, ...modifiers });
    await flushPromises();
    await new Promise((resolve) => requestAnimationFrame(resolve)); // asked for after the table's, in which the focus moves
  };
  return { table, router, focused, press };
}

describe('the table of runs', () => {
  afterEach(() => {
    wrapper?.unmount();
  });

  it('has the columns that were chosen, in their order, with values of spec and result', async () => {
    const { table } = await mounted([{ title: '', runs: runs.slice(0, 1) }], {
      columns: [
        { field: 'metrics.test.accuracy', title: 'Test accuracy', number: true },
        { field: 'data', title: 'Data' },
      ],
      values: new Map([['run-0', new Map([['metrics.test.accuracy', 0.91234]])]]),
    });
    expect(table.findAll('thead button').map((one) => one.text())).toEqual(['Run↑', 'Test accuracy', 'Data']);
    expect(table.findAll('tbody td').map((one) => one.text())).toEqual(['', '0.9123', 'brown']);
  });

  it('puts the runs of a group away, by keys and clicks, and tells so', async () => {
    const { table, press } = await mounted([
      { title: 'seed: 0', runs: runs.slice(0, 3) },
      { title: 'seed: 1', runs: runs.slice(3, 5) },
    ]);
    const [first] = table.findAll('.group');
    const names = () => table.findAll('tbody a').map((one) => one.attributes('aria-label'));
    await first!.trigger('click');
    expect(names()).toEqual(['run-3', 'run-4']);
    expect(first!.get('button').attributes('aria-expanded')).toBe('false');
    elementOf(first!).focus();
    await press('Enter');
    expect(names()).toHaveLength(5);
    expect(first!.get('button').attributes('aria-expanded')).toBe('true');
  });

  it('tells how many rows there are and which one each is, headings of groups included', async () => {
    const { table } = await mounted([
      { title: 'seed: 0', runs: runs.slice(0, 3) },
      { title: 'seed: 1', runs: runs.slice(3) },
    ]);
    const grid = table.get('[role=grid]');
    expect(grid.attributes()).toMatchObject({
      'aria-label': 'Runs',
      'aria-rowcount': '503',
      'aria-multiselectable': 'true',
    });
    const rows = grid.findAll('tr:not(.spacer)');
    expect(rows.length).toBeLessThan(100); // only those in sight are in the document
    expect(rows.map((row) => row.attributes('aria-rowindex'))).toEqual(rows.map((_, index) => String(index + 1)));
    expect(grid.findAll('[tabindex="0"]')).toHaveLength(1); // one stop for Tab
  });

  it('keeps the row with the focus in the document while others are scrolled through', async () => {
    const { table, focused, press } = await mounted([{ title: '', runs }]);
    elementOf(table.get('[data-index="0"]')).focus();
    await press('ArrowDown');
    expect(focused()).toBe('run-1');
    elementOf(table).scrollTop = 400 * 40;
    await table.trigger('scroll');
    await flushPromises();
    expect(table.find('[data-index="400"]').exists()).toBe(true);
    expect(table.find('[data-index="20"]').exists()).toBe(false);
    expect(focused()).toBe('run-1');
    const heights = table
      .findAll('.spacer')
      .map((row) => Number.parseFloat(row.attributes('style')?.split(':')[1] ?? ''));
    expect(heights.reduce((sum, height) => sum + height, 0) / 40 + table.findAll('[data-index]').length).toBe(500);
    await press('ArrowDown');
    expect(focused()).toBe('run-2');
  });

  it('is worked by keys: space selects, Shift selects on the way, Control and A all, Enter opens', async () => {
    const { table, router, press } = await mounted([{ title: '', runs }]);
    const selected = (): string[] => [...(table.props('selected') as ReadonlySet<string>)];
    elementOf(table.get('[data-index="0"]')).focus();
    await press(' ');
    await press('ArrowDown', { shiftKey: true });
    await press('ArrowDown', { shiftKey: true });
    expect(selected()).toEqual(['run-0', 'run-1', 'run-2']);
    expect(table.get('[data-index="2"]').attributes('aria-selected')).toBe('true');
    expect(table.get('[data-index="3"]').attributes('aria-selected')).toBe('false');
    await press('End');
    await press('ArrowUp', { shiftKey: true });
    expect(selected()).toEqual(['run-0', 'run-1', 'run-2', 'run-498', 'run-499']);
    await press('a', { ctrlKey: true });
    expect(selected()).toHaveLength(500);
    await press('Enter');
    await flushPromises();
    expect(router.currentRoute.value.params.id).toBe('run-498');
  });

  it('goes on with the same run when others come before it, and with the next one when it is gone', async () => {
    const { table, focused, press } = await mounted([{ title: '', runs: runs.slice(10, 15) }]);
    elementOf(table.get('[data-index="0"]')).focus();
    await press('ArrowDown');
    expect(focused()).toBe('run-11');
    await table.setProps({ groups: [{ title: '', runs: runs.slice(5, 15) }] });
    await press('ArrowDown');
    expect(focused()).toBe('run-12');
    await table.setProps({ groups: [{ title: '', runs: [...runs.slice(5, 12), ...runs.slice(13, 15)] }] });
    await flushPromises();
    expect(focused()).toBe('run-13');
  });
});
