/**
 * The experiment that is being written, with the suggestion that it began with; it stays while other pages are visited and when the
 * window is loaded again. Every change can be undone.
 */
import { defineStore } from 'pinia';
import { computed, ref, shallowRef, watch } from 'vue';
import { z } from 'zod';
import type { JsonObject } from '../../components/schema-form/fields.ts';
import { createHistory } from '../../composables/history.ts';
import { readDraft, writeDraft } from '../../stores/draft-storage.ts';
import { useUnsavedStore } from '../../stores/unsaved.ts';
import type { Suggested } from './carry-over.ts';

const storageKey = 'pretext-experiment-draft';
const object = z.record(z.string(), z.unknown());
const stored = z.object({ spec: object, suggestion: object, saved: z.string() });
const nothing: Suggested = { spec: {}, suggestion: {} };

export const useExperimentDraft = defineStore('experiment-draft', () => {
  const restored = readDraft(storageKey, stored);
  const history = shallowRef(createHistory<Suggested>(restored ?? nothing));
  const spec = computed(() => history.value.present.spec);
  /** The spec, as JSON, that is nobody's work yet or is kept elsewhere. */
  const saved = ref(restored?.saved ?? JSON.stringify({}));

  watch([history, saved], () => {
    writeDraft(storageKey, { ...history.value.present, saved: saved.value });
  });
  useUnsavedStore().hold('experiment', () => JSON.stringify(spec.value) !== saved.value);

  function begin(begun: Suggested): void {
    history.value = history.value.record({ spec: begun.spec, suggestion: begun.suggestion });
    saved.value = JSON.stringify(begun.spec);
  }

  return {
    spec,
    suggested: computed(() => history.value.present),
    canUndo: computed(() => history.value.past.length > 0),
    /** `label` joins changes of the same control into one. */
    change(changed: JsonObject, label?: string): void {
      history.value = history.value.record({ ...history.value.present, spec: changed }, label);
    },
    /** Begins with a suggestion that nobody has touched. */
    suggest(suggestion: JsonObject): void {
      begin({ spec: suggestion, suggestion });
    },
    /** Another suggestion, with what was taken over from the draft before it. */
    carryOver(carried: JsonObject, suggestion: JsonObject): void {
      history.value = history.value.record({ spec: carried, suggestion });
    },
    /** Begins with somebody's experiment. */
    open(opened: JsonObject): void {
      begin({ spec: opened, suggestion: {} });
    },
    /** Says that the experiment as it is now is saved, or runs. */
    keep(): void {
      saved.value = JSON.stringify(spec.value);
    },
    undo(): void {
      history.value = history.value.undo();
    },
    clear(): void {
      begin(nothing);
    },
  };
});
