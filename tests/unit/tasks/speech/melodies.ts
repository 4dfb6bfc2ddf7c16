/** A language of three sounds that last differently long, for voices that are small enough to be trained in a test. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { importAudioDataset } from '../../../../src/main/data/audio/import-audio.ts';
import type { FrameOptions } from '../../../../src/shared/spec/manifests/audio-dataset.ts';
import { tone, wavFile } from '../../audio-fixtures.ts';

const rate = 8000;
const sounds: Readonly<Record<string, readonly [frequency: number, seconds: number]>> = {
  a: [400, 0.12],
  b: [900, 0.2],
  c: [2000, 0.08],
};

export const melodyFrames = {
  bands: 12,
  windowMilliseconds: 25,
  hopMilliseconds: 10,
  minimumFrequency: 100,
  maximumFrequency: 3900,
  normalise: false,
} as const;

export function melody(text: string): Uint8Array {
  const samples = Array.from(text).flatMap((letter) => [...tone(...sounds[letter]!, rate)]); // they are in the table
  return wavFile([Float32Array.from(samples)], rate, { bits: 16 });
}

/** Recordings of these texts, imported into a new folder; the first two are for validation. */
export async function importMelodies(
  root: string,
  destination: string,
  texts: readonly string[],
  options: Partial<FrameOptions> = melodyFrames,
): Promise<void> {
  const rows = ['path,label,split'];
  mkdirSync(join(root, 'melodies'), { recursive: true });
  for (const [index, text] of texts.entries()) {
    const path = `melodies/${String(index)}.wav`;
    writeFileSync(join(root, path), melody(text));
    rows.push(`${path},${text},${index < 2 ? 'validation' : index < 4 ? 'test' : 'train'}`);
  }
  const table = join(root, 'melodies.csv');
  writeFileSync(table, `${rows.join('\n')}\n`);
  await importAudioDataset({
    sources: [table],
    destination,
    name: 'melodies',
    options,
    table: { splitColumn: 'split' },
  });
}

/** All words of two and three letters without the same one twice in a row. */
export const melodyTexts: readonly string[] = ['cab', 'bac', 'acb', 'bca'].concat([
  'ab',
  'ba',
  'ac',
  'ca',
  'bc',
  'cb',
  'aba',
  'abc',
  'aca',
  'bab',
  'bcb',
  'cac',
  'cba',
  'cbc',
  'bac',
  'cab',
]);
