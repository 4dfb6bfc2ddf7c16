/** Views of the list of runs that a person has kept: a name, and what is filtered, grouped, sorted and shown, as the address has it. */
import { defineStore } from 'pinia';
import { ref } from 'vue';
import { z } from 'zod';

const storageKey = 'pretext-run-views';
const runViews = z.array(z.object({ name: z.string().min(1), query: z.record(z.string(), z.string()) }));
export type RunView = z.infer<typeof runViews>[number];

function storedViews(): RunView[] {
  try {
    return runViews.parse(JSON.parse(localStorage.getItem(storageKey) ?? '[]'));
  } catch {
    return []; // of another version, or no storage at all
  }
}

export const useRunViewStore = defineStore('run-views', () => {
  const views = ref<readonly RunView[]>(storedViews());

  function store(changed: readonly RunView[]): void {
    views.value = changed.toSorted((one, other) => one.name.localeCompare(other.name));
    try {
      localStorage.setItem(storageKey, JSON.stringify(views.value));
    } catch {
      // They then last as long as the page.
    }
  }

  return {
    views,
    /** Takes the place of one of the same name. */
    save(view: RunView): void {
      store([...views.value.filter(({ name }) => name !== view.name), view]);
    },
    remove(name: string): void {
      store(views.value.filter((view) => view.name !== name));
    },
  };
});
