/**
 * Design tokens as colours for a canvas, which knows nothing of custom properties. `light-dark()` is resolved by the browser
 * on an element; the colours are read anew when the theme changes.
 */
import type { Ref } from 'vue';
import { onScopeDispose, shallowRef, watch } from 'vue';
import { useThemeStore } from '../stores/theme.ts';
import { pretrainedColour, scratchColour, seriesColours } from './palette.ts';

const names = [
  ...seriesColours,
  pretrainedColour,
  scratchColour,
  '--text-primary',
  '--text-secondary',
  '--line-subtle',
  '--line-control',
  '--surface-raised',
  '--surface-ground',
  '--focus-ring',
] as const;

/** Red, green, blue, each 0–255. */
type Channels = readonly [number, number, number];

export interface TokenColours {
  /** The colour of a token, with a share of opacity. */
  of(name: string, opacity?: number): string;
}

function readColours(): TokenColours {
  const probe = document.createElement('span');
  document.body.append(probe);
  const channels = new Map<string, Channels>();
  for (const name of names) {
    probe.style.color = `var(${name})`;
    const [red = 0, green = 0, blue = 0] = (getComputedStyle(probe).color.match(/\d+/g) ?? []).map(Number);
    channels.set(name, [red, green, blue]);
  }
  probe.remove();
  return {
    of(name, opacity = 1) {
      const [red, green, blue] = channels.get(name) ?? [128, 128, 128];
      return `rgba(${red}, ${green}, ${blue}, ${opacity})`;
    },
  };
}

export function useTokenColours(): Readonly<Ref<TokenColours>> {
  const colours = shallowRef(readColours());
  const themeStore = useThemeStore();
  const refresh = (): void => {
    colours.value = readColours();
  };
  // After the store's own watcher, which sets the attribute on the document.
  watch(() => themeStore.theme, refresh, { flush: 'post' });
  const system = window.matchMedia('(prefers-color-scheme: dark)');
  system.addEventListener('change', refresh);
  onScopeDispose(() => {
    system.removeEventListener('change', refresh);
  });
  return colours;
}
