/**
 * A build plugin for files that are named by address. Source files name the files they start or read as
 * `new URL('./worker.ts', import.meta.url)`, which is right when Node runs the sources. For the build, this makes a
 * chunk of a TypeScript file and an asset of any other, and puts in the address it gets.
 */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Plugin } from 'vite';

const addressOfFile = /new URL\(\s*(['"])(\.{1,2}\/[^'"]+)\1,\s*import\.meta\.url,?\s*\)/g;

export function filesByAddress(): Plugin {
  return {
    name: 'files-by-address',
    apply: 'build',
    enforce: 'pre', // before Vite's own idea of addresses, which is made for web pages
    // Builds for Node leave assets out unless told.
    config: () => ({ build: { emitAssets: true } }),
    transform(code, id) {
      if (!code.includes('import.meta.url')) return null;
      const replaced = code.replace(addressOfFile, (whole, _quote: string, relative: string) => {
        const file = path.resolve(path.dirname(id), relative);
        if (!existsSync(file)) this.error(`${id}: ${whole}: there is no such file`);
        const reference = file.endsWith('.ts')
          ? this.emitFile({ type: 'chunk', id: file })
          : this.emitFile({ type: 'asset', name: path.basename(file), source: readFileSync(file) });
        return `new URL(import.meta.ROLLUP_FILE_URL_${reference})`;
      });
      // Replacements stay on their line, so the map that exists is right but for columns.
      return replaced === code ? null : { code: replaced, map: null };
    },
    /** Relative to the built file that asks, wherever the build is moved to. */
    resolveFileUrl({ relativePath }) {
      return `new URL('${relativePath}', import.meta.url).href`;
    },
  };
}
