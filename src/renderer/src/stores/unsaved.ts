/** Work that would be lost if the window were closed now: whoever holds some says so, and the frame asks before it is left. */
import { defineStore } from 'pinia';
import { reactive } from 'vue';

export const useUnsavedStore = defineStore('unsaved', () => {
  const holders = reactive(new Map<string, () => boolean>());

  return {
    hold(name: string, isUnsaved: () => boolean): void {
      holders.set(name, isUnsaved);
    },
    hasUnsaved: (): boolean => [...holders.values()].some((isUnsaved) => isUnsaved()),
  };
});
