/** How charts are drawn, the same on every page; kept in the browser's storage. */
import { defineStore } from 'pinia';
import { reactive, toRefs, watch } from 'vue';
import { z } from 'zod';
import { DEFAULT_SMOOTHING } from '../../../shared/smoothing.ts';

const storageKey = 'pretext-charts';

const settingsSchema = z.object({
  axis: z.enum(['step', 'relative', 'wall']).catch('step'),
  smoothing: z.number().min(0).max(0.99).catch(DEFAULT_SMOOTHING),
  ignoreOutliers: z.boolean().catch(true),
});

function stored(): z.infer<typeof settingsSchema> {
  try {
    return settingsSchema.parse(JSON.parse(localStorage.getItem(storageKey) ?? '{}'));
  } catch {
    return settingsSchema.parse({});
  }
}

export const useChartSettings = defineStore('chart-settings', () => {
  const settings = reactive(stored());
  watch(settings, (chosen) => {
    try {
      localStorage.setItem(storageKey, JSON.stringify(chosen));
    } catch {
      // The choice then lasts as long as the page.
    }
  });
  return toRefs(settings);
});
