import { escapeMarkup } from '../../src/shared/escape-markup.ts';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import {
  confusionMatrixSvg,
  encodePng,
  filterTiles,
  patchQuizSvg,
  svgToPng,
  tilesSvg,
} from '../../src/main/figures/figures.ts';
import { picturePixels } from './data-images-fixtures.ts';

interface Picture {
  readonly at: (x: number, y: number) => number[];
  readonly width: number;
  readonly height: number;
}

async function read(png: Buffer): Promise<Picture> {
  const { data, info } = await sharp(png).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  const at = (x: number, y: number): number[] => [
    ...data.subarray((y * info.width + x) * 3, (y * info.width + x) * 3 + 3),
  ];
  return { at, width: info.width, height: info.height };
}

/** How many of the pixels in a box are clearly darker than the paper. */
function inkIn(picture: Picture, left: number, top: number, width: number, height: number): number {
  let ink = 0;
  for (let y = top; y < top + height; y += 1) {
    for (let x = left; x < left + width; x += 1) if (picture.at(x, y)[0]! < 180) ink += 1;
  }
  return ink;
}

const square = { height: 4, width: 4, channels: 3 };
const colour = (r: number, g: number, b: number): Uint8Array =>
  Uint8Array.from({ length: 48 }, (_, index) => [r, g, b][index % 3]!);

describe('figures', () => {
  it('keep every pixel of an image in a PNG', async () => {
    const pixels = picturePixels(1, 9, 7);
    const { data } = await sharp(await encodePng(pixels, { height: 9, width: 7, channels: 3 }))
      .raw()
      .toBuffer({ resolveWithObject: true });
    expect(Buffer.compare(data, pixels)).toBe(0);
  });

  it('put tiles in rows with square pixels, frames and captions', async () => {
    const checker = Uint8Array.from({ length: 48 }, (_, index) => (Math.floor(index / 3) % 2 === 0 ? 255 : 0));
    const tiles = [
      { pixels: colour(200, 10, 10), shape: square, caption: 'first & <second>', frame: '#00ff00' },
      { pixels: checker, shape: square },
      { pixels: colour(10, 10, 200), shape: square },
    ];
    const picture = await read(await svgToPng(await tilesSvg(tiles, { columns: 2, side: 64 })));
    expect([picture.width, picture.height]).toEqual([2 * 72 + 8, 8 + 2 * (64 + 16 + 8)]);
    expect(picture.at(40, 40)).toEqual([200, 10, 10]);
    expect(picture.at(7, 40)).toEqual([0, 255, 0]);
    // Sixteen units a pixel: hard edges, no blur.
    expect([82, 94, 98, 110].map((x) => picture.at(x, 20)[0])).toEqual([255, 255, 0, 0]);
    expect(picture.at(40, 8 + 88 + 30)).toEqual([10, 10, 200]);
    expect(inkIn(picture, 8, 75, 64, 14)).toBeGreaterThan(20);
    expect(inkIn(picture, 80, 75, 64, 14)).toBe(0);
  });

  it('leave room for long titles and for short names of classes', async () => {
    const title = 'Held-out images (blue) and the training images that the network finds most alike';
    const tiles = [{ pixels: colour(200, 200, 200), shape: square }];
    const picture = await read(await svgToPng(await tilesSvg(tiles, { columns: 1, side: 64, title })));
    expect(inkIn(picture, 0, 8, picture.width, 16)).toBeGreaterThan(500);
    expect(inkIn(picture, picture.width - 8, 8, 8, 16)).toBe(0);
    const svg = confusionMatrixSvg(['0', '1', '2'], new Float32Array(9));
    const matrix = await read(await svgToPng(svg));
    // 'predicted' lies above the middle column: between it and the name of the column there is a line of paper.
    const middle = Math.round(30 + 6.6 + 1.5 * 40);
    const inked = Array.from({ length: 30 }, (_, index) => inkIn(matrix, middle - 20, 26 + index, 40, 1) > 0);
    const lines = inked.filter((isInked, index) => isInked && !inked[index - 1]).length;
    expect(lines).toBeGreaterThanOrEqual(2);
  });

  it('escape what XML would misread', async () => {
    expect(escapeMarkup(`<a href="x">&'\u0001`)).toBe('&lt;a href=&quot;x&quot;&gt;&amp;&#39;�');
    const hostile = ['</text><image href="file:///etc/passwd"/>', ']]>&#0;', '\u0007bell'];
    expect((await svgToPng(confusionMatrixSvg(hostile, new Float32Array(9)))).length).toBeGreaterThan(100);
    await expect(svgToPng('<svg')).rejects.toMatchObject({ code: 'internal' });
  });

  it('shade a confusion matrix by the share of each row', async () => {
    const svg = confusionMatrixSvg(['cat', 'dog'], [0, 5, 2, 2]);
    const cells = [...svg.matchAll(/<rect x="([\d.]+)" y="([\d.]+)" width="40" height="40" fill="([^"]+)"/g)].map(
      ([, , , fill]) => fill,
    );
    expect(cells).toEqual(['rgb(255,255,255)', 'rgb(18,78,140)', 'rgb(137,167,198)', 'rgb(137,167,198)']);
    const texts = [...svg.matchAll(/>([^<>]+)<\/text>/g)].map(([, text]) => text);
    expect(texts).toEqual(['Confusion matrix', 'predicted', 'true', 'cat', 'cat', '5', 'dog', 'dog', '2', '2']);
    const picture = await read(await svgToPng(svg, 2));
    expect(picture.width).toBeGreaterThan(200);
  });

  it('show filters about grey', () => {
    const weights = Float32Array.from([1, -2, 0, 0, 0, 0, 4, 4, 2, -2, 0, 0]); // two filters, three channels, 1 × 2
    const tiles = filterTiles(weights, [2, 3, 1, 2]);
    expect(tiles[0]!.shape).toEqual({ height: 1, width: 2, channels: 3 });
    expect([...tiles[0]!.pixels]).toEqual([191, 128, 128, 0, 128, 128]);
    expect([...tiles[1]!.pixels]).toEqual([255, 191, 128, 255, 64, 128]);
    const grey = filterTiles(Float32Array.from([1, 3]), [1, 2, 1, 1]);
    expect(grey[0]!.shape.channels).toBe(1);
    expect([...grey[0]!.pixels]).toEqual([255]);
    expect([...filterTiles(new Float32Array(4), [1, 1, 2, 2])[0]!.pixels]).toEqual([128, 128, 128, 128]);
  });

  it('draw the quiz with eight places, the answer and the guess', async () => {
    const tile = { pixels: colour(90, 90, 90), shape: square };
    const probabilities = [0.1, 0.2, 0.05, 0.05, 0.4, 0.1, 0.05, 0.05];
    const wrong = await patchQuizSvg({ first: tile, second: tile, probabilities, answer: 1 });
    expect(wrong.match(/ %</g)).toHaveLength(8);
    const boxes = [...wrong.matchAll(/<rect x="(\d+)" y="(\d+)"[^>]*stroke="(#[0-9a-f]+)"/g)].map(
      ([, x, y, stroke]) => [Number(x), Number(y), stroke],
    );
    expect(boxes).toHaveLength(8);
    const [left, top] = [boxes[0]![0] as number, boxes[0]![1] as number];
    // Place 1 is above the centre, place 4 right of it: row-major without the centre.
    expect(boxes[1]).toEqual([left + 64, top, '#1a7f4b']);
    expect(boxes[4]).toEqual([left + 128, top + 64, '#b3361e']);
    expect(wrong).toContain('The model is wrong');
    const right = await patchQuizSvg({ first: tile, second: tile, probabilities, answer: 4 });
    expect(right).toContain('The model is right');
    expect((await sharp(await svgToPng(right, 2)).metadata()).format).toBe('png');
  });
});
