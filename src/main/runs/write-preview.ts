/** The images of a preview as files: each with the very pixels that the network will see, and a sheet of all of them. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encodePng, svgToPng, tilesSvg } from '../figures/figures.ts';
import type { Tile } from '../figures/figures.ts';
import type { PreviewItem } from '../tasks/index.ts';

const columns = 4;

/** Returns the files, the sheet last; none for a preview without images. */
export async function writePreview(
  folder: string,
  title: string,
  items: readonly PreviewItem[],
): Promise<readonly string[]> {
  const files: string[] = [];
  const tiles: Tile[] = [];
  for (const [index, item] of items.entries()) {
    if (item.kind !== 'image') continue;
    if (files.length === 0) await mkdir(folder, { recursive: true });
    const file = join(folder, `example-${index + 1}.png`);
    await writeFile(file, await encodePng(item.pixels, item));
    files.push(file);
    tiles.push({ pixels: item.pixels, shape: item, ...(item.note !== undefined && { caption: shortNote(item.note) }) });
  }
  if (tiles.length === 0) return [];
  const sheet = join(folder, 'sheet.png');
  await writeFile(sheet, await svgToPng(await tilesSvg(tiles, { columns, side: 192, title }), 2));
  return [...files, sheet];
}

/** The end of a note says what the example is; its beginning often where it came from. */
function shortNote(note: string): string {
  return note.slice(note.indexOf(': ') + 2);
}
