/** The version of this lab, as in its package.json. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

const manifest = z.object({ name: z.string(), version: z.string() });

let known: string | undefined;

/** The nearest package.json above this file is ours, in a checkout as in a build. */
export function labVersion(): string {
  known ??= findVersion(dirname(fileURLToPath(import.meta.url)));
  return known;
}

function findVersion(folder: string): string {
  const file = join(folder, 'package.json');
  if (existsSync(file)) return manifest.parse(JSON.parse(readFileSync(file, 'utf8'))).version;
  return dirname(folder) === folder ? 'unknown' : findVersion(dirname(folder));
}
