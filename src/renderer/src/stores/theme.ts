/** Light, dark or as the system: kept in the browser's storage, applied as `data-theme` on the document. */
import { defineStore } from 'pinia';
import { ref, watch } from 'vue';

export const themes = ['system', 'light', 'dark'] as const;
export type Theme = (typeof themes)[number];

const storageKey = 'pretext-theme';

/** The stored choice; storage may be forbidden, empty, or hold what an older lab wrote. */
function storedTheme(): Theme {
  try {
    const stored = localStorage.getItem(storageKey);
    return themes.find((theme) => theme === stored) ?? 'system';
  } catch {
    return 'system';
  }
}

function store(theme: Theme): void {
  try {
    localStorage.setItem(storageKey, theme);
  } catch {
    // The choice then lasts as long as the page.
  }
}

export const useThemeStore = defineStore('theme', () => {
  const theme = ref<Theme>(storedTheme());
  watch(
    theme,
    (chosen) => {
      if (chosen === 'system') delete document.documentElement.dataset.theme;
      else document.documentElement.dataset.theme = chosen;
      store(chosen);
    },
    { immediate: true },
  );
  return { theme };
});
