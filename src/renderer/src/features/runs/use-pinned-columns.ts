/** Columns that stay in sight while a table is scrolled sideways: each where those before it end, whatever their widths are. */
import type { Ref } from 'vue';
import { onBeforeUnmount, ref, watch } from 'vue';

/**
 * @param header the row of headers, whose cells name their columns in `data-column`
 * @param pinned the columns that stay, in their order, which are the first of the table
 * @returns the distance of a pinned column from the beginning of the table; undefined for others
 */
export function usePinnedColumns(
  header: Readonly<Ref<HTMLElement | null>>,
  pinned: () => readonly string[],
): (column: string) => string | undefined {
  const cells = (): HTMLElement[] => [...(header.value?.querySelectorAll<HTMLElement>('[data-column]') ?? [])];
  const starts = ref<ReadonlyMap<string, number>>(new Map());
  const measure = (): void => {
    let start = 0;
    const found = new Map<string, number>();
    for (const column of pinned()) {
      found.set(column, start);
      start += cells().find(({ dataset }) => dataset.column === column)?.offsetWidth ?? 0;
    }
    starts.value = found;
  };
  const observer = new ResizeObserver(measure);
  watch(
    [header, () => pinned().join()],
    () => {
      observer.disconnect();
      for (const cell of cells()) observer.observe(cell);
      measure();
    },
    { immediate: true, flush: 'post' },
  );
  onBeforeUnmount(() => {
    observer.disconnect();
  });
  return (column) => {
    const start = starts.value.get(column);
    return start === undefined ? undefined : `${start}px`;
  };
}
