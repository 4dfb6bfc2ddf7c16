/**
 * What a trainer takes of the computer while it works: `artifacts/resources.jsonl`, a line every second at first and more seldom in
 * long runs. A run that was taken up again goes on in the same file.
 */
import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { textOf } from '../files/file-exists.ts';
import { sealLine, unsealLine } from '../files/sealed-lines.ts';
import type { RunFolder } from './run-folder.ts';

const resourceSample = z.object({
  /** Milliseconds since 1970. */
  time: z.number(),
  step: z.int().min(0),
  /** Cores that were busy with the trainer, on average since the sample before. */
  cores: z.number(),
  /** Bytes of memory that the trainer takes. */
  memory: z.number(),
  /** Of the whole graphics card: share from 0 to 1, and bytes. Left out where there is none, or nobody tells. */
  gpu: z.object({ share: z.number(), memory: z.number() }).optional(),
});
export type ResourceSample = z.infer<typeof resourceSample>;

const fileOf = ({ artifacts }: RunFolder): string => join(artifacts, 'resources.jsonl');

export async function appendResources(run: RunFolder, sample: ResourceSample): Promise<void> {
  await appendFile(fileOf(run), `${sealLine(sample)}\n`);
}

/** In the order of time; empty for a run of before. Damaged lines are left out. */
export async function readResources(run: RunFolder): Promise<ResourceSample[]> {
  const lines = ((await textOf(fileOf(run))) ?? '').split('\n');
  const samples = lines.flatMap((line) => resourceSample.safeParse(unsealLine(line)).data ?? []);
  return samples.sort((a, b) => a.time - b.time);
}
