/** Options for importing recordings. */
import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';
import type { FrameOptions } from '../../../shared/spec/manifests/audio-dataset.ts';
import { frameOptions } from '../../../shared/spec/manifests/audio-dataset.ts';
import { positiveNumber } from './numbers.ts';

export interface SoundOptions {
  readonly maximumFrequency?: number;
  readonly frameOption?: Readonly<Record<string, number | boolean>>;
}

/** The options below, by which nothing but recordings are read. */
export const soundOptionNames: readonly (keyof SoundOptions)[] = ['maximumFrequency', 'frameOption'];

/** What they may be is checked by the importer. */
const further = Object.keys(frameOptions.shape).filter((name) => name !== 'maximumFrequency');

/** `bands=64`; may be repeated. */
function frameOption(text: string, previous: Readonly<Record<string, number | boolean>> = {}) {
  const [, name = '', value = ''] = /^(\w+)=(.+)$/.exec(text) ?? [];
  const read = value === 'true' ? true : value === 'false' ? false : Number(value);
  if (!further.includes(name) || Number.isNaN(read)) {
    throw new InvalidArgumentError(
      `Write an option and its value, such as bands=64 or normalise=false. Options: ${further.join(', ')}.`,
    );
  }
  return { ...previous, [name]: read };
}

export function addSoundOptions(command: Command): Command {
  return command
    .option('--maximum-frequency <hertz>', 'for sound: where the highest band ends (default: 7600)', positiveNumber)
    .option('--frame-option <name=value>', `for sound: ${further.join(', ')} (may be repeated)`, frameOption);
}

/** Undefined where everything is as usual. */
export function frameOptionsOf({
  maximumFrequency,
  frameOption: others,
}: SoundOptions): Partial<FrameOptions> | undefined {
  if (maximumFrequency === undefined && !others) return undefined;
  return { ...others, ...(maximumFrequency !== undefined && { maximumFrequency }) };
}
