/**
 * Compiled code is kept between starts, in the user's own cache folder: stripping the types of the sources and compiling them
 * is more than half of what a start takes. It is not Node's default folder, which is in the one for temporary files and could
 * be prepared by another user of the machine. https://nodejs.org/api/module.html#module-compile-cache
 */
import { enableCompileCache } from 'node:module';
import { join } from 'node:path';
import { cacheFolder } from '../../files/cache-folder.ts';

/** Before anything else is imported. Never fails: without a folder that can be written, starts take as long as they do. */
export function keepCompiledCode(): void {
  const folder = process.env.NODE_COMPILE_CACHE ?? join(cacheFolder(), 'compiled');
  const { directory } = enableCompileCache(folder);
  if (directory !== undefined) process.env.NODE_COMPILE_CACHE = folder; // for trainers and workers
}
