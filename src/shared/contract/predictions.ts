/** Answers of a trained run to a whole table, folder or file, as a task that writes a table. */
import { z } from 'zod';
import { textEncoding } from '../spec/manifests/text-corpus.ts';
import { checkpointChoice, count } from './common.ts';
import { request } from './define.ts';

/** What the task ends with. */
export const predicted = z.object({
  run: z.string(),
  step: count,
  output: z.string(),
  bytes: count,
  answered: count,
  /** Texts that are longer than the model reads: their end was left out. */
  truncated: count,
  failed: count,
  /** The first hundred of them. */
  failures: z.array(z.object({ file: z.string(), line: count.nullable(), problem: z.string() })),
  columns: z.array(z.string()),
  /** The first rows, as they were written. */
  rows: z.array(z.array(z.string())),
});
export type Predicted = z.infer<typeof predicted>;

export const predictionsContract = {
  start: request(
    'Starts to answer all that a file or folder holds; the task ends with `Predicted` as its result',
    z.strictObject({
      run: z.string().min(1),
      checkpoint: checkpointChoice.default('best'),
      /** On the machine of the lab, or what an upload made. */
      input: z.string().min(1),
      /** A new .csv, .jsonl or .parquet file; a relative one begins at the folder of the workspace. */
      output: z.string().min(1),
      textColumn: z.string().optional(),
      pairColumn: z.string().optional(),
      pathColumn: z.string().optional(),
      /** Columns that stand beside the answers; all of them without it. */
      keep: z.array(z.string()).optional(),
      /** False for tables that begin with a row of data. */
      header: z.boolean().default(true),
      encoding: textEncoding.optional(),
      /** So many of the likeliest answers; the probability of every class without it. */
      top: z.int().min(1).max(1000).optional(),
      /** The vectors of the backbone instead of answers. */
      embeddings: z.boolean().default(false),
    }),
    z.object({ job: z.string() }),
  ),
  file: request(
    'The table that a task has written, as data:…;base64,…; a large one stays where it is',
    z.strictObject({ job: z.string() }),
    z.object({ name: z.string(), url: z.string() }),
  ),
};
