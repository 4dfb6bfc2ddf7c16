/** Options of `pretext model import` for what a model's files do not say. */
import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import { LabError } from '../../../shared/errors.ts';
import type { ImageImportOptionsInput } from '../../../shared/spec/image-import.ts';
import { imageFit } from '../../../shared/spec/manifests/image-corpus.ts';
import type { ModelSettings } from '../../../shared/spec/model-settings.ts';
import { modelSettings } from '../../../shared/spec/model-settings.ts';
import { readLabels } from '../../models/label-file.ts';
import { imageSize } from './image-options.ts';
import { positiveNumber } from './numbers.ts';

export interface ModelSettingFlags {
  readonly layer?: string;
  readonly labels?: string;
  readonly size?: NonNullable<ImageImportOptionsInput['size']>;
  readonly fit?: ModelSettings['fit'];
  readonly resizeShorter?: number;
  readonly mean?: readonly number[];
  readonly std?: readonly number[];
  readonly channelOrder?: ModelSettings['channelOrder'];
}

/** `0.485,0.456,0.406` */
function ofChannels(text: string): readonly number[] {
  const numbers = text.split(',').map((part) => (part.trim() === '' ? NaN : Number(part)));
  if (numbers.every(Number.isFinite)) return numbers;
  throw new InvalidArgumentError('Write numbers with commas between them, e.g. 0.485,0.456,0.406.');
}

export function addModelSettings(command: Command): Command {
  return command
    .option('--layer <name>', 'of an ONNX network: the value that the head is put on (default: before its last layer)')
    .option('--labels <file>', 'names of its classes, one a line in the order of its outputs, or a JSON array')
    .option('--size <pixels>', 'height and width of the images that it reads, e.g. 224 or 48x320', imageSize)
    .addOption(
      new Option('--fit <how>', 'how images of other proportions are fitted into the size').choices(imageFit.options),
    )
    .option('--resize-shorter <pixels>', 'with --fit center-crop: the shorter side before the crop', positiveNumber)
    .option('--mean <numbers>', 'subtracted from pixels from 0 to 1: red, green, blue', ofChannels)
    .option('--std <numbers>', 'what pixels are divided by then', ofChannels)
    .addOption(new Option('--channel-order <order>', 'in which its first layer reads colours').choices(['rgb', 'bgr']));
}

/** Throws `LabError('bad-input')` naming the option, and what `readLabels` does. */
export async function modelSettingsOf(flags: ModelSettingFlags): Promise<ModelSettings> {
  const { layer, labels, size, fit, resizeShorter, mean, std, channelOrder } = flags;
  const sides = typeof size === 'number' ? { height: size, width: size } : size;
  const parsed = modelSettings.safeParse({
    ...{ layer, fit, resizeShorter, mean, std, channelOrder },
    ...sides,
    ...(labels !== undefined && { labels: await readLabels(labels) }),
  });
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  throw new LabError('bad-input', problems.join('; '));
}
