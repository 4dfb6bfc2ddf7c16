/**
 * The three targets of the desktop lab, built into out/: `main` (Node: the Electron entry, the trainer process, the
 * command line), `preload` (one CommonJS file, because sandboxed preload scripts cannot be modules) and `renderer`.
 */
import { existsSync } from 'node:fs';
import path from 'node:path';
import vue from '@vitejs/plugin-vue';
import { defineConfig } from 'electron-vite';
import { filesByAddress } from './scripts/files-by-address.ts';
import { playerFiles } from './scripts/player.ts';

const root = import.meta.dirname;

/** Process entries. A module that is started as a worker needs no line here: see scripts/files-by-address.ts. */
const mainEntries = Object.fromEntries(
  Object.entries({
    index: 'src/main/index.ts',
    cli: 'src/main/cli.ts',
    trainer: 'src/main/hosts/trainer/index.ts',
    worker: 'src/main/hosts/worker/index.ts',
  }).filter(([, file]) => existsSync(path.join(root, file))),
);

export default defineConfig({
  main: {
    plugins: [filesByAddress(), playerFiles()],
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
      minify: true, // electron-vite does not by itself
      modulePreload: { polyfill: false },
      rolldownOptions: {
        input: path.join(root, 'src/renderer/index.html'),
        // What stands around every page and the first page come as one file: fewer, and none that is found out about late.
        output: {
          codeSplitting: { groups: [{ name: 'frame', test: /renderer[\\/]src[\\/](?:app|features[\\/]home)[\\/]/ }] },
        },
      },
    },
  },
});
