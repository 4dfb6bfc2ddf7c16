/** Bitmaps that the decoder does not know, and tar archives, written by Pillow and Python (scripts/record-images.py). */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { z } from 'zod';
import { describe, expect, it } from 'vitest';
import { openAudioDataset } from '../../src/main/data/audio/audio-dataset.ts';
import { importAudioDataset } from '../../src/main/data/audio/import-audio.ts';
import { decodeImage, type Preparation } from '../../src/main/data/images/decode.ts';
import { importImageCorpus, importImageDataset } from '../../src/main/data/images/import.ts';
import { openImageDataset } from '../../src/main/data/images/image-store.ts';
import { readBmp } from '../../src/main/data/images/read-bmp.ts';
import { readDicom } from '../../src/main/data/images/read-dicom.ts';
import { readPnm } from '../../src/main/data/images/read-pnm.ts';
import { tarSource } from '../../src/main/data/images/tar-source.ts';
import { tone, wavFile } from './audio-fixtures.ts';
import { zipArchive } from './data-images-fixtures.ts';
import { temporaryFolder } from './data-text-fixtures.ts';

const fixture = (name: string): string => fileURLToPath(new URL(`../fixtures/images/${name}`, import.meta.url));
const bitmaps = z
  .record(z.string(), z.object({ file: z.string(), channels: z.int(), pixels: z.array(z.int()) }))
  .parse(JSON.parse(readFileSync(fixture('bitmaps.json'), 'utf8')));
const preparation: Preparation = {
  ...{ height: 3, width: 5, channels: 3, fit: 'stretch', resizeShorter: null, background: [255, 255, 255] },
  ...{ minimumSide: 1, maximumPixels: 1000, failOn: 'truncated' },
};

describe('a bitmap', () => {
  it.each(Object.entries(bitmaps))('has the pixels that Pillow finds: %s', async (name, { file, channels, pixels }) => {
    const bytes = Buffer.from(file, 'base64');
    const raw = name.endsWith('BMP') ? readBmp(bytes) : readPnm(bytes);
    expect([raw.height, raw.width, raw.channels]).toEqual([3, 5, channels]);
    expect([...raw.data]).toEqual(pixels);
    const decoded = await decodeImage(bytes, { ...preparation, channels: 3 });
    expect(decoded.format).toBe(name.endsWith('BMP') ? 'bmp' : 'pnm');
    if (channels === 3) expect([...decoded.pixels]).toEqual(pixels);
  });

  it('may have numbers for values, remarks, and other largest values', () => {
    const grey = readPnm(Buffer.from('P2 # remark\n# more\n2 2\n# largest\n4\n0 1\n2 4\n'));
    expect([...grey.data]).toEqual([0, 64, 128, 255]);
    expect([...readPnm(Buffer.from('P1\n3 1\n1 0\n1')).data]).toEqual([0, 255, 0]);
    expect([...readPnm(Buffer.from('P1\n3 1\n101')).data]).toEqual([0, 255, 0]);
    expect([...readPnm(Buffer.from('P3 1 1 255 1 2 3')).data]).toEqual([1, 2, 3]);
    const wide = Buffer.concat([Buffer.from('P5 2 1 1023\n'), Buffer.from([3, 255, 0, 0])]);
    expect([...readPnm(wide).data]).toEqual([255, 0]);
  });

  it('may have 16 bits with masks, or lie from the top down', () => {
    const header = Buffer.alloc(66);
    header.write('BM');
    header.writeUInt32LE(66, 10);
    header.writeUInt32LE(40, 14);
    header.writeInt32LE(2, 18);
    header.writeInt32LE(-2, 22);
    header.writeUInt16LE(1, 26);
    header.writeUInt16LE(16, 28);
    header.writeUInt32LE(3, 30);
    for (const [at, mask] of [0xf800, 0x7e0, 0x1f].entries()) header.writeUInt32LE(mask, 54 + at * 4);
    const pixels = Buffer.from(Uint16Array.from([0xf800, 0x7e0, 0x1f, 0xffff]).buffer);
    expect([...readBmp(Buffer.concat([header, pixels])).data]).toEqual([
      255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255,
    ]);
    header.writeUInt32LE(1, 30);
    expect(() => readBmp(Buffer.concat([header, pixels]))).toThrow('its compression is not read');
  });

  it('is listed with its reason where it is damaged or too large', async () => {
    const bytes = Buffer.from(bitmaps['colour BMP']!.file, 'base64');
    await expect(decodeImage(bytes.subarray(0, 80), preparation)).rejects.toThrow(
      'BMP image that cannot be read: it ends too early',
    );
    await expect(decodeImage(bytes, { ...preparation, maximumPixels: 14 })).rejects.toThrow('the limit is');
    await expect(decodeImage(Buffer.from('P5 2 2 255\n123'), preparation)).rejects.toThrow(
      'PNM image that cannot be read',
    );
    await expect(decodeImage(Buffer.from('P5 x'), preparation)).rejects.toThrow('its header is damaged');
  });
});

describe('a DICOM image', () => {
  const recorded = JSON.parse(
    readFileSync(new URL('../fixtures/images/dicom.json', import.meta.url), 'utf8'),
  ) as Record<
    string,
    { readonly file: string; readonly height: number; readonly width: number; readonly grey: readonly number[] }
  >; // as the script writes it

  it.each(Object.keys(recorded))('of %s has the greys that pydicom gives it', (name) => {
    const { file, height, width, grey } = recorded[name]!;
    const image = readDicom(Buffer.from(file, 'base64'));
    expect(image).toMatchObject({ height, width, channels: 1 });
    for (const [at, value] of image.data.entries()) expect(Math.abs(value - grey[at]!), String(at)).toBeLessThan(0.51);
  });

  it('is refused by name where it is compressed, in colour or damaged', async () => {
    const bytes = Buffer.from(recorded['12 bits with a window']!.file, 'base64');
    const changed = (from: string, to: string): Buffer => {
      const copy = Buffer.from(bytes);
      const place = copy.indexOf(from, 0, 'latin1');
      copy.write(to, place, 'latin1');
      return copy;
    };
    await expect(decodeImage(bytes, preparation)).resolves.toMatchObject({ format: 'dicom', originalWidth: 7 });
    const syntax = '1.2.840.10008.1.2.1\0';
    expect(() => readDicom(changed(syntax, '1.2.840.10008.1.2.5\0'))).toThrow('compressed by run lengths; save it');
    expect(() => readDicom(changed(syntax, '1.2.840.10008.1.2.2\0'))).toThrow('big-endian');
    expect(() => readDicom(changed('MONOCHROME2 ', 'RGB         '))).toThrow('its pixels are RGB');
    for (let length = 132; length < bytes.length; length += 7) {
      expect(() => readDicom(bytes.subarray(0, length)), String(length)).toThrow(RangeError);
    }
    await expect(decodeImage(bytes.subarray(0, 300), preparation)).rejects.toThrow('DICOM image that cannot be read');
  });
});

async function datasetOf(path: string) {
  const destination = join(temporaryFolder(), 'made');
  const source = tarSource(path, { labelled: true });
  const { report } = await importImageDataset({
    source,
    destination,
    name: 'x',
    options: { size: 8, nearDistance: 0 },
  });
  const images = openImageDataset(destination);
  const found = Array.from({ length: images.length }, (_, at) => [
    images.source(at).path,
    images.classes[images.labels[at]!],
    images.pixels(at)[0],
  ]);
  images.close();
  return { report, found };
}

describe('a tar archive', () => {
  it('is WebDataset’s: labels stand beside their images', async () => {
    const { report, found } = await datasetOf(fixture('webdataset.tar.gz'));
    expect(found).toEqual([
      ['0000.png', '0', 20],
      ['0001.png', '1', 70],
      ['0002.png', '0', 120],
      ['0003.png', '1', 170],
    ]);
    expect(report.skipped.listed).toMatchObject([{ path: '0004.png', reason: 'no-label' }]);
  });

  it('has folders for its classes, and names of any length', async () => {
    for (const name of ['long-gnu.tar.gz', 'long-pax.tar.gz']) {
      const { found } = await datasetOf(fixture(name));
      expect(found.map(([path, label]) => [String(path).length, label])).toEqual([
        [7, 'a'],
        [7, 'b'],
        [7, 'a'],
        [7, 'b'],
        [126, 'a'],
      ]);
    }
  });

  it('needs no labels for a corpus, and says where it breaks off', async () => {
    const source = tarSource(fixture('webdataset.tar.gz'), { labelled: false });
    const { manifest, report } = await importImageCorpus({
      source,
      destination: join(temporaryFolder(), 'made'),
      name: 'x',
    });
    expect(manifest.images).toBe(5);
    expect(manifest.source.kind).toBe('tar');
    expect(report.ignored.byExtension).toEqual({ cls: 4, txt: 4 });
    const path = join(temporaryFolder(), 'a.tar');
    const whole = gunzipSync(readFileSync(fixture('webdataset.tar.gz')));
    writeFileSync(path, whole.subarray(0, 600));
    await expect(datasetOf(path)).rejects.toThrow('cannot be read as a tar archive: it ends too early');
    writeFileSync(path, Buffer.alloc(2000, 7));
    await expect(datasetOf(path)).rejects.toThrow('a header is damaged');
  });
});

describe('recordings in a zip archive', () => {
  it('are read as those of a folder for each class', async () => {
    const sound = (frequency: number): Buffer =>
      Buffer.from(wavFile([tone(frequency, 0.1, 16_000)], 16_000, { bits: 16 }));
    const path = join(temporaryFolder(), 'a.zip');
    const names = ['set/low/1.wav', 'set/high/2.wav', 'set/low/3.wav', 'set/readme.md'];
    const files = names.map((name, at) => ({ name, content: at === 3 ? Buffer.from('x') : sound(200 + 100 * at) }));
    writeFileSync(path, zipArchive(files));
    const destination = join(temporaryFolder(), 'made');
    const { report } = await importAudioDataset({ sources: [path], destination, name: 'x' });
    const dataset = openAudioDataset(destination);
    expect(
      Array.from({ length: dataset.length }, (_, at) => [dataset.path(at), dataset.classes[dataset.labels[at]!]]),
    ).toEqual([
      ['low/1.wav', 'low'],
      ['high/2.wav', 'high'],
      ['low/3.wav', 'low'],
    ]);
    expect(report.ignored).toEqual({ md: 1 });
    dataset.close();
  });
});
