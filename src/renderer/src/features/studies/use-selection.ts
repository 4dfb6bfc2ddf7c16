/** One of several things on a form: what a person picked if it is still there, or else what suits best. */
import type { ComputedRef } from 'vue';
import { computed, ref } from 'vue';

export interface Selection<Item> {
  readonly all: ComputedRef<readonly Item[]>;
  /** Undefined if there is nothing to choose from. */
  readonly current: ComputedRef<Item | undefined>;
  readonly pick: (key: string) => void;
}

/** `suggested` says which one stands there until something is picked; without it that is the first. */
export function useSelection<Item>(
  all: () => readonly Item[],
  keyOf: (item: Item) => string,
  suggested: (items: readonly Item[]) => string | undefined = () => undefined,
): Selection<Item> {
  const picked = ref('');
  const items = computed(all);
  const current = computed(() => {
    const key = picked.value === '' ? suggested(items.value) : picked.value;
    return items.value.find((item) => keyOf(item) === key) ?? items.value[0];
  });
  return {
    all: items,
    current,
    pick: (key) => {
      picked.value = key;
    },
  };
}
