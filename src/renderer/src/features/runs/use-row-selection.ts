/** Which runs of a table are selected: one by one, with Shift from one to another, all at once. */
import type { ComputedRef, Ref } from 'vue';
import { computed } from 'vue';
import type { Run } from '../../../../shared/contract/runs.ts';

export interface RunGroup {
  readonly title: string;
  readonly runs: readonly Run[];
}

export type Row =
  | { readonly kind: 'group'; readonly title: string; readonly count: number }
  | { readonly kind: 'run'; readonly run: Run };

export interface RowSelection {
  readonly allSelected: ComputedRef<boolean>;
  toggle(id: string): void;
  toggleAll(): void;
  /** A click on the box of a row. */
  onClick(event: MouseEvent, index: number, id: string): void;
  /** Selects up to a row: from where the range begins already, or else from the row `from`. */
  extend(from: number, to: number): void;
  /** The next range begins anew. */
  endRange(): void;
}

export function useRowSelection(rows: Readonly<Ref<readonly Row[]>>, selected: Ref<ReadonlySet<string>>): RowSelection {
  /** Where a range begins that is selected with Shift. */
  let anchor: number | undefined;
  const allIds = computed(() => rows.value.flatMap((row) => (row.kind === 'run' ? [row.run.id] : [])));
  const allSelected = computed(() => allIds.value.length > 0 && allIds.value.every((id) => selected.value.has(id)));

  function toggle(id: string): void {
    const next = new Set(selected.value);
    if (!next.delete(id)) next.add(id);
    selected.value = next;
    anchor = rows.value.findIndex((row) => row.kind === 'run' && row.run.id === id);
  }

  function selectRange(from: number, to: number, isSelected: boolean): void {
    const next = new Set(selected.value);
    for (const row of rows.value.slice(Math.min(from, to), Math.max(from, to) + 1)) {
      if (row.kind !== 'run') continue;
      if (isSelected) next.add(row.run.id);
      else next.delete(row.run.id);
    }
    selected.value = next;
  }

  return {
    allSelected,
    toggle,
    toggleAll() {
      selected.value = new Set(allSelected.value ? [] : allIds.value);
    },
    onClick({ shiftKey, target }, index, id) {
      const isSelected = target instanceof HTMLInputElement && target.checked;
      if (shiftKey && anchor !== undefined) selectRange(anchor, index, isSelected);
      else toggle(id);
    },
    extend(from, to) {
      anchor ??= from;
      selectRange(anchor, to, true);
    },
    endRange() {
      anchor = undefined;
    },
  };
}
