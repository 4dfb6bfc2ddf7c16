/** Where Electron's program is. Its package downloads it when it is installed, which not every network allows. */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

/** Undefined where there is none. */
export function electronProgram(root: string): string | undefined {
  try {
    const folder = path.dirname(createRequire(path.join(root, 'package.json')).resolve('electron/package.json'));
    const program = path.join(folder, 'dist', readFileSync(path.join(folder, 'path.txt'), 'utf8').trim());
    return existsSync(program) ? program : undefined;
  } catch {
    return undefined;
  }
}
