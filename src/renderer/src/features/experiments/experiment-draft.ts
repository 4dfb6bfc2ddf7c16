/** The experiment that is being written; it stays while other pages are visited. Every change can be undone. */
import { defineStore } from 'pinia';
import { computed, shallowRef } from 'vue';
import type { JsonObject } from '../../components/schema-form/fields.ts';
import { createHistory } from '../../composables/history.ts';

export const useExperimentDraft = defineStore('experiment-draft', () => {
  const history = shallowRef(createHistory<JsonObject>({}));
  const spec = computed(() => history.value.present);

  return {
    spec,
    canUndo: computed(() => history.value.past.length > 0),
    /** `label` joins changes of the same control into one. */
    change(changed: JsonObject, label?: string): void {
      history.value = history.value.record(changed, label);
    },
    open(opened: JsonObject): void {
      history.value = history.value.record(opened);
    },
    undo(): void {
      history.value = history.value.undo();
    },
    clear(): void {
      history.value = history.value.record({});
    },
  };
});
