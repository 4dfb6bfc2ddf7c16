/** Copies of images and of recordings are found, changed as copies are; others are not. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { expect, it, onTestFinished } from 'vitest';
import { importAudioDataset } from '../../../src/main/data/audio/import-audio.ts';
import { folderSource } from '../../../src/main/data/images/folder-source.ts';
import { importImageCorpus, importImageDataset } from '../../../src/main/data/images/import.ts';
import { findDatasetLeaks } from '../../../src/main/data/leaks/dataset-leaks.ts';
import type { RandomStream } from '../../../src/shared/random.ts';
import { randomStream } from '../../../src/shared/random.ts';
import { wavFile } from '../audio-fixtures.ts';
import { picture, picturePixels, writeFile } from '../data-images-fixtures.ts';

const search = { minimumSimilarity: 0.7, mostPlaces: 3 };

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'pretext-leaks-'));
  onTestFinished(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}

function scores(found: Iterable<number>, planted: readonly number[]): { recall: number; precision: number } {
  const all = [...found];
  const right = all.filter((one) => planted.includes(one)).length;
  return { recall: right / planted.length, precision: right / all.length };
}

it('images in another size, another format or grey are found, and unlike ones are not', async () => {
  const folder = temporaryFolder();
  const count = 90;
  for (let seed = 0; seed < count; seed += 1) {
    const file = `dataset/${seed % 2 === 0 ? 'even' : 'odd'}/${String(seed).padStart(3, '0')}.png`;
    writeFile(folder, file, await picture(seed).png().toBuffer());
  }
  const copies = [
    (seed: number) => picture(seed).jpeg({ quality: 70 }).toBuffer(),
    (seed: number) => picture(seed, 160, 160).webp().toBuffer(),
    (seed: number) => picture(seed).linear(0.9, 8).png().toBuffer(),
  ];
  const copied: string[] = [];
  for (let seed = 0; seed < count; seed += 3) {
    writeFile(
      folder,
      `corpus/copy-${seed}.${['jpg', 'webp', 'png'][(seed / 3) % 3]!}`,
      await copies[(seed / 3) % copies.length]!(seed),
    );
    copied.push(`${String(seed).padStart(3, '0')}.png`);
  }
  for (let seed = 500; seed < 600; seed += 1) {
    writeFile(folder, `corpus/${seed}.png`, await picture(seed).png().toBuffer());
  }
  const job = (name: string, grey: boolean) => ({
    source: folderSource(join(folder, name.replace('-grey', '')), { classFolders: name === 'dataset' }),
    destination: join(folder, 'imported', name),
    name,
    options: { size: 32, ...(grey && { channels: 1 as const }) },
  });
  await importImageDataset(job('dataset', false));
  for (const grey of [false, true]) {
    const name = grey ? 'corpus-grey' : 'corpus';
    await importImageCorpus(job(name, grey));
    const { places, examples, nameOf } = await findDatasetLeaks(
      { kind: 'image-dataset', folder: join(folder, 'imported', 'dataset') },
      { kind: 'image-corpus', folder: join(folder, 'imported', name) },
      search,
    );
    expect(examples).toBe(count);
    const names = [...places.keys()].map((image) => nameOf(image).split('/').at(-1)!);
    const right = names.filter((one) => copied.includes(one)).length;
    expect(right / copied.length).toBeGreaterThanOrEqual(0.99);
    expect(right / names.length).toBeGreaterThanOrEqual(0.95);
  }
});

it('images of one dataset are compared with each other', async () => {
  const folder = temporaryFolder();
  const sides = { a: [1, 2, 3], b: [4, 5] };
  for (const [label, seeds] of Object.entries(sides)) {
    for (const seed of seeds) writeFile(folder, `images/${label}/${seed}.png`, await picture(seed).png().toBuffer());
  }
  const pixels = picturePixels(2, 96, 96);
  const copy = sharp(pixels, { raw: { height: 96, width: 96, channels: 3 } }).jpeg({ quality: 60 });
  writeFile(folder, 'images/b/copy.jpg', await copy.toBuffer());
  const destination = join(folder, 'imported');
  await importImageDataset({
    source: folderSource(join(folder, 'images'), { classFolders: true }),
    destination,
    name: 'images',
    options: { size: 32 },
  });
  const { places, nameOf } = await findDatasetLeaks({ kind: 'image-dataset', folder: destination }, undefined, search);
  expect([...places.keys()].map(nameOf).sort()).toEqual(['a/2.png', 'b/copy.jpg']);
});

const rate = 8000;

/** A few seconds of syllables: tones with overtones that glide, with pauses. */
function speech(random: RandomStream, seconds: number): Float32Array {
  const samples = new Float32Array(seconds * rate);
  let phase = 0;
  for (let place = 0; place < samples.length;) {
    const length = Math.round((0.06 + 0.2 * random.uniform()) * rate);
    const [from, to, loudness] = [
      200 + 900 * random.uniform(),
      200 + 900 * random.uniform(),
      0.05 + 0.2 * random.uniform(),
    ];
    const overtones = [1, random.uniform(), random.uniform(), random.uniform()];
    for (let at = 0; at < length && place + at < samples.length; at += 1) {
      phase += (2 * Math.PI * (from + ((to - from) * at) / length)) / rate;
      const envelope = Math.sin((Math.PI * at) / length) * loudness;
      samples[place + at] =
        envelope * overtones.reduce((sum, size, tone) => sum + size * Math.sin(phase * (tone + 1)), 0);
    }
    place += length + Math.round(0.05 * random.uniform() * rate);
  }
  return samples;
}

it('recordings that are louder, noisier, cut or within longer ones are found, and others are not', async () => {
  const folder = temporaryFolder();
  const random = randomStream(9);
  const write = (path: string, samples: Float32Array): void => {
    const file = join(folder, path);
    mkdirSync(join(file, '..'), { recursive: true });
    writeFileSync(file, wavFile([samples], rate, { bits: 16 }));
  };
  const copies: ((sound: Float32Array) => Float32Array)[] = [
    (sound) => sound.map((value) => value * 0.3),
    (sound) => sound.map((value) => value + 0.004 * (random.uniform() - 0.5)),
    (sound) => sound.subarray(0, Math.round(sound.length * 0.8)),
    (sound) => sound.subarray(Math.round(sound.length * 0.2)),
    (sound) => Float32Array.of(...speech(random, 2).map((value) => value / 2), ...sound, ...speech(random, 1)),
  ];
  const planted: number[] = [];
  for (let index = 0; index < 60; index += 1) {
    const sound = speech(random, 2);
    write(`test/${index % 2 === 0 ? 'a' : 'b'}/${String(index).padStart(2, '0')}.wav`, sound);
    if (index % 2 === 0) write(`other/c/${index}.wav`, copies[(index / 2) % copies.length]!(sound));
    if (index % 2 === 0) planted.push(index);
  }
  for (let index = 0; index < 30; index += 1) write(`other/d/${index}.wav`, speech(random, 2));
  const options = { minimumFrequency: 100, maximumFrequency: 3800 };
  for (const name of ['test', 'other']) {
    await importAudioDataset({
      sources: [join(folder, name)],
      destination: join(folder, 'imported', name),
      name,
      options,
    });
  }
  const side = (name: string) => ({ kind: 'audio-dataset', folder: join(folder, 'imported', name) });
  const { places, nameOf } = await findDatasetLeaks(side('test'), side('other'), search);
  const numbers = [...places.keys()].map((index) => Number.parseInt(nameOf(index).split('/')[1]!, 10));
  const { recall, precision } = scores(numbers, planted);
  expect(recall).toBeGreaterThanOrEqual(0.99);
  expect(precision).toBeGreaterThanOrEqual(0.95);
  const within = await findDatasetLeaks(side('test'), undefined, search);
  expect([...within.places.keys()]).toEqual([]);
  await importAudioDataset({
    sources: [join(folder, 'other')],
    destination: join(folder, 'imported', 'coarse'),
    name: 'coarse',
    options: { ...options, bands: 20 },
  });
  const coarse = await findDatasetLeaks(side('test'), side('coarse'), search);
  expect(coarse.incomparable).toContain('other windows or bands');
});
