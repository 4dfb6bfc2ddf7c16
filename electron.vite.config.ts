/**
 * The three targets of the desktop lab, built into out/: `main` (Node: the Electron entry, the trainer process, the
 * command line), `preload` (one CommonJS file, because sandboxed preload scripts cannot be modules) and `renderer`.
 */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import vue from '@vitejs/plugin-vue';
import { defineConfig } from 'electron-vite';
import type { Plugin } from 'vite';

const root = import.meta.dirname;

/** Process entries. A module that is started as a worker needs no line here: see `filesByAddress`. */
const mainEntries = Object.fromEntries(
  Object.entries({
    index: 'src/main/index.ts',
    cli: 'src/main/cli.ts',
    trainer: 'src/main/hosts/trainer/index.ts',
  }).filter(([, file]) => existsSync(path.join(root, file))),
);

/**
 * Source files name the files they start or read as `new URL('./worker.ts', import.meta.url)`, which is right when Node
 * runs the sources. For the build, this makes a chunk of a TypeScript file and an asset of any other, and puts in its
 * address.
 */
function filesByAddress(): Plugin {
  const address = /new URL\(\s*(['"])(\.{1,2}\/[^'"]+)\1,\s*import\.meta\.url,?\s*\)/g;
  return {
    name: 'files-by-address',
    apply: 'build',
    transform(code, id) {
      if (!code.includes('import.meta.url')) return null;
      const replaced = code.replace(address, (whole, _quote: string, relative: string) => {
        const file = path.resolve(path.dirname(id), relative);
        if (!existsSync(file)) this.error(`${path.relative(root, id)}: ${whole}: there is no such file`);
        const reference = /\.ts$/.test(file)
          ? this.emitFile({ type: 'chunk', id: file })
          : this.emitFile({ type: 'asset', name: path.basename(file), source: readFileSync(file) });
        return `new URL(import.meta.ROLLUP_FILE_URL_${reference})`;
      });
      return replaced === code ? null : { code: replaced, map: null };
    },
  };
}

export default defineConfig({
  main: {
    plugins: [filesByAddress()],
    build: {
      // Dependencies with native parts cannot be bundled; all of them stay in node_modules.
      externalizeDeps: true,
      sourcemap: true,
      rolldownOptions: { input: mainEntries, output: { chunkFileNames: 'chunks/[name]-[hash].js' } },
    },
  },
  preload: {
    build: {
      externalizeDeps: false,
      rolldownOptions: {
        input: { index: 'src/preload/index.ts' },
        output: { format: 'cjs', entryFileNames: '[name].cjs' },
      },
    },
  },
  renderer: {
    root: path.join(root, 'src/renderer'),
    base: './',
    plugins: [vue()],
    build: {
      outDir: path.join(root, 'out/renderer'),
      emptyOutDir: true,
      modulePreload: { polyfill: false },
      rolldownOptions: { input: path.join(root, 'src/renderer/index.html') },
    },
  },
});
