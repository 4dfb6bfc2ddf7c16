import { readFile } from 'node:fs/promises';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { decodeImage, type Preparation } from '../../src/main/data/images/decode.ts';
import { scaleOf, surveyValues } from '../../src/main/data/images/deep-values.ts';
import { readDicom } from '../../src/main/data/images/read-dicom.ts';
import { folderSource } from '../../src/main/data/images/folder-source.ts';
import { importImageCorpus } from '../../src/main/data/images/import.ts';
import { openImageCorpus } from '../../src/main/data/images/image-store.ts';
import { writeFile } from './data-images-fixtures.ts';
import { importJob, useImportPlace } from './data-images-import-fixture.ts';

const side = 16;
const preparation: Preparation = {
  ...{ height: side, width: side, channels: 1, fit: 'stretch', resizeShorter: null, background: [255, 255, 255] },
  ...{ minimumSide: 1, maximumPixels: 1e6, failOn: 'error' },
};

/** A TIFF of one band, written after the format's description (Adobe 1992): floats of 32 bits, or integers of 16. */
function tiff(values: ArrayLike<number>, kind: 'float' | 'integer'): Buffer {
  const bytes = kind === 'float' ? 4 : 2;
  const data = Buffer.alloc(values.length * bytes);
  Array.from(values).forEach((value, index) => {
    if (kind === 'float') data.writeFloatLE(value, index * bytes);
    else data.writeUInt16LE(value, index * bytes);
  });
  const tags: [number, number, number][] = [
    ...([
      [256, 3, side],
      [257, 3, side],
      [258, 3, bytes * 8],
      [259, 3, 1],
      [262, 3, 1],
    ] as [number, number, number][]),
    ...([
      [273, 4, 8],
      [277, 3, 1],
      [278, 3, side],
      [279, 4, data.length],
    ] as [number, number, number][]),
    [339, 3, kind === 'float' ? 3 : 1],
  ];
  const directory = Buffer.alloc(2 + tags.length * 12 + 4);
  directory.writeUInt16LE(tags.length, 0);
  tags.forEach(([tag, type, value], index) => {
    const place = 2 + index * 12;
    directory.writeUInt16LE(tag, place);
    directory.writeUInt16LE(type, place + 2);
    directory.writeUInt32LE(1, place + 4);
    if (type === 3) directory.writeUInt16LE(value, place + 8);
    else directory.writeUInt32LE(value, place + 8);
  });
  const header = Buffer.from('II\x2a\0\0\0\0\0', 'latin1');
  header.writeUInt32LE(8 + data.length, 4);
  return Buffer.concat([header, data, directory]);
}

const ramp = (low: number, high: number): number[] =>
  Array.from({ length: side * side }, (_, index) => low + ((high - low) * index) / (side * side - 1));

async function pixelsOf(file: Buffer, scales?: Preparation['valueScales']): Promise<number[]> {
  const { pixels } = await decodeImage(file, { ...preparation, valueScales: scales });
  return [pixels[0]!, pixels[side * side - 1]!];
}

describe('values that are no bytes', () => {
  it('are scaled by the usual range that they fit into, else by their own', async () => {
    expect(await pixelsOf(tiff(ramp(0, 1), 'float'))).toEqual([0, 255]);
    expect(await pixelsOf(tiff(ramp(0.25, 0.5), 'float'))).toEqual([64, 128]);
    expect(await pixelsOf(tiff(ramp(0, 200), 'float'))).toEqual([0, 200]);
    expect(await pixelsOf(tiff(ramp(-3, 5), 'float'))).toEqual([0, 255]);
    expect(await pixelsOf(tiff(ramp(0, 4095), 'integer'))).toEqual([0, 255]);
    expect(await pixelsOf(tiff(ramp(0, 255), 'integer'))).toEqual([0, 255]);
    expect(await pixelsOf(tiff(ramp(0, 65535), 'integer'))).toEqual([0, 255]);
    expect(await pixelsOf(tiff(ramp(0, 1), 'float'), { float: { low: 0, high: 4 } })).toEqual([0, 64]);
  });

  it('of PNGs with 16 bits in colour keep their channels', async () => {
    const values = new Uint16Array(side * side * 3).map((_, index) => [1023, 512, 0][index % 3]!);
    const raw = sharp(values, { raw: { width: side, height: side, channels: 3 } });
    const png = await raw.toColourspace('rgb16').png().toBuffer();
    const { pixels } = await decodeImage(png, { ...preparation, channels: 3 });
    expect([...pixels.subarray(0, 3)]).toEqual([255, 128, 0]);
  });

  it('have a range that is told for its kind', () => {
    expect(scaleOf('float', { low: 0, high: 0.9 })).toEqual({ low: 0, high: 1 });
    expect(scaleOf('float', { low: -1, high: 1 })).toEqual({ low: -1, high: 1 });
    expect(scaleOf('integer', { low: 3, high: 900 })).toEqual({ low: 0, high: 1023 });
    expect(scaleOf('integer', { low: 0, high: 70_000 })).toEqual({ low: 0, high: 70_000 });
    expect(scaleOf('float', { low: 300, high: 300 })).toEqual({ low: 300, high: 301 });
  });
});

const place = useImportPlace();

describe('an import of such images', () => {
  it('scales all of them alike, says how, and lists those without contrast', async () => {
    writeFile(place.input, 'a.tif', tiff(ramp(0, 1000), 'float'));
    writeFile(place.input, 'b.tif', tiff(ramp(0, 500), 'float'));
    writeFile(place.input, 'flat.tif', tiff(ramp(250, 252), 'float'));
    const options = { size: side, channels: 1, fit: 'stretch' } as const;
    const { manifest, report } = await importImageCorpus(importJob(place, folderSource(place.input), { options }));
    expect(manifest.preparation.valueScales).toEqual({ float: { low: 0, high: 1000 } });
    const corpus = openImageCorpus(place.destination);
    expect([0, 1, 2].map((image) => corpus.pixels(image)[side * side - 1])).toEqual([255, 128, 64]);
    corpus.close();
    expect(report.notes.listed.map(({ path, message }) => [path.split('/').at(-1), message])).toEqual([
      ['input', '3 images have floating-point values from 0 to 1000: 0 becomes black and 1000 white, in all of them'],
      ['flat.tif', 'is nearly of one colour'],
    ]);
  });

  it('scales DICOM images without a window alike, too, and those with one as they say', async () => {
    const recorded = JSON.parse(
      await readFile(new URL('../fixtures/images/dicom.json', import.meta.url), 'utf8'),
    ) as Record<string, { readonly file: string }>; // as scripts/record-dicom.py writes it
    const fileOf = (name: string): Buffer => Buffer.from(recorded[name]!.file, 'base64');
    const first = fileOf('implicit, inverted, without a window');
    const second = Buffer.from(first);
    const pixels = first.length - 2 * 35; // 16 bits each, at the end
    for (let at = pixels; at < first.length; at += 2) second.writeUInt16LE(first.readUInt16LE(at) >>> 1, at);
    const values = (file: Buffer) => Array.from({ length: 35 }, (_, at) => file.readUInt16LE(pixels + 2 * at));
    const all = [...values(first), ...values(second)];
    const [low, high] = [Math.min(...all), Math.max(...all)];
    writeFile(place.input, 'a.dcm', first);
    writeFile(place.input, 'b.dcm', second);
    writeFile(place.input, 'c.dcm', fileOf('12 bits with a window'));
    const { signal } = new AbortController();
    const found = await surveyValues(folderSource(place.input).entries(signal));
    expect(found).toMatchObject({ scales: { dicom: { low, high } }, found: [{ kind: 'dicom', images: 2 }] });
    for (const file of [first, second]) {
      const greys = values(file).map((value) => 255 - Math.round((255 * (value - low)) / (high - low)));
      expect([...readDicom(file, { low, high }).data]).toEqual(greys);
    }
    expect(readDicom(second, { low, high }).data).not.toEqual(readDicom(first, { low, high }).data);
    const windowed = fileOf('12 bits with a window');
    expect(readDicom(windowed, { low, high })).toEqual(readDicom(windowed));
  });

  it('looks no further where the first files hold bytes', async () => {
    let read = 0;
    const png = await sharp({ create: { width: 4, height: 4, channels: 3, background: 'red' } })
      .png()
      .toBuffer();
    const entries = async function* () {
      for (let index = 0; index < 200; index += 1) {
        yield await Promise.resolve({
          path: `${index}.png`,
          read: () => {
            read += 1;
            return Promise.resolve(png);
          },
        });
      }
    };
    expect(await surveyValues(entries())).toEqual({ scales: {}, found: [] });
    expect(read).toBe(50);
  });
});
