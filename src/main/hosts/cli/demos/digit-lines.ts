/** Lines of handwritten digits as a person would bring them along: a PNG file for each, and a table with what they say. */
import { existsSync } from 'node:fs';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import sharp from 'sharp';
import type { DigitLineOptions } from '../../../data/samples/digit-lines.ts';
import { digitLineSource } from '../../../data/samples/digit-lines.ts';

/** Writes `lines.csv` and the images it lists into a folder, once, and returns the table. */
export async function writeDigitLines(folder: string, options: DigitLineOptions = {}): Promise<string> {
  const table = join(folder, 'lines.csv');
  if (existsSync(folder)) return table;
  const partial = `${folder}-${process.pid}`;
  const rows = ['path,label'];
  for await (const entry of digitLineSource(options).entries(new AbortController().signal)) {
    if (!('read' in entry)) continue;
    const image = await entry.read();
    if (Buffer.isBuffer(image)) continue; // these are composed, not read from files
    const file = join(partial, `${entry.path}.png`);
    await mkdir(dirname(file), { recursive: true });
    const { height, width, channels, data } = image;
    await writeFile(file, await sharp(data, { raw: { height, width, channels } }).png().toBuffer());
    rows.push(`${entry.path}.png,${entry.label ?? ''}`);
  }
  await writeFile(join(partial, 'lines.csv'), `${rows.join('\n')}\n`);
  await rename(partial, folder);
  return table;
}
