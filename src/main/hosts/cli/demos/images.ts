/**
 * Images: pretrain on views of unlabelled digits, read the features with few labels, and measure what that gained; the long one
 * places patches of emoji as well.
 *
 * Emoji and digits are divided before anything is imported: what is pretrained on, without labels, and what is labelled are
 * different pictures, and the variations of an emoji stay on one side.
 */
import { existsSync } from 'node:fs';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import sharp from 'sharp';
import { hashString } from '../../../../shared/random.ts';
import type { ImageEntry, ImageSource } from '../../../data/images/source.ts';
import { emojiSource } from '../../../data/samples/emoji.ts';
import { mnistSource } from '../../../data/samples/mnist.ts';
import { hasPackage } from '../../../data/samples/package-folder.ts';
import { print } from '../output.ts';
import type { Demo, DemoWorkspace } from './commands.ts';
import { example, heading } from './commands.ts';

/** Digits of each kind: labelled ones, and all there are. */
const digits = { labelled: 250, all: 700 };

/** Writes the entries of a source that are chosen as PNG files, a folder for each label or all in one. Does it once. */
async function writeImages(
  folder: string,
  source: ImageSource,
  isChosen: (entry: ImageEntry) => boolean,
  labelled: boolean,
): Promise<string> {
  if (existsSync(folder)) return folder;
  const partial = `${folder}-${process.pid}`;
  for await (const entry of source.entries(new AbortController().signal)) {
    if ('unusable' in entry || !isChosen(entry)) continue;
    const label = entry.label ?? '';
    const name = `${label}-${basename(entry.path, '.png')}.png`.replaceAll(/[^\w.-]+/g, '-');
    const file = labelled ? join(partial, label, name) : join(partial, name);
    await mkdir(dirname(file), { recursive: true });
    const content = await entry.read();
    const bytes = Buffer.isBuffer(content)
      ? content
      : await sharp(content.data, {
          raw: { height: content.height, width: content.width, channels: content.channels },
        })
          .png()
          .toBuffer();
    await writeFile(file, bytes);
  }
  await rename(partial, folder);
  return folder;
}

/** Every third emoji is labelled, with its variations left out; the others are pretrained on with theirs. */
const isLabelledEmoji = ({ group = '' }: ImageEntry): boolean => hashString(group) % 3 === 0;
const numberOf = ({ path }: ImageEntry): number => Number(basename(path));

/** Emoji are for looking at: what categories they have is hardly in their shapes, so pretraining gains nothing there. */
async function importEmoji({ folder, importOnce }: DemoWorkspace): Promise<void> {
  const samples = join(folder, 'samples');
  const isUnlabelled = (entry: ImageEntry): boolean => !isLabelledEmoji(entry);
  const all = emojiSource({ variations: true });
  const some = await writeImages(join(samples, 'emoji-unlabelled'), all, isUnlabelled, false);
  await importOnce('corpus', 'emoji', some, '--images', '--size', '64');
  const categories = await writeImages(join(samples, 'emoji-labelled'), emojiSource(), isLabelledEmoji, true);
  await importOnce('dataset', 'emoji-categories', categories, '--images', '--size', '64');
}

async function importDigits({ folder, importOnce }: DemoWorkspace): Promise<void> {
  const samples = join(folder, 'samples');
  const strokes = await writeImages(
    join(samples, 'digits-unlabelled'),
    mnistSource({ imagesPerDigit: digits.all }),
    (entry) => numberOf(entry) >= digits.labelled,
    false,
  );
  await importOnce('corpus', 'digits', strokes, '--images', '--size', '28', '--grey');
  const labelled = mnistSource({ imagesPerDigit: digits.labelled });
  const numbers = await writeImages(join(samples, 'digits-labelled'), labelled, () => true, true);
  await importOnce('dataset', 'digits-labelled', numbers, '--images', '--size', '28', '--grey');
}

export const imageDemo: Demo = async (workspace, { quick }) => {
  const { pretext } = workspace;
  heading('Handwritten digits: many without labels, and other ones with labels');
  await importDigits(workspace);

  if (!quick) {
    heading('Pretraining on emoji: where does a patch lie, seen from another?');
    if (hasPackage('emoji-datasource-twitter')) {
      await importEmoji(workspace);
      await pretext('preview', example('emoji-pretraining.yaml'), '--count', '8');
      await pretext('run', example('emoji-pretraining.yaml'), '--set', 'training.steps=300');
    } else print('Left out: the npm package emoji-datasource-twitter, which has the emoji, is not installed.');
  }
  heading('Pretraining on digits: which pictures are views of the same one?');
  await pretext('preview', example('digits-pretraining.yaml'), '--count', '8');
  const few = quick ? ['--set', 'training.steps=200', '--set', 'training.evaluateEvery=100'] : [];
  await pretext('run', example('digits-pretraining.yaml'), ...few);
  if (!quick) {
    heading('What the stages of the network know');
    await pretext('probe', 'digits-pretraining', '--data', 'digits-labelled', '--labels-per-class', '10');
  }

  heading('What did pretraining gain with few labels?');
  await pretext('study', example(quick ? 'digits-transfer-quick.yaml' : 'digits-transfer.yaml'));
};
