/**
 * What people say about a run, kept in its folder too, so that it survives the database and moves with the folder:
 * `artifacts/annotations.json`.
 */
import { join } from 'node:path';
import { z } from 'zod';
import type { RunFolder } from '../../workspace/run-folder.ts';
import { replaceFile } from '../../files/durable-file.ts';
import { textOf } from '../../files/file-exists.ts';
import { sealJson, unsealJson } from '../../files/sealed-json.ts';

const annotations = z.object({
  notes: z.string().default(''),
  tags: z.array(z.string()).default([]),
  archived: z.boolean().default(false),
  pinned: z.boolean().default(false),
  study: z.string().nullable().default(null),
});
export type Annotations = z.infer<typeof annotations>;

const file = (run: RunFolder): string => join(run.artifacts, 'annotations.json');

/** Undefined where there are none or they cannot be read: they are not worth losing a run for. */
export async function findAnnotations(run: RunFolder): Promise<Annotations | undefined> {
  const path = file(run);
  const text = await textOf(path);
  try {
    return text === undefined ? undefined : annotations.parse(unsealJson(path, text));
  } catch {
    return undefined;
  }
}

/** As `findAnnotations`, and empty ones where there are none. */
export async function readAnnotations(run: RunFolder): Promise<Annotations> {
  return (await findAnnotations(run)) ?? annotations.parse({});
}

/** Replaces the file as a whole, sealed with its checksum. */
export async function writeAnnotations(
  run: RunFolder,
  { notes, tags, archived, pinned, study }: Annotations,
): Promise<void> {
  await replaceFile(file(run), sealJson({ notes, tags, archived, pinned, study }));
}
