/** Answers to whole files, for pages. */
import { mkdir, stat } from 'node:fs/promises';
import { dirname, extname, resolve } from 'node:path';
import type { z } from 'zod';
import type { Predicted, predictionsContract } from '../../shared/contract/predictions.ts';
import { CsvParser } from '../data/tables/csv-parser.ts';
import { readLines } from '../data/reading/read-lines.ts';
import { predictFile } from '../runs/batch/predict-file.ts';
import { findTrainedNetwork } from '../runs/trained-network.ts';
import type { WorkContext } from './work-context.ts';

/** Rows and characters that a page is shown. */
const shownRows = 20;
const shownCharacters = 200;
const shownColumns = 40;

export async function predictFileFor(
  { workspace, signal, progress }: WorkContext,
  { run: reference, checkpoint, input, output, ...options }: z.output<typeof predictionsContract.start.input>,
): Promise<Predicted> {
  const network = await findTrainedNetwork(workspace, reference, { checkpoint });
  const file = resolve(workspace.folder, output);
  // Relative names are in folders of the lab's own; a folder that a person has named must be there.
  if (file !== resolve(output)) await mkdir(dirname(file), { recursive: true });
  const result = await predictFile(network, {
    ...options,
    ...{ input, output: file, signal },
    onProgress({ done, total, unit, failed }) {
      progress({ phase: options.embeddings ? 'Embedding' : 'Predicting', done, total, unit, skipped: failed });
    },
  });
  const { size } = await stat(file);
  return {
    ...result,
    failures: [...result.failures],
    columns: [...result.columns],
    bytes: size,
    rows: extname(file) === '.csv' ? await firstRows(file, signal) : [],
  };
}

/** Of a CSV file, below its header. */
async function firstRows(path: string, signal: AbortSignal): Promise<string[][]> {
  const parser = new CsvParser(',');
  const rows: string[][] = [];
  for await (const { lines, firstLine } of readLines(
    { path, compression: 'none', encoding: 'utf-8', signal },
    1 << 20,
  )) {
    for (const [index, line] of lines.entries()) {
      for (const record of parser.add(line, firstLine + index)) {
        if (!('fields' in record)) continue;
        rows.push(record.fields.slice(0, shownColumns).map((field) => field.slice(0, shownCharacters)));
        if (rows.length > shownRows) return rows.slice(1);
      }
    }
  }
  return rows.slice(1);
}
