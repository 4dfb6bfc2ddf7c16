/**
 * Files of a run's `artifacts` folder for whoever looks at the run: pictures and findings. Only plain files of known types are
 * listed, only what is listed is read, and nothing larger than a page can use.
 */
import { readFile, readdir, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import type { z } from 'zod';
import type { Artifact, artifactContent } from '../../shared/contract/artifacts.ts';
import { formatBytes } from '../../shared/display.ts';
import { LabError } from '../../shared/errors.ts';
import { unlessAbsent } from '../files/file-exists.ts';
import type { RunFolder } from '../workspace/run-folder.ts';

const mediaTypes: Readonly<Record<string, string>> = {
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.wav': 'audio/wav',
  '.json': 'application/json',
  '.jsonl': 'application/x-ndjson',
};

export const largestArtifactBytes = 8 * 1024 * 1024;

/** By name, a 2 before a 10. A run that has left nothing yet has none. */
export async function listArtifacts({ artifacts }: RunFolder): Promise<Artifact[]> {
  const entries = (await unlessAbsent(readdir(artifacts, { withFileTypes: true }))) ?? [];
  const found = await Promise.all(
    entries
      .filter((entry) => entry.isFile() && !entry.name.startsWith('.') && extname(entry.name) in mediaTypes)
      .map(async ({ name }): Promise<Artifact> => {
        const { size } = await stat(join(artifacts, name));
        const kind = /\.(png|svg)$/.test(name) ? 'picture' : name.endsWith('.wav') ? 'sound' : 'data';
        return { name, title: titleOf(name), kind, bytes: size, tooLarge: size > largestArtifactBytes };
      }),
  );
  return found.sort((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }));
}

/** Throws `LabError('not-found' | 'too-large')`. */
export async function readArtifact(run: RunFolder, name: string): Promise<z.infer<typeof artifactContent>> {
  const known = (await listArtifacts(run)).find((artifact) => artifact.name === name);
  if (!known) throw new LabError('not-found', `The run ${run.id} has no artifact '${name}'`, { run: run.id, name });
  const file = join(run.artifacts, name);
  if (known.tooLarge) {
    throw new LabError(
      'too-large',
      `${file} has ${formatBytes(known.bytes)}; pages get ${formatBytes(largestArtifactBytes)} at most. Open it in the run's folder`,
      { file, bytes: known.bytes },
    );
  }
  const content = await readFile(file);
  return { ...known, url: `data:${mediaTypes[extname(name)] ?? ''};base64,${content.toString('base64')}` };
}

/** `first-layer-filters.png` → `First layer filters`. */
function titleOf(name: string): string {
  const words = name.slice(0, -extname(name).length).replaceAll(/[-_.]+/g, ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}
