/** The version of this lab, as in its package.json, and where that is. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { LabError } from '../../shared/errors.ts';

let known: string | undefined;

export function labVersion(): string {
  known ??= readVersion(join(packageFolder(), 'package.json'));
  return known;
}

/** By hand: each start of the command line reads it, and zod takes longer to load than all that the help needs. */
function readVersion(file: string): string {
  const manifest: unknown = JSON.parse(readFileSync(file, 'utf8'));
  if (typeof manifest === 'object' && manifest !== null && 'version' in manifest) {
    if (typeof manifest.version === 'string') return manifest.version;
  }
  throw new LabError('internal', `${file} has no version`);
}

/** The nearest folder above this file with a package.json: the checkout, or where the lab is installed. */
export function packageFolder(): string {
  for (let folder = import.meta.dirname; ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json'))) return folder;
    if (dirname(folder) === folder) {
      throw new LabError('internal', `there is no package.json above ${import.meta.dirname}`);
    }
  }
}
