/** Reading and writing `manifest.json` of imported material. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { LabError, messageOf, reasonOf } from '../../shared/errors.ts';
import { writeFileDurably } from './durable-file.ts';

const heading = z.looseObject({ formatVersion: z.int(), kind: z.string() });

/**
 * @param version the newest version that this lab reads
 * @throws LabError `not-found`, `format-version` for a newer file, `corrupt` for one that is damaged or of another kind
 */
export function readManifest<Manifest>(
  folder: string,
  kind: string,
  version: number,
  schema: z.ZodType<Manifest>,
): Manifest {
  const path = join(folder, 'manifest.json');
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new LabError('not-found', `There is no ${kind} in ${folder}: ${reasonOf(error)}.`, { folder }, error);
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new LabError(
      'corrupt',
      `${path} is damaged: ${messageOf(error)}. Import the material again.`,
      { path },
      error,
    );
  }
  const head = heading.safeParse(json);
  if (head.success && head.data.kind !== kind) {
    throw new LabError('bad-input', `${folder} holds material of the kind ${head.data.kind}; ${kind} is needed here.`, {
      folder,
      kind: head.data.kind,
    });
  }
  if (head.success && head.data.formatVersion > version) {
    const message = `${path} was written by a newer version of the lab (format ${head.data.formatVersion}; this one reads up to ${version}). Update the lab.`;
    throw new LabError('format-version', message, { path, formatVersion: head.data.formatVersion });
  }
  const manifest = schema.safeParse(json);
  if (manifest.success) return manifest.data;
  const message = `${path} is damaged. Import the material again.\n${z.prettifyError(manifest.error)}`;
  throw new LabError('corrupt', message, { path });
}

/** Writes `manifest.json`, the last file of material: what has none is not complete. */
export async function writeManifest(folder: string, manifest: object): Promise<void> {
  await writeFileDurably(join(folder, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`);
}
