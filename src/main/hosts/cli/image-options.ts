/** Options for importing images, which corpora and datasets share. */
import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import type { ImageImportOptionsInput } from '../../../shared/spec/image-import.ts';
import { imageImportOptions } from '../../../shared/spec/image-import.ts';
import type { ImageCorpusManifest } from '../../../shared/spec/manifests/image-corpus.ts';
import { imageFit } from '../../../shared/spec/manifests/image-corpus.ts';
import type { ImageDatasetManifest } from '../../../shared/spec/manifests/image-dataset.ts';
import type { ImageImportReport } from '../../../shared/spec/manifests/image-import-report.ts';
import { plural } from '../../../shared/display.ts';
import { positiveNumber } from './numbers.ts';

export interface ImageOptions {
  readonly size?: NonNullable<ImageImportOptionsInput['size']>;
  readonly fit?: ImageImportOptionsInput['fit'];
  readonly grey?: boolean;
  readonly imageOption?: Readonly<Record<string, string | number>>;
}

/** Options of an import that are rarely needed; what they may be is checked by the importer. */
const further = Object.keys(imageImportOptions.shape).filter((name) => !['size', 'fit', 'channels'].includes(name));

/** The options below, by which nothing but images are read. */
export const imageOptionNames: readonly (keyof ImageOptions)[] = ['size', 'fit', 'grey', 'imageOption'];

/** `minimumSide=16`; may be repeated. */
function imageOption(text: string, previous: Readonly<Record<string, string | number>> = {}) {
  const [, name = '', value = ''] = /^(\w+)=(.+)$/.exec(text) ?? [];
  if (!further.includes(name)) {
    throw new InvalidArgumentError(
      `Write an option and its value, such as minimumSide=16. Options: ${further.join(', ')}.`,
    );
  }
  return { ...previous, [name]: Number.isNaN(Number(value)) ? value : Number(value) };
}

/** `64` for squares, `32x192` for 32 rows and 192 columns. */
export function imageSize(text: string): NonNullable<ImageImportOptionsInput['size']> {
  const [height = '', width, ...more] = text.split('x');
  if (width === undefined) return positiveNumber(height);
  if (more.length > 0) throw new InvalidArgumentError('Write a number, or height and width as in 32x192.');
  return { height: positiveNumber(height), width: positiveNumber(width) };
}

export function addImageOptions(command: Command): Command {
  return command
    .option(
      '--size <pixels>',
      'for images: height and width they are stored with, e.g. 64 or 32x192 (default: 64)',
      imageSize,
    )
    .addOption(
      new Option('--fit <how>', 'for images: how other proportions become square (default: cover)').choices(
        imageFit.options,
      ),
    )
    .option('--grey', 'for images: one channel instead of three')
    .option('--image-option <name=value>', `for images: ${further.join(', ')} (may be repeated)`, imageOption);
}

export function imageImportOptionsOf({ size, fit, grey, imageOption: others }: ImageOptions): ImageImportOptionsInput {
  return {
    ...others,
    ...(size !== undefined && { size }),
    ...(fit !== undefined && { fit }),
    ...(grey && { channels: 1 as const }),
  };
}

/** One line of what came in. */
export function describeImageImport(
  report: ImageImportReport,
  { height, width, channels }: ImageCorpusManifest | ImageDatasetManifest,
): string {
  return `${report.name}: ${plural(report.images, 'image')} of ${height} × ${width} × ${channels}${describeDuplicates(report)}`;
}

function describeDuplicates({ nearDuplicates: { groups, groupsAcrossClasses } }: ImageImportReport): string {
  if (groups === 0) return '';
  const across = groupsAcrossClasses > 0 ? `, ${groupsAcrossClasses} of them across classes` : '';
  return `, ${plural(groups, 'group')} of near duplicates${across}`;
}
