/**
 * What a trainer records at every evaluation besides its events: how the gradient is distributed over the network, and what the
 * model answers to the same few validation examples. `artifacts/gradients.jsonl` and `artifacts/samples.jsonl`; a run that
 * was taken up again repeats steps, and the later line counts.
 */
import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { textOf } from '../files/file-exists.ts';
import { sealLine, unsealLine } from '../files/sealed-lines.ts';
import type { RunFolder } from './run-folder.ts';

const gradientRecord = z.object({ step: z.int(), norms: z.record(z.string(), z.number().nullable()) });
export type GradientRecord = z.infer<typeof gradientRecord>;

const choices = z.array(z.object({ label: z.string(), probability: z.number() }));
export const sampleRecord = z.object({
  step: z.int(),
  /** For every example, for every question. */
  answers: z.array(
    z.array(z.object({ question: z.string(), kind: z.string().optional(), choices, truth: z.string() })),
  ),
});
export type SampleRecord = z.infer<typeof sampleRecord>;

const gradientsFile = ({ artifacts }: RunFolder): string => join(artifacts, 'gradients.jsonl');
const samplesFile = ({ artifacts }: RunFolder): string => join(artifacts, 'samples.jsonl');

export async function appendGradients(run: RunFolder, record: GradientRecord): Promise<void> {
  await appendFile(gradientsFile(run), `${sealLine(record)}\n`);
}

export async function appendSamples(run: RunFolder, record: SampleRecord): Promise<void> {
  await appendFile(samplesFile(run), `${sealLine(record)}\n`);
}

export async function readTrainingRecords(
  run: RunFolder,
): Promise<{ readonly gradients: readonly GradientRecord[]; readonly samples: readonly SampleRecord[] }> {
  return {
    gradients: await readLines(gradientsFile(run), gradientRecord),
    samples: await readLines(samplesFile(run), sampleRecord),
  };
}

async function readLines<Line extends { readonly step: number }>(
  file: string,
  schema: z.ZodType<Line>,
): Promise<Line[]> {
  const text = (await textOf(file)) ?? '';
  const byStep = new Map<number, Line>();
  for (const line of text.split('\n')) {
    const parsed = schema.safeParse(unsealLine(line)); // undefined for the last line of a trainer that was killed
    if (parsed.success) byStep.set(parsed.data.step, parsed.data);
  }
  return [...byStep.values()].sort((a, b) => a.step - b.step);
}
