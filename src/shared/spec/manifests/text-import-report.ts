/** What an import of text did, for a person. Lists are capped, totals are not. Part of the manifests of corpora and datasets. */
import { z } from 'zod';
import { importFacts } from './import-facts.ts';

const count = z.int().min(0);

/** Why a file, a row or a document was left out; the message beside it has the particulars. */
export const textSkipReason = z.enum([
  'unreadable', // could not be opened or read: missing, no permission
  'damaged', // compressed or structured data that breaks off or contradicts itself
  'binary', // not text
  'unsupported', // a kind of file that the lab does not read
  'invalid-utf8',
  'empty', // a file, document or row without any text
  'missing-column', // a table without the column that was named
  'missing-label',
  'malformed', // a line that is not JSON, a row with too few or too many fields
]);
export type TextSkipReason = z.infer<typeof textSkipReason>;

const textImportProblem = z.strictObject({
  path: z.string(),
  /** Line of the file, from 1, where it is known; for Parquet the row. */
  line: z.int().min(1).nullable(),
  reason: textSkipReason,
  message: z.string(),
});

const textPlace = z.strictObject({ path: z.string(), line: z.int().min(1).nullable() });

export const textImportReport = z.strictObject({
  files: count,
  /** Bytes of the files as they lie on the disk. */
  bytes: count,
  /** Files that were passed over because their names do not say text, by extension. */
  ignored: z.record(z.string(), count),
  skipped: z.strictObject({
    total: count,
    byReason: z.partialRecord(textSkipReason, count),
    listed: z.array(textImportProblem),
  }),
  /** Documents whose normalised text occurred before. A corpus drops them, a dataset keeps them on one side of every split. */
  duplicates: z.strictObject({ total: count, listed: z.array(textPlace) }),
  /** Documents that were too long to be held at once and became several. */
  divided: count,
  /** Of a Wikipedia dump: redirects and pages outside the article namespace, which are left out. */
  notArticles: count,
  ...importFacts,
});
export type TextImportReport = z.infer<typeof textImportReport>;
