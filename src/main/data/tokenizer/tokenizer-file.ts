/**
 * The Hugging Face tokenizer.json, as far as the lab reads it: the added tokens and the four models it encodes with. The
 * normaliser, the pre-tokeniser and the decoder are kept as they are; see normalizers.ts and pre-tokenizers.ts.
 */
import { z } from 'zod';
import { LabError, messageOf } from '../../../shared/errors.ts';

/** Ids by token. Not a `z.record`, which drops keys such as `__proto__`: any string may be a token. */
const vocabulary = z
  .custom<object>((value) => typeof value === 'object' && value !== null, 'The vocabulary is not an object.')
  .transform((entries, context) => {
    const ids = new Map<string, number>();
    // `Object.entries` of an object without known fields is typed `any`.
    for (const [token, id] of Object.entries(entries) as [string, unknown][]) {
      if (typeof id === 'number' && Number.isInteger(id) && id >= 0) ids.set(token, id);
      else context.addIssue({ code: 'custom', message: `The id of ${JSON.stringify(token)} is not a whole number.` });
    }
    return ids;
  });

const wordPieceModel = z.looseObject({
  type: z.literal('WordPiece'),
  vocab: vocabulary,
  unk_token: z.string(),
  continuing_subword_prefix: z.string(),
  max_input_chars_per_word: z.int(),
});

const bytePairModel = z.looseObject({
  type: z.literal('BPE'),
  vocab: vocabulary,
  // "a b" in files of older libraries, ["a", "b"] since tokenizers 0.20.
  merges: z.array(z.union([z.string(), z.tuple([z.string(), z.string()])])),
  dropout: z.number().nullish(),
  unk_token: z.string().nullish(),
  continuing_subword_prefix: z.string().nullish(),
  end_of_word_suffix: z.string().nullish(),
  fuse_unk: z.boolean().default(false),
  byte_fallback: z.boolean().default(false),
  ignore_merges: z.boolean().default(false),
});

const wordLevelModel = z.looseObject({ type: z.literal('WordLevel'), vocab: vocabulary, unk_token: z.string() });

/** Pieces with their log probabilities, by id; of a piece that stands twice, the later id counts. */
const scoredPieces = z.array(z.tuple([z.string(), z.number()])).min(1);

const unigramModel = z
  .looseObject({
    type: z.literal('Unigram'),
    vocab: scoredPieces,
    unk_id: z.int().min(0).nullish(),
    byte_fallback: z.boolean().default(false),
  })
  .refine(({ unk_id: unknown, vocab: pieces }) => (unknown ?? 0) < pieces.length, {
    message: 'is not the number of a piece',
    path: ['unk_id'],
  })
  .transform(({ vocab: pieces, ...rest }) => ({
    ...rest,
    vocab: new Map(pieces.map(([piece], id) => [piece, id])),
    scores: pieces.map(([, score]) => score),
  }));

const model = z.discriminatedUnion('type', [wordPieceModel, bytePairModel, wordLevelModel, unigramModel]);

const addedToken = z.looseObject({
  id: z.int().min(0),
  content: z.string().min(1),
  single_word: z.boolean().default(false),
  lstrip: z.boolean().default(false),
  rstrip: z.boolean().default(false),
  normalized: z.boolean().default(false),
  special: z.boolean().default(false),
});

/** A normaliser, pre-tokeniser … of any type, with the options of that type. */
const component = z.looseObject({ type: z.string() }).nullish();

const tokenizerFile = z.looseObject({
  added_tokens: z.array(addedToken).default([]),
  normalizer: component,
  pre_tokenizer: component,
  decoder: component,
  model,
});

export type AddedTokenFields = z.infer<typeof addedToken>;
export type TokenizerComponent = z.infer<typeof component>;
export type WordPieceFields = z.infer<typeof wordPieceModel>;
export type BytePairFields = z.infer<typeof bytePairModel>;
export type UnigramFields = z.infer<typeof unigramModel>;
export type TokenizerModel = z.infer<typeof model>;
export type TokenizerFile = z.infer<typeof tokenizerFile>;

const MODELS = new Set(['WordPiece', 'BPE', 'WordLevel', 'Unigram']);

/**
 * Reads the text of a tokenizer.json. Files written before the model had a `type` are recognised by their fields.
 * @param path for messages
 * @throws LabError `bad-input`
 */
export function parseTokenizerFile(text: string, path: string): TokenizerFile {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new LabError('bad-input', `${path} is not a tokenizer.json: ${messageOf(error)}.`, { path }, error);
  }
  const type = nameModel(json);
  if (type === undefined || !MODELS.has(type)) {
    const what = type === undefined ? 'has no tokenizer model in it' : `holds a ${type} tokenizer`;
    throw new LabError('bad-input', `${path} ${what}; the lab encodes with WordPiece, BPE, Unigram and WordLevel.`, {
      path,
      type,
    });
  }
  const parsed = tokenizerFile.safeParse(json);
  if (parsed.success) return parsed.data;
  throw new LabError('bad-input', `${path} is not a valid tokenizer.json:\n${z.prettifyError(parsed.error)}`, { path });
}

/** The model's type; written into the object where an old file leaves it to be guessed. */
function nameModel(json: unknown): string | undefined {
  if (typeof json !== 'object' || json === null || !('model' in json)) return undefined;
  const { model: fields } = json;
  if (typeof fields !== 'object' || fields === null) return undefined;
  if ('type' in fields) return typeof fields.type === 'string' ? fields.type : undefined;
  const guess = 'merges' in fields ? 'BPE' : 'max_input_chars_per_word' in fields ? 'WordPiece' : undefined;
  if (guess !== undefined) Object.assign(fields, { type: guess });
  return guess;
}
