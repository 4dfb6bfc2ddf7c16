/**
 * Vocabularies of before tokenizer.json, written as one: `vocab.txt` of word pieces (BERT), `vocab.json` with `merges.txt` of
 * byte-level pairs (GPT-2, RoBERTa).
 */
import { LabError } from '../../../../shared/errors.ts';

type Settings = Readonly<Record<string, unknown>>;

/** @param settings tokenizer_config.json: `do_lower_case`, `strip_accents`, `tokenize_chinese_chars` and the special tokens */
export function wordPieceTokenizerJson(vocabulary: string, settings: Settings): string {
  const words = vocabulary.split(/\r?\n/u);
  if (words.at(-1) === '') words.pop();
  // Of a word that stands twice the last line counts, as in the reference.
  const ids = new Map(words.map((word, id) => [word, id]));
  const unknown = tokenNamed(settings.unk_token) ?? '[UNK]';
  const lowercase = settings.do_lower_case !== false;
  const strips = settings.strip_accents;
  return write(
    {
      added_tokens: specialTokens(settings, ids, ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]']),
      normalizer: {
        type: 'BertNormalizer',
        clean_text: true,
        handle_chinese_chars: settings.tokenize_chinese_chars !== false,
        strip_accents: typeof strips === 'boolean' ? strips : null,
        lowercase,
      },
      pre_tokenizer: { type: 'BertPreTokenizer' },
      decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
    },
    { type: 'WordPiece', unk_token: unknown, continuing_subword_prefix: '##', max_input_chars_per_word: 100 },
    ids,
  );
}

/** @param path for messages. Throws `LabError('bad-input')` for a vocabulary that is no object of ids. */
export function byteLevelTokenizerJson(vocabulary: unknown, merges: string, settings: Settings, path: string): string {
  if (typeof vocabulary !== 'object' || vocabulary === null || Array.isArray(vocabulary)) {
    throw new LabError('bad-input', `${path} is not an object of tokens and their ids`, { path });
  }
  const ids = new Map<string, number>();
  for (const [token, id] of Object.entries(vocabulary)) {
    if (!Number.isSafeInteger(id) || Number(id) < 0) {
      throw new LabError('bad-input', `${path}: the id of ${JSON.stringify(token)} is not a whole number`, { path });
    }
    ids.set(token, Number(id));
  }
  const pairs = merges.split(/\r?\n/u).filter((line) => line !== '' && !line.startsWith('#version'));
  const addsSpace = settings.add_prefix_space === true;
  const byteLevel = { type: 'ByteLevel', add_prefix_space: addsSpace, trim_offsets: true, use_regex: true };
  return write(
    {
      added_tokens: specialTokens(settings, ids, ['<s>', '<pad>', '</s>', '<unk>', '<mask>', '<|endoftext|>']),
      normalizer: null,
      pre_tokenizer: byteLevel,
      decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
    },
    {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: '',
      end_of_word_suffix: '',
      fuse_unk: false,
      merges: pairs,
    },
    ids,
  );
}

const roles = ['pad_token', 'unk_token', 'cls_token', 'sep_token', 'mask_token', 'bos_token', 'eos_token'] as const;

/** Those that the settings name and the usual ones, as far as the vocabulary has them. */
function specialTokens(settings: Settings, ids: ReadonlyMap<string, number>, usual: readonly string[]): object[] {
  const named = roles.map((role) => tokenNamed(settings[role])).filter((token) => token !== undefined);
  return [...new Set([...usual, ...named])].flatMap((content) => {
    const id = ids.get(content);
    if (id === undefined) return [];
    // The mask takes the blank before it along, as RoBERTa's does.
    const lstrip = content === '<mask>';
    return [{ id, content, single_word: false, lstrip, rstrip: false, normalized: false, special: true }];
  });
}

/** As a text, or as an object with its `content`. */
function tokenNamed(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (typeof value !== 'object' || value === null || !('content' in value)) return undefined;
  return typeof value.content === 'string' ? value.content : undefined;
}

/** The vocabulary in the order of its ids, which no JavaScript object would keep for tokens such as "7". */
function write(parts: object, model: object, ids: ReadonlyMap<string, number>): string {
  const head = { version: '1.0', truncation: null, padding: null, ...parts, post_processor: null };
  const vocabulary = [...ids]
    .sort(([, a], [, b]) => a - b)
    .map(([token, id]) => `${JSON.stringify(token)}:${String(id)}`)
    .join(',');
  const modelText = `${JSON.stringify(model).slice(0, -1)},"vocab":{${vocabulary}}}`;
  return `${JSON.stringify(head).slice(0, -1)},"model":${modelText}}\n`;
}
