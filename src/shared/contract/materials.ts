/** Corpora and datasets: import, report, browse, splits, duplicates, tokens. */
import { z } from 'zod';
import { labelKinds } from '../spec/label-format.ts';
import { datasetEdit, datasetEditEntry } from '../spec/dataset-edit.ts';
import { imageImportReport } from '../spec/manifests/image-import-report.ts';
import { textEncoding } from '../spec/manifests/text-corpus.ts';
import { textImportReport } from '../spec/manifests/text-import-report.ts';
import { count, jsonObject, jsonSchema, nothing, page, picture } from './common.ts';
import { request } from './define.ts';
import { csvQuote, importRequest } from './import-request.ts';

export { importRequest, type ImportRequest } from './import-request.ts';

export const materialGroup = z.enum(['corpus', 'dataset']);
/** New kinds of material may come: whoever reads a kind has to expect others. */
export const materialKind = z.string();
export const materialReference = z.strictObject({ group: materialGroup, name: z.string().min(1) });
export type MaterialReference = z.infer<typeof materialReference>;

export const materialSummary = z.object({
  group: materialGroup,
  kind: materialKind,
  name: z.string(),
  createdAt: z.string(),
  contentHash: z.string(),
  /** Counts of the manifest by name: documents, sentences, tokens, vocabularySize, examples, images, classes. */
  counts: z.record(z.string(), count),
  /** What its examples have instead of classes. */
  targets: z.enum(labelKinds).exclude(['classes']).nullable().default(null),
  /** Of images. */
  shape: z.object({ height: z.int(), width: z.int(), channels: z.int() }).nullable(),
  /** Files and rows that the import left out. */
  skipped: count,
  /** Runs that were trained on it. */
  runs: count,
});
export type MaterialSummary = z.infer<typeof materialSummary>;

const classCount = z.object({ name: z.string(), count });

export const materialDetails = materialSummary.extend({
  folder: z.string(),
  sources: z.array(z.string()),
  bytes: count,
  classes: z.array(classCount).nullable(),
  report: z
    .discriminatedUnion('content', [
      z.object({ content: z.literal('text'), report: textImportReport }),
      z.object({ content: z.literal('images'), report: imageImportReport }),
    ])
    .nullable(),
  manifest: jsonObject,
});

/** One document, example or image. */
export const materialItem = z.object({
  index: count,
  text: z.string().nullable(),
  textPair: z.string().nullable(),
  picture: picture.nullable(),
  label: z.string().nullable(),
  /** Where it came from. */
  source: z.object({ path: z.string(), line: z.int().nullable() }).nullable(),
});
export type MaterialItem = z.infer<typeof materialItem>;

const column = z.object({
  name: z.string(),
  /** Of the rows that were read: how many have a value, how many values differ, and how long they are. */
  filled: count,
  distinct: count,
  averageLength: z.number(),
  /** What the column looks fit for. */
  role: z.enum(['text', 'label', 'other']),
  /** Every value is a number. */
  isNumeric: z.boolean(),
  /** The commonest values, of columns with few. */
  values: z.array(classCount),
  /** Groups of values that look alike; see importFacts. */
  similar: z.array(z.array(classCount)),
});

/** What lies at some paths, before it is imported. */
export const inspection = z.object({
  files: z.object({
    total: count,
    bytes: count,
    byExtension: z.record(z.string(), count),
    listed: z.array(z.string()),
    /** Files that the suggested import passes over, because their names say nothing that it reads. */
    ignored: count,
  }),
  /** What an import would look like; the form starts with it. */
  suggestion: importRequest.nullable(),
  /** The first table: its columns and rows as text. */
  table: z
    .object({
      file: z.string(),
      format: z.string(),
      /** What the rows were read as; null where the format fixes it. */
      encoding: textEncoding.nullable(),
      /** Between the fields; null where there are none. */
      delimiter: z.string().nullable(),
      /** What quotes were taken for; null where the format fixes it. */
      quote: csvQuote.nullable(),
      /** Whether the first row was read as the names of the columns; null where the format has them elsewhere. */
      header: z.boolean().nullable(),
      /** What speaks against the first row being names, for a person. */
      headerDoubt: z.string().nullable(),
      columns: z.array(column),
      /** Of a column with the sides of a split: the classes of the rows that were read, on each of them. */
      sides: z
        .object({
          labelColumn: z.string(),
          splitColumn: z.string(),
          classes: z.array(z.object({ name: z.string(), training: count, validation: count, test: count })),
        })
        .nullable(),
      rows: z.array(z.array(z.string().nullable())),
      /** Rows that were read for the counts. */
      read: count,
      /** True when that was the whole file. */
      complete: z.boolean(),
      problems: z.array(z.object({ line: z.int().nullable(), message: z.string() })),
      /** What is odd about the table, though no row is lost. */
      notes: z.array(z.object({ line: z.int().nullable(), message: z.string() })),
    })
    .nullable(),
  /** Set where the files are a network of others, which is imported as a model; the title is null for one of no known family. */
  model: z.object({ path: z.string(), title: z.string().nullable() }).nullable(),
  /** The beginning of the first text file, and the folders that the texts lie in, as classes. */
  text: z
    .object({
      file: z.string(),
      encoding: textEncoding,
      beginning: z.string(),
      /** Folders, or what the headers of sequences say. */
      classes: z.array(classCount),
      /** What would be left out of the first file. */
      problems: z.array(z.object({ line: z.int().nullable(), message: z.string() })),
    })
    .nullable(),
  /** The beginning of the first file whose words have tags: CoNLL, or JSON lines. */
  tagged: z
    .object({
      file: z.string(),
      /** Sentences and words that were read for the counts. */
      sentences: count,
      words: count,
      /** True when that was the whole file. */
      complete: z.boolean(),
      /** The most frequent first. */
      tags: z.array(classCount),
      first: z.array(z.object({ words: z.array(z.string()), tags: z.array(z.string()) })),
      problems: z.array(z.object({ line: z.int().nullable(), message: z.string() })),
    })
    .nullable()
    .default(null),
  images: z
    .object({
      /** Folders directly under the source, as classes. */
      classes: z.array(classCount),
      pictures: z.array(
        z.object({
          path: z.string(),
          label: z.string().nullable(),
          width: z.int(),
          height: z.int(),
          format: z.string(),
          picture,
        }),
      ),
    })
    .nullable(),
  /** Recordings, and their folders as classes. */
  sounds: z
    .object({
      total: count,
      classes: z.array(classCount),
      recordings: z.array(
        z.object({ path: z.string(), label: z.string().nullable(), seconds: z.number(), rate: z.number() }),
      ),
    })
    .nullable(),
  /** What will be in the way, for a person. */
  problems: z.array(z.string()),
});
export type Inspection = z.infer<typeof inspection>;

const tokenizerOwner = z.union([
  z.strictObject({ corpus: z.string().min(1) }),
  z.strictObject({ run: z.string().min(1) }),
]);

export const splitSide = z.enum(['training', 'validation', 'test']);

const histogram = z.object({
  /** What was counted in what: tokens of sentences, words of examples, frames of recordings. */
  unit: z.enum(['tokens', 'words', 'frames']),
  of: z.enum(['documents', 'sentences', 'examples', 'recordings']),
  /** Lengths from `from` up to and without `to`. */
  bins: z.array(z.object({ from: count, to: count, count })),
  mean: z.number(),
  median: z.number(),
  percentile95: z.number(),
  maximum: count,
  /** How many were measured; fewer than all of a large corpus, evenly chosen. */
  measured: count,
  all: count,
});

export const materialsContract = {
  list: request(
    'Corpora and datasets by name',
    nothing,
    z.object({
      materials: z.array(materialSummary),
      damaged: z.array(z.object({ folder: z.string(), message: z.string() })),
    }),
  ),
  get: request('All about one', materialReference, materialDetails),
  importOptions: request('Schemas of the options of imports, by kind', nothing, z.record(z.string(), jsonSchema)),
  inspect: request(
    'Looks at files and folders before an import; fast, also for large ones',
    z.strictObject({
      paths: z.array(z.string().min(1)).min(1),
      /** Guessed without it. */
      encoding: textEncoding.optional(),
      /** False for tables that begin with a row of data. */
      header: z.boolean().default(true),
      /** Told by the file without it. */
      quote: csvQuote.optional(),
      /** Told by their values without them. */
      textColumn: z.string().optional(),
      labelColumn: z.string().optional(),
      splitColumn: z.string().optional(),
      /** Of a table that lists files. */
      pathColumn: z.string().optional(),
      root: z.string().optional(),
      /** Where the labels of sequences stand in their headers; after `label=` without it. */
      headerPattern: z.string().optional(),
      /** What labels are said to be; files of tagged words are found without it. */
      labels: z.enum(labelKinds).optional(),
      rows: z.int().min(1).max(100).default(10),
      pictures: z.int().min(0).max(60).default(24),
    }),
    inspection,
  ),
  import: request('Starts an import; the task says how it goes on', importRequest, z.object({ job: z.string() })),
  search: request(
    'Items in order, or those that contain a text',
    materialReference.extend({
      text: z.string().optional(),
      label: z.string().optional(),
      side: splitSide.optional(),
      splitSeed: count.default(0),
      ...page,
      /** Longest side of pictures. */
      pictureSize: z.int().min(8).max(512).default(96),
    }),
    z.object({
      /** Of those that fit; null while a large corpus was searched only as far as needed. */
      total: count.nullable(),
      items: z.array(materialItem),
      /** Where to go on; null at the end. */
      nextOffset: count.nullable(),
    }),
  ),
  images: request(
    'Images by index',
    materialReference.extend({ indices: z.array(count).max(500), pictureSize: z.int().min(8).max(2048).default(96) }),
    z.array(materialItem),
  ),
  splits: request(
    'Classes on each side of a split: class balance and sizes',
    materialReference.extend({ splitSeed: count.default(0) }),
    z.object({
      sides: z.object({ training: count, validation: count, test: count }),
      classes: z.array(z.object({ name: z.string(), total: count, training: count, validation: count, test: count })),
      /** Groups of examples that a split keeps together. */
      groups: count,
    }),
  ),
  lengths: request(
    'How long the texts are',
    materialReference.extend({ tokenizer: tokenizerOwner.optional(), bins: z.int().min(2).max(100).default(30) }),
    histogram,
  ),
  duplicates: request(
    'Items with the same text, or pictures that look the same',
    materialReference.extend({ ...page, pictureSize: z.int().min(8).max(512).default(96) }),
    z.object({
      total: count,
      groups: z.array(
        z.object({ size: count, items: z.array(materialItem), /** Labels differ. */ conflict: z.boolean() }),
      ),
    }),
  ),
  tokenize: request(
    'A tokenizer at work',
    z.strictObject({ tokenizer: tokenizerOwner, text: z.string().max(10_000) }),
    z.object({
      tokens: z.array(
        z.object({
          id: z.int(),
          text: z.string(),
          unknown: z.boolean(),
          /** Continues the word before it. */ continues: z.boolean(),
        }),
      ),
      vocabularySize: count,
    }),
  ),
  edits: request(
    'Changes of the classes of a dataset, the oldest first',
    z.strictObject({ name: z.string().min(1) }),
    z.object({ contentHash: z.string(), edits: z.array(datasetEditEntry) }),
  ),
  edit: request(
    'Changes the classes of a dataset, or takes changes back. Refused while a run needs it',
    z.strictObject({
      name: z.string().min(1),
      edits: z.array(datasetEdit).default([]),
      /** Changes that are taken back before others are made. */
      undo: count.default(0),
    }),
    z.object({ contentHash: z.string(), edits: z.array(datasetEditEntry) }),
  ),
  delete: request(
    'Deletes; `restore` brings it back until the lab is closed. Refused while a run needs it',
    materialReference,
    z.object({ undo: z.string() }),
  ),
  restore: request('Brings back what was deleted', z.strictObject({ undo: z.string() }), materialReference),
};
