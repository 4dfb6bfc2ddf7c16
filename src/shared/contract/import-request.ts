/** Imports, as data. */
import { z } from 'zod';
import { nameSpec } from '../spec/experiment/v2.ts';
import { imageImportOptions } from '../spec/image-import.ts';
import { labelFormat } from '../spec/label-format.ts';
import { frameOptions } from '../spec/manifests/audio-dataset.ts';
import { documentBoundary, textEncoding, textFormat, trainedTokenizerOptions } from '../spec/manifests/text-corpus.ts';

/** What quotes in CSV and TSV mean; told by each file unless it is given. */
export const csvQuote = z.enum(['double', 'none']);

/** Files and folders of the sides of an official split; the sources themselves are for training then. */
const sideSources = z.strictObject({
  training: z.array(z.string().min(1)).optional(),
  validation: z.array(z.string().min(1)).optional(),
  test: z.array(z.string().min(1)).optional(),
});

/** What labels say; one class each without it. */
const labels = labelFormat.optional();
/** Pictures and recordings have no words. */
const labelsOfFiles = labelFormat
  .refine(({ kind }) => kind !== 'tags' && kind !== 'alignments', {
    message: 'Tags are of words and alignments of sequences: a picture or recording has none',
  })
  .optional();

const tableColumns = {
  labelColumn: z.string().optional(),
  labels: labelsOfFiles,
  pathColumn: z.string().optional(),
  groupColumn: z.string().optional(),
  splitColumn: z.string().optional(),
  /** The folder that paths must not leave; the table's own without it. */
  root: z.string().optional(),
  encoding: textEncoding.optional(),
  header: z.boolean().optional(),
  quote: csvQuote.optional(),
};

/** How files of texts are read, for corpora and datasets. */
const textReading = {
  encoding: textEncoding.optional(),
  /** False for CSV and TSV files that begin with a row of data. */
  header: z.boolean().optional(),
  quote: csvQuote.optional(),
  include: z.array(z.string()).optional(),
  exclude: z.array(z.string()).optional(),
  textColumn: z.string().optional(),
};

/** Imports, as data. Paths are files and folders of the machine the lab runs on, or those that an upload answered with. */
export const importRequest = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('text-corpus'),
    name: nameSpec,
    sources: z.array(z.string().min(1)).min(1),
    format: textFormat.optional(),
    ...textReading,
    language: z.string().optional(),
    documents: documentBoundary.optional(),
    tokenizer: z.union([trainedTokenizerOptions.partial(), z.strictObject({ file: z.string() })]).optional(),
  }),
  z.strictObject({
    kind: z.literal('text-dataset'),
    name: nameSpec,
    sources: z.array(z.string().min(1)).min(1),
    format: textFormat.exclude(['wikipedia']).optional(),
    ...textReading,
    labelColumn: z.string().optional(),
    labels,
    pairColumn: z.string().optional(),
    sides: sideSources.optional(),
    /** Where the labels of sequences are, if not after `label=` in their headers. */
    sequences: z
      .strictObject({
        headerPattern: z.string().optional(),
        labelTable: z.string().optional(),
        idColumn: z.string().optional(),
      })
      .optional(),
    groupColumn: z.string().optional(),
    splitColumn: z.string().optional(),
    mergeLabels: z.boolean().optional(),
  }),
  z.strictObject({
    kind: z.enum(['image-corpus', 'image-dataset']),
    name: nameSpec,
    sources: z.array(z.string().min(1)).length(1),
    /** Of a table that lists images. */
    ...tableColumns,
    sides: sideSources.optional(),
    options: imageImportOptions.prefault({}),
  }),
  z.strictObject({
    kind: z.literal('audio-dataset'),
    name: nameSpec,
    sources: z.array(z.string().min(1)).length(1),
    /** Of a table that lists recordings. */
    ...tableColumns,
    sides: sideSources.optional(),
    mergeLabels: z.boolean().optional(),
    options: frameOptions.prefault({}),
  }),
]);
export type ImportRequest = z.input<typeof importRequest>;
