/**
 * What people say about a run, kept in its folder too, so that it survives the database and moves with the folder:
 * `artifacts/annotations.json`.
 */
import { join } from 'node:path';
import { z } from 'zod';
import type { RunFolder } from '../../workspace/run-folder.ts';
import { readJson, writeJson } from '../../workspace/run-folder.ts';

const annotations = z.object({
  notes: z.string().default(''),
  tags: z.array(z.string()).default([]),
  archived: z.boolean().default(false),
  pinned: z.boolean().default(false),
  study: z.string().nullable().default(null),
});
export type Annotations = z.infer<typeof annotations>;

const file = (run: RunFolder): string => join(run.artifacts, 'annotations.json');

/** None, where there are none or they cannot be read: they are not worth losing a run for. */
export async function readAnnotations(run: RunFolder): Promise<Annotations> {
  return readJson(file(run), annotations).catch(() => annotations.parse({}));
}

export async function writeAnnotations(
  run: RunFolder,
  { notes, tags, archived, pinned, study }: Annotations,
): Promise<void> {
  await writeJson(file(run), { notes, tags, archived, pinned, study });
}
