/** The version of this lab, as in its package.json, and where that is. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { LabError } from '../../shared/errors.ts';

const manifest = z.object({ name: z.string(), version: z.string() });

let known: string | undefined;

export function labVersion(): string {
  known ??= manifest.parse(JSON.parse(readFileSync(join(packageFolder(), 'package.json'), 'utf8'))).version;
  return known;
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
