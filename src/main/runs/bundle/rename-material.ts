/** Gives material of an unpacked bundle another name, in its own manifest and wherever runs and studies of the bundle name it. */
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { groupOfKind } from '../../../shared/spec/data-kind.ts';
import { storedExperiment } from '../../../shared/spec/experiment/index.ts';
import { replaceListed } from '../../files/checksums.ts';
import { materialFolder } from '../../workspace/catalogue.ts';
import { readJson, runFolder, runOrigin, writeJson } from '../../workspace/run-folder.ts';
import type { Workspace } from '../../workspace/workspace.ts';
import type { BundleManifest } from './manifest.ts';

/** Everything happens inside of the unpacked bundle, before anything of it is in the workspace. Throws what the file system says. */
export async function renameMaterial(
  inside: Workspace,
  { runs, files }: BundleManifest,
  group: 'corpus' | 'dataset',
  from: string,
  to: string,
): Promise<void> {
  const folder = materialFolder(inside, group, to);
  await rename(materialFolder(inside, group, from), folder);
  const manifest = join(folder, 'manifest.json');
  await replaceListed(
    manifest,
    rewritten(await readFile(manifest, 'utf8'), (value) => ({ ...value, name: to })),
  );
  for (const { id } of runs) {
    const run = runFolder(join(inside.runs, id));
    const origin = await readJson(run.origin, runOrigin);
    if (origin.data.name !== from || groupOfKind(origin.data.kind) !== group) continue;
    await writeJson(run.origin, { ...origin, data: { ...origin.data, name: to } });
    await writeJson(run.spec, { ...(await readJson(run.spec, storedExperiment)), data: to });
  }
  for (const path of Object.keys(files).filter((one) => one.startsWith('studies/') && one.endsWith('.spec.json'))) {
    const file = join(inside.folder, path);
    await writeFile(
      file,
      rewritten(await readFile(file, 'utf8'), (value) => withData(value, from, to)),
    );
  }
}

function rewritten(text: string, change: (value: Readonly<Record<string, unknown>>) => unknown): string {
  const value = JSON.parse(text) as Readonly<Record<string, unknown>>; // written by the lab as an object
  return `${JSON.stringify(change(value), null, 2)}\n`;
}

/** Every member `data` that is the name, at any depth: studies have it in their base and in what their arms change. */
function withData(value: unknown, from: string, to: string): unknown {
  if (Array.isArray(value)) return value.map((one) => withData(one, from, to));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [key, key === 'data' && one === from ? to : withData(one, from, to)]),
  );
}
