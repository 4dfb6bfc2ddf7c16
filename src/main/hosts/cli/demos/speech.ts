/**
 * Speech: digits spoken by Debian's espeak-ng (apt-get install espeak-ng) in several voices, written down by an LSTM with CTC. The
 * voices of the test have not been heard in training. Then a voice of the lab's own, trained on digits and short sentences of one
 * voice, speaks sequences of digits that it has never heard, and the first network writes down what it hears.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { LabError, messageOf } from '../../../../shared/errors.ts';
import { randomStream } from '../../../../shared/random.ts';
import type { Demo } from './commands.ts';
import { example, heading } from './commands.ts';
import type { PhraseSide } from './spoken-phrases.ts';
import { digitWords, spokenPhrases } from './spoken-phrases.ts';

const run = promisify(execFile);
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
  const text = digits.map((digit) => digitWords[digit]!).join(' ');
  await espeak('-v', voice, '-s', String(speed), '-p', String(pitch), '-w', join(folder, path), text);
  return `${path},${digits.join('')}`;
}

async function espeak(...settings: readonly string[]): Promise<void> {
  await run('espeak-ng', settings).catch((error: unknown) => {
    const message = `espeak-ng cannot speak (${messageOf(error)}). Install it: apt-get install espeak-ng`;
    throw new LabError('not-found', message, { settings }, error);
  });
}

/** One voice says all phrases, once; returns the table of the recordings and that of the test's texts, with their digits. */
async function speakPhrases(
  folder: string,
  counts: Readonly<Record<PhraseSide, number>>,
): Promise<{ readonly recordings: string; readonly texts: string }> {
  const tables = { recordings: join(folder, 'phrases.csv'), texts: join(folder, 'unheard-digits.csv') };
  if (existsSync(folder)) return tables;
  const partial = `${folder}-${process.pid}`;
  const phrases = spokenPhrases(counts);
  const rows = ['path,label,split'];
  for (const side of ['train', 'validation', 'test'] as const) {
    await mkdir(join(partial, side), { recursive: true });
    for (const [index, { text }] of phrases[side].entries()) {
      const path = `${side}/${String(index).padStart(4, '0')}.wav`;
      await espeak('-v', 'en-us', '-s', '150', '-w', join(partial, path), text);
      rows.push(`${path},${text},${side}`);
    }
  }
  await writeFile(join(partial, 'phrases.csv'), `${rows.join('\n')}\n`);
  const unheard = phrases.test.map(({ text, digits = '' }) => `${text},${digits}`);
  await writeFile(join(partial, 'unheard-digits.csv'), `text,digits\n${unheard.join('\n')}\n`);
  await rename(partial, folder);
  return tables;
}

/** Frames that sound can be made of. */
const frames = ['normalise=false', 'bands=64', 'windowMilliseconds=40', 'hopMilliseconds=12.5'];

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

  heading('A voice: 450 digits and short sentences of one speaker');
  const phrases = quick ? 'spoken-phrases-quick' : 'spoken-phrases';
  const said = quick ? { train: 120, validation: 12, test: 12 } : { train: 450, validation: 40, test: 60 };
  const { recordings, texts } = await speakPhrases(join(folder, 'samples', phrases), said);
  const frameOptions = frames.flatMap((option) => ['--frame-option', option]);
  await importOnce('dataset', phrases, recordings, '--audio', '--split-column', 'split', ...frameOptions);
  const briefly = quick ? ['--set', 'training.steps=60'] : [];
  await pretext('run', example('speech-synthesis.yaml'), '--set', `data=${phrases}`, ...briefly);

  heading('It speaks digits that it has never heard, and the network from before writes down what it hears');
  const spoken = join(folder, 'spoken');
  await mkdir(spoken, { recursive: true });
  await pretext('speak', 'speech-synthesis', 'three seven', join(spoken, 'three-seven.wav'), '--force');
  const output = join(spoken, `unheard-${String(Date.now())}`);
  const listening = ['--recogniser', 'spoken-digits', '--truth-column', 'digits'];
  await pretext(
    'speak',
    'speech-synthesis',
    '--input',
    texts,
    '--text-column',
    'text',
    '--output',
    output,
    ...listening,
  );
};
