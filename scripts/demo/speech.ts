/**
 * Speech: digits spoken by Debian's espeak-ng (apt-get install espeak-ng) in several voices, written down by an LSTM with CTC. The
 * voices of the test have not been heard in training.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { LabError, messageOf } from '../../src/shared/errors.ts';
import { randomStream } from '../../src/shared/random.ts';
import type { Demo } from './commands.ts';
import { example, heading } from './commands.ts';

const run = promisify(execFile);
const words = ['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine'];
const voices = {
  train: ['en-us', 'en-gb', 'en-us+m1', 'en-us+m3', 'en-us+f1', 'en-us+f3', 'en-gb+m2', 'en-gb+f2', 'en-gb-scotland'],
  validation: ['en-us+m4', 'en-gb+f4'],
  test: ['en-us+m2', 'en-us+f2', 'en-gb+m1', 'en-gb+f1'],
} as const;
type Side = keyof typeof voices;

/** Speaks sequences of digits into WAV files, once; returns the table that lists them. Throws `LabError('not-found')` without espeak-ng. */
async function speakDigits(folder: string, counts: Readonly<Record<Side, number>>): Promise<string> {
  const table = join(folder, 'digits.csv');
  if (existsSync(folder)) return table;
  const partial = `${folder}-${process.pid}`;
  const rows = ['path,label'];
  for (const side of ['train', 'validation', 'test'] as const) {
    await mkdir(join(partial, side), { recursive: true });
    for (let start = 0; start < counts[side]; start += 4) {
      const numbers = Array.from({ length: Math.min(4, counts[side] - start) }, (_, index) => start + index);
      rows.push(...(await Promise.all(numbers.map((number) => speak(partial, side, number)))));
    }
  }
  await writeFile(table.replace(folder, partial), `${rows.join('\n')}\n`);
  await rename(partial, folder);
  return table;
}

async function speak(folder: string, side: Side, number: number): Promise<string> {
  const stream = randomStream(11, voices[side].length, number);
  const digits = Array.from({ length: 1 + stream.integer(4) }, () => stream.integer(10));
  const voice = voices[side][stream.integer(voices[side].length)]!; // there is at least one
  const speed = 130 + stream.integer(70);
  const pitch = 30 + stream.integer(40);
  const path = `${side}/${String(number).padStart(4, '0')}.wav`;
  const text = digits.map((digit) => words[digit]!).join(' ');
  const settings = ['-v', voice, '-s', String(speed), '-p', String(pitch), '-w', join(folder, path), text];
  await run('espeak-ng', settings).catch((error: unknown) => {
    const message = `espeak-ng cannot speak (${messageOf(error)}). Install it: apt-get install espeak-ng`;
    throw new LabError('not-found', message, { settings }, error);
  });
  return `${path},${digits.join('')}`;
}

export const speechDemo: Demo = async ({ folder, pretext, importOnce }, { quick }) => {
  heading('Spoken digits: one to four in a row, in thirteen voices');
  const name = quick ? 'spoken-digits-quick' : 'spoken-digits';
  const counts = quick ? { train: 200, validation: 40, test: 40 } : { train: 1600, validation: 160, test: 320 };
  const table = await speakDigits(join(folder, 'samples', name), counts);
  await importOnce('dataset', name, table, '--audio');

  heading('Writing down what is said, with CTC');
  const quickly = quick ? ['--set', 'training.epochs=4'] : [];
  await pretext('preview', example('spoken-digits.yaml'), '--set', `data=${name}`, '--count', '4');
  await pretext('run', example('spoken-digits.yaml'), '--set', `data=${name}`, ...quickly);
  await pretext('predict', 'spoken-digits', join(folder, 'samples', name, 'test', '0000.wav'), '--top', '3');
};
