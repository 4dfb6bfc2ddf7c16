/** The manifest of a labelled text dataset: `manifest.json` in the dataset's folder. */
import { z } from 'zod';
import { editedFields } from '../dataset-edit.ts';
import { labelFormat } from '../label-format.ts';
import { datasetTargets } from './dataset-targets.ts';
import { textEncoding } from './text-corpus.ts';
import { textImportReport } from './text-import-report.ts';

export const TEXT_DATASET_VERSION = 1;

export const officialSplit = z.strictObject({
  training: z.int().min(0),
  validation: z.int().min(0),
  test: z.int().min(0),
});

const count = z.int().min(0);
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

export const textDatasetManifest = z.strictObject({
  formatVersion: z.literal(TEXT_DATASET_VERSION),
  kind: z.literal('text-dataset'),
  name: z.string().min(1),
  createdAt: z.iso.datetime(),
  sources: z.array(z.string()).min(1),
  /** SHA-256 of all examples and of the classes: fixes the splits together with a seed. */
  contentHash: sha256,
  examples: z.int().min(1),
  /** Sorted by code point; an example's label is an index into it. */
  classes: z.array(z.strictObject({ name: z.string(), examples: z.int().min(1) })).min(1),
  /** What examples have instead of classes, of which there is one then. */
  targets: datasetTargets.optional(),
  /** True if every example has a second text. */
  pairs: z.boolean(),
  textBytes: count,
  /** Examples on each side of the split that came with the material, which every task keeps. */
  officialSplit: officialSplit.optional(),
  /** Groups that the source named: speakers, patients, authors. */
  groups: z.int().min(1).optional(),
  options: z.strictObject({
    textColumn: z.string(),
    pairColumn: z.string().nullable(),
    labelColumn: z.string(),
    /** What labels say; one class each without it. */
    labels: labelFormat.optional(),
    /** Of files without a mark; UTF-8 without it. */
    encoding: textEncoding.optional(),
    /** False for tables that begin with a row of data. */
    header: z.boolean().optional(),
    quote: z.enum(['double', 'none']).optional(),
    groupColumn: z.string().optional(),
    splitColumn: z.string().optional(),
  }),
  /** Texts that occur with more than one label. All are kept, on one side of every split. */
  conflicts: z.strictObject({
    total: count,
    listed: z.array(
      z.strictObject({
        path: z.string(),
        line: z.int().min(1).nullable(),
        label: z.string(),
        otherPath: z.string(),
        otherLine: z.int().min(1).nullable(),
        otherLabel: z.string(),
      }),
    ),
  }),
  /** Of one whose classes were edited. */
  edited: editedFields.optional(),
  report: textImportReport,
});
export type TextDatasetManifest = z.infer<typeof textDatasetManifest>;
