/** The manifest of an imported text corpus: `manifest.json` in the corpus' folder. */
import { z } from 'zod';
import { textImportReport } from './text-import-report.ts';

export const TEXT_CORPUS_VERSION = 1;

const count = z.int().min(0);
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

export const trainedTokenizerOptions = z.strictObject({
  kind: z
    .enum(['word-piece', 'byte-pair', 'characters', 'symbols', 'k-mers'])
    .default('word-piece')
    .describe(
      'BERT’s word pieces, GPT-2’s byte pairs, single characters, symbols that stand apart by white space, or k characters at a time without overlap',
    ),
  k: z
    .int()
    .min(1)
    .max(16)
    .default(6)
    .describe(
      'Characters of a k-mer (Dalla-Torre et al. 2023 take 6); what is left at the end of a sequence, or is not in the vocabulary, becomes single characters',
    ),
  vocabularySize: z
    .int()
    .min(16)
    .max(1_000_000)
    .default(8192)
    .describe('Tokens in the vocabulary, special tokens included; a small corpus may yield fewer'),
  lowercase: z.boolean().default(true).describe('Lower-case the text'),
  stripAccents: z
    .boolean()
    .optional()
    .describe(
      'Strip the accents of Latin, Greek and Cyrillic letters; word pieces do so where they lower-case, unless this says otherwise',
    ),
  minimumFrequency: z.int().min(1).default(2).describe('Pieces that occur less often are not learned'),
  sampleBytes: z
    .int()
    .min(1)
    .default(200_000_000)
    .describe('Train the tokenizer on about this many bytes of text, chosen evenly over the corpus'),
});
export type TrainedTokenizerOptions = z.infer<typeof trainedTokenizerOptions>;

/** How a text file is cut into documents. */
export const documentBoundary = z.enum(['file', 'blank-line', 'line']);
export type DocumentBoundary = z.infer<typeof documentBoundary>;

export const textFormat = z.enum([
  'text',
  'jsonl',
  'csv',
  'tsv',
  'xlsx',
  'parquet',
  'arrow',
  'html',
  'xml',
  'notebook',
  'email',
  'subtitles',
  'wikipedia',
  'fasta',
  'fastq',
  'genbank',
]);
export type TextFormat = z.infer<typeof textFormat>;

/** Encodings of text files, by the names of the WHATWG's Encoding Standard; windows-1252 holds ISO 8859-1. */
export const textEncoding = z.enum([
  'utf-8',
  'utf-16le',
  'utf-16be',
  'windows-1252',
  'windows-1250',
  'iso-8859-2',
  'windows-1251',
  'koi8-r',
  'iso-8859-5',
  'windows-1253',
  'windows-1254',
  'windows-1255',
  'windows-1256',
  'iso-8859-6',
  'windows-874',
  'shift_jis',
  'euc-jp',
  'euc-kr',
  'gb18030',
  'big5',
]);
export type TextEncoding = z.infer<typeof textEncoding>;

/** By script. */
export const keptCharacters = z.array(z.strictObject({ script: z.string(), characters: z.int().min(1), kept: count }));

export const textCorpusManifest = z.strictObject({
  formatVersion: z.literal(TEXT_CORPUS_VERSION),
  kind: z.literal('text-corpus'),
  name: z.string().min(1),
  createdAt: z.iso.datetime(),
  /** What the user named. */
  sources: z.array(z.string()).min(1),
  /** SHA-256 of the documents' text in order: the material's identity, whatever the tokenizer. */
  contentHash: sha256,
  tokenizerHash: sha256,
  documents: z.int().min(1),
  sentences: z.int().min(1),
  tokens: z.int().min(1),
  /** UTF-8 bytes of the documents' text. */
  textBytes: z.int().min(1),
  /** Tokens that are [UNK]: a large share says that the tokenizer does not fit the text. */
  unknownTokens: count,
  /** Of a sample, by script: characters, and how many of them come back when it is encoded and decoded. */
  roundTrip: keptCharacters.optional(),
  vocabularySize: z.int().min(1),
  /** Bytes a token takes in the shards, little endian. */
  tokenBytes: z.union([z.literal(2), z.literal(4)]),
  /** Every shard but the last holds this many tokens. */
  tokensPerShard: z.int().min(1),
  shards: z.array(z.strictObject({ file: z.string().regex(/^tokens-\d{5}\.bin$/), tokens: z.int().min(1) })).min(1),
  options: z.strictObject({
    language: z.string(),
    documents: documentBoundary,
    textColumn: z.string(),
    /** Of files without a mark; UTF-8 without it. */
    encoding: textEncoding.optional(),
    /** False for tables that begin with a row of data. */
    header: z.boolean().optional(),
    quote: z.enum(['double', 'none']).optional(),
    tokenizer: z.union([trainedTokenizerOptions, z.strictObject({ file: z.string() })]),
  }),
  report: textImportReport,
});
export type TextCorpusManifest = z.infer<typeof textCorpusManifest>;
