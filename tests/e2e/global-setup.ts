// Once for all tests in a browser: Chromium is there, and the pages and the preload script are built from the sources as they
// are now, into a folder of their own. A test never sees what an earlier build left.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { InlineConfig } from 'vite';
import { build } from 'vite';
import type { TestProject } from 'vitest/node';
import config from '../../electron.vite.config.ts';
import { requireChromium } from '../../scripts/chromium.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    readonly chromium: string;
    /** Holds `renderer` and `preload/index.cjs`, as `out` does. */
    readonly built: string;
  }
}

export async function setup({ provide }: TestProject): Promise<() => Promise<void>> {
  const chromium = requireChromium();
  const folder = await mkdtemp(join(tmpdir(), 'pretext-pages-'));
  const { renderer, preload } = config as { readonly renderer: InlineConfig; readonly preload: InlineConfig }; // an object, in our own file
  const shared = { configFile: false, logLevel: 'error' } as const;
  await build({
    ...renderer,
    ...shared,
    build: { ...renderer.build, outDir: join(folder, 'renderer'), emptyOutDir: true, reportCompressedSize: false },
  });
  const { input } = preload.build?.rolldownOptions ?? {};
  await build({
    ...shared,
    root: import.meta.dirname,
    build: {
      outDir: join(folder, 'preload'),
      minify: false,
      reportCompressedSize: false,
      lib: {
        entry: Object.values(input as Record<string, string>).map((file) => join(import.meta.dirname, '../..', file)),
        formats: ['cjs'],
        fileName: () => 'index.cjs',
      },
      rolldownOptions: { external: ['electron'] },
    },
  });
  provide('chromium', chromium);
  provide('built', folder);
  return async () => {
    await rm(folder, { recursive: true, force: true });
  };
}
