/** All actions there are at the moment: those of the lab, and those of the page that is shown. */
import { defineStore } from 'pinia';
import { computed, shallowReactive, ref } from 'vue';
import type { Action } from './action.ts';
import { isEnabled } from './action.ts';

export const useActionStore = defineStore('actions', () => {
  const byOwner = shallowReactive(new Map<symbol, readonly Action[]>());
  /** Later owners win where two have the same id. */
  const all = computed(() => {
    const byId = new Map<string, Action>();
    for (const actions of byOwner.values()) for (const action of actions) byId.set(action.id, action);
    return [...byId.values()];
  });

  const paletteOpen = ref(false);
  const shortcutsOpen = ref(false);

  return {
    all,
    paletteOpen,
    shortcutsOpen,
    register: (owner: symbol, actions: readonly Action[]) => {
      byOwner.set(owner, actions);
    },
    unregister: (owner: symbol) => {
      byOwner.delete(owner);
    },
    /** Performs an action by its id; false when it is not there or not enabled. */
    perform: (id: string): boolean => {
      const action = all.value.find((candidate) => candidate.id === id);
      if (action === undefined || !isEnabled(action)) return false;
      void action.run();
      return true;
    },
  };
});
