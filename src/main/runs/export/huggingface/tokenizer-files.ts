/** A tokenizer as transformers wants it beside a model, which for language models is another than for encoders. */
import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TextTokenizer } from '../../../data/tokenizer/tokenizer.ts';

/** Ids of special tokens, as config.json names them. */
export function specialIds({ special: { pad, classify, separate } }: TextTokenizer, isCausal: boolean): SpecialIds {
  // A language model reads and writes the mark that stands between documents before and after a text.
  if (isCausal) return { pad_token_id: pad, bos_token_id: separate, eos_token_id: separate };
  // The marks at the beginning and the end of a text are those of its sentences, as ModernBERT has it.
  return {
    pad_token_id: pad,
    cls_token_id: classify,
    bos_token_id: classify,
    sep_token_id: separate,
    eos_token_id: separate,
  };
}

type SpecialIds = Readonly<Record<string, number>>;

/** Writes tokenizer.json, tokenizer_config.json and special_tokens_map.json, whose names are returned. */
export async function writeTokenizer(
  folder: string,
  file: string,
  tokenizer: TextTokenizer,
  { length, inputNames, isCausal }: TokenizerUse,
): Promise<readonly string[]> {
  const special = isCausal ? marksOfTexts(tokenizer) : specialTokens(tokenizer);
  const config = {
    tokenizer_class: 'PreTrainedTokenizerFast',
    model_max_length: length,
    model_input_names: inputNames,
    clean_up_tokenization_spaces: false,
    ...special,
  };
  if (isCausal) await writeFile(join(folder, 'tokenizer.json'), await leftToRight(file, tokenizer));
  else await copyFile(file, join(folder, 'tokenizer.json'));
  await writeJson(join(folder, 'tokenizer_config.json'), config);
  await writeJson(join(folder, 'special_tokens_map.json'), special);
  return ['tokenizer.json', 'tokenizer_config.json', 'special_tokens_map.json'];
}

interface TokenizerUse {
  /** Tokens that the model reads at most. */
  readonly length: number;
  readonly inputNames: readonly string[];
  /** Whether it is for a language model, which goes on where a text ends. */
  readonly isCausal: boolean;
}

/** Indented, with a line break at the end, as transformers writes its files. */
export function writeJson(file: string, value: object): Promise<void> {
  return writeFile(file, `${JSON.stringify(value, null, 2)}\n`);
}

/** Texts begin and end with the mark that stands between documents. */
function marksOfTexts({ special, token }: TextTokenizer): Record<string, string> {
  const mark = token(special.separate);
  return { bos_token: mark, eos_token: mark, pad_token: token(special.pad), unk_token: token(special.unknown) };
}

/** The tokenizer, which puts the mark between documents before a text, and nothing after it: there the model goes on. */
async function leftToRight(file: string, { special, token }: TextTokenizer): Promise<string> {
  const content = JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>; // a tokenizer.json that was loaded before
  const mark = token(special.separate);
  const template = {
    type: 'TemplateProcessing',
    single: [{ SpecialToken: { id: mark, type_id: 0 } }, { Sequence: { id: 'A', type_id: 0 } }],
    pair: [
      { SpecialToken: { id: mark, type_id: 0 } },
      { Sequence: { id: 'A', type_id: 0 } },
      { SpecialToken: { id: mark, type_id: 0 } },
      { Sequence: { id: 'B', type_id: 0 } },
    ],
    special_tokens: { [mark]: { id: mark, ids: [special.separate], tokens: [mark] } },
  };
  return `${JSON.stringify({ ...content, post_processor: template })}\n`;
}

function specialTokens({ special, token }: TextTokenizer): Record<string, string> {
  return {
    pad_token: token(special.pad),
    unk_token: token(special.unknown),
    cls_token: token(special.classify),
    sep_token: token(special.separate),
    mask_token: token(special.mask),
  };
}
