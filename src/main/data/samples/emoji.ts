/**
 * The emoji of the npm package `emoji-datasource-twitter` as sample images: 64 × 64 pixels, transparent, in nine categories.
 * The variations of an emoji (skin tones) are one group, so a split never tests on a hand that it was trained on in another
 * colour.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { LabError, messageOf } from '../../../shared/errors.ts';
import { readImageFile } from '../images/folder-source.ts';
import type { ImageEntry, ImageSource } from '../images/source.ts';
import { packageFolder } from './package-folder.ts';

const PACKAGE = 'emoji-datasource-twitter';

const emojiList = z.array(
  z.object({
    image: z.string(),
    name: z.string().nullish(),
    short_name: z.string(),
    category: z.string(),
    has_img_twitter: z.boolean(),
    obsoleted_by: z.string().optional(),
    skin_variations: z
      .record(
        z.string(),
        z.object({ image: z.string(), has_img_twitter: z.boolean(), obsoleted_by: z.string().optional() }),
      )
      .optional(),
  }),
);

export interface EmojiOptions {
  /** Also the skin-tone variations, about as many again. For pretraining; they tell a classifier nothing new. */
  readonly variations?: boolean;
  /** Where the package lies; by default where Node finds it. */
  readonly folder?: string;
}

async function readEmojiList(folder: string): Promise<z.infer<typeof emojiList>> {
  const path = join(folder, 'emoji.json');
  try {
    return emojiList.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch (error) {
    const message = `${path} cannot be read (${messageOf(error)}). Install the package again: npm install ${PACKAGE}`;
    throw new LabError('bad-input', message, { path }, error);
  }
}

/** Words that more emoji have in their names can be learned, and these say nothing. */
const FEWEST_WITH_WORD = 20;
const EMPTY_WORDS = new Set(['and', 'with', 'the', 'of']);

export interface NamedEmoji {
  /** Of the picture, within the package. */
  readonly path: string;
  /** Those of its name that at least twenty emoji have; there may be none. */
  readonly words: readonly string[];
}

/** The emoji with words of their names: several labels for a picture. Superseded emoji and swatches are left out. */
export async function emojiWords({ folder = packageFolder(PACKAGE) }: EmojiOptions = {}): Promise<NamedEmoji[]> {
  const emoji = (await readEmojiList(folder)).filter(
    ({ category, has_img_twitter: hasImage, obsoleted_by: obsoletedBy }) =>
      category !== 'Component' && hasImage && obsoletedBy === undefined,
  );
  const wordsOf = (name: string): string[] => [
    ...new Set(
      name
        .toLowerCase()
        .match(/[a-z]{3,}/gu)
        ?.filter((word) => !EMPTY_WORDS.has(word)),
    ),
  ];
  const counts = new Map<string, number>();
  for (const { name } of emoji) for (const word of wordsOf(name ?? '')) counts.set(word, (counts.get(word) ?? 0) + 1);
  return emoji.map(({ name, image }) => ({
    path: `img/twitter/64/${image}`,
    words: wordsOf(name ?? '').filter((word) => counts.get(word)! >= FEWEST_WITH_WORD),
  }));
}

/** The emoji as a source: the label is the category. Superseded emoji, and the skin-tone swatches themselves, are left out. */
export function emojiSource(options: EmojiOptions = {}): ImageSource {
  const folder = options.folder ?? packageFolder(PACKAGE);

  async function list(): Promise<ImageEntry[]> {
    const entries: ImageEntry[] = [];
    for (const emoji of await readEmojiList(folder)) {
      if (emoji.category === 'Component') continue;
      const variations = options.variations === true ? Object.values(emoji.skin_variations ?? {}) : [];
      for (const picture of [emoji, ...variations]) {
        if (!picture.has_img_twitter || picture.obsoleted_by !== undefined) continue;
        entries.push({
          path: `img/twitter/64/${picture.image}`,
          label: emoji.category,
          group: emoji.short_name,
          read: () => readImageFile(join(folder, 'img', 'twitter', '64', picture.image)),
        });
      }
    }
    return entries;
  }

  return {
    kind: 'sample',
    path: PACKAGE,
    count: async () => (await list()).length,
    async *entries(signal) {
      for (const entry of await list()) {
        signal.throwIfAborted();
        yield entry;
      }
    },
    ignored: () => new Map(),
  };
}
