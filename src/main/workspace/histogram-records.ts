/**
 * How weights and gradients were distributed at the evaluations of a run: `artifacts/histograms.jsonl`, a line for each parameter at each of
 * them. A run that is taken up again leaves out what it will come to once more, so that every step is there once.
 */
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { ParameterHistograms } from '../../shared/histogram.ts';
import { parameterHistograms } from '../../shared/histogram.ts';
import { fileExists } from '../files/file-exists.ts';
import { sealLine, unsealLine, wholeLines } from '../files/sealed-lines.ts';
import type { RunFolder } from './run-folder.ts';

const fileOf = ({ artifacts }: RunFolder): string => join(artifacts, 'histograms.jsonl');

/** What every line says, whichever parameter it is about. */
const place = z.object({ step: z.int(), parameter: z.string() });

/** All of one step. They are on the disk when this returns. */
export async function appendHistograms(run: RunFolder, records: readonly ParameterHistograms[]): Promise<void> {
  const handle = await open(fileOf(run), 'a');
  try {
    await handle.appendFile(records.map((record) => `${sealLine(record)}\n`).join(''));
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Keeps what was recorded before `step` alone: later lines, and one that is half-written, are cut off. */
export async function dropHistogramsFrom(run: RunFolder, step: number): Promise<void> {
  if (!(await fileExists(fileOf(run)))) return;
  let kept = 0;
  for await (const { text, end } of wholeLines(fileOf(run))) {
    const found = place.safeParse(unsealLine(text));
    if (found.success && found.data.step < step) kept = end;
  }
  const handle = await open(fileOf(run), 'r+');
  try {
    await handle.truncate(kept);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

export interface HistogramCourse {
  /** In the order of the network. */
  readonly parameters: readonly string[];
  /** In the order of steps: those of one parameter, or of all of them. */
  readonly records: readonly ParameterHistograms[];
  /** Whole lines that are not what was written, and are left out. */
  readonly damaged: number;
}

/** @param parameter the records of this one alone, or with `null` of the first that there is. A run without histograms has none. */
export async function readHistograms(run: RunFolder, parameter?: string | null): Promise<HistogramCourse> {
  const parameters = new Set<string>();
  const records = new Map<string, ParameterHistograms>();
  let damaged = 0;
  for await (const { text } of wholeLines(fileOf(run))) {
    const value = unsealLine(text);
    const found = place.safeParse(value);
    if (!found.success) {
      damaged += 1;
      continue;
    }
    parameters.add(found.data.parameter);
    const wanted = parameter === null ? [...parameters][0] : parameter;
    if (wanted !== undefined && wanted !== found.data.parameter) continue;
    const record = parameterHistograms.safeParse(value);
    if (record.success) records.set(`${record.data.step} ${record.data.parameter}`, record.data);
    else damaged += 1;
  }
  return {
    parameters: [...parameters],
    records: [...records.values()].sort((a, b) => a.step - b.step),
    damaged,
  };
}
