/**
 * Pictures for a run's artifacts: rows of small images with captions (nearest neighbours, previews, first-layer filters), a
 * confusion matrix, the quiz of the patch task. Drawn as SVG, with the images inside, and turned into PNG by sharp.
 */
import { LabError, messageOf } from '../../shared/errors.ts';
import { escapeMarkup } from '../../shared/escape-markup.ts';
import { loadSharp } from '../data/images/load-sharp.ts';
import type { PixelShape } from '../data/images/pixel-shape.ts';

/** Generic families, so that some font is found on every system. */
const FONT = 'font-family="DejaVu Sans, Arial, Helvetica, sans-serif"';
const INK = '#1c2430';
const FAINT = '#6b7684';
const PAPER = '#ffffff';

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** At most `length` characters as people count them, the end replaced by an ellipsis. */
function shorten(text: string, length: number): string {
  const characters = Array.from(graphemes.segment(text), ({ segment }) => segment);
  return characters.length <= length ? text : `${characters.slice(0, Math.max(1, length - 1)).join('')}…`;
}

/**
 * Renders an SVG document of our own making.
 * @param scale pixels for each unit of the document
 * @throws LabError `internal` if it is not valid.
 */
export async function svgToPng(svg: string, scale = 1): Promise<Buffer> {
  const sharp = await loadSharp();
  try {
    return await sharp(Buffer.from(svg), { density: 72 * scale, unlimited: true })
      .png({ compressionLevel: 9 })
      .toBuffer();
  } catch (error) {
    throw new LabError(
      'internal',
      `A figure could not be drawn: ${messageOf(error)}`,
      { svg: svg.slice(0, 2000) },
      error,
    );
  }
}

/** Pixels as a PNG file; `height × width × channels` bytes with 1 or 3 channels. */
export async function encodePng(pixels: Uint8Array, shape: PixelShape): Promise<Buffer> {
  const { height, width, channels } = shape;
  if (channels !== 1 && channels !== 3) {
    throw new LabError('internal', `A picture has 1 or 3 channels, not ${channels}.`);
  }
  const sharp = await loadSharp();
  return sharp(pixels, { raw: { height, width, channels } }).png().toBuffer();
}

async function imageElement(
  pixels: Uint8Array,
  shape: PixelShape,
  place: { x: number; y: number; width: number; height: number },
): Promise<string> {
  // Enlarged here by whole factors, so that pixels stay squares: renderers blur what they enlarge.
  const factor = Math.max(1, Math.ceil(place.width / shape.width));
  const { channels } = shape;
  if (channels !== 1 && channels !== 3) {
    throw new LabError('internal', `A picture has 1 or 3 channels, not ${channels}.`);
  }
  const sharp = await loadSharp();
  const png = await sharp(pixels, { raw: { height: shape.height, width: shape.width, channels } })
    .resize({ width: shape.width * factor, height: shape.height * factor, kernel: 'nearest' })
    .png()
    .toBuffer();
  const data = png.toString('base64');
  const { x, y, width, height } = place;
  return `<image x="${x}" y="${y}" width="${width}" height="${height}" href="data:image/png;base64,${data}"/>`;
}

function textElement(
  x: number,
  y: number,
  text: string,
  options: { size: number; anchor?: string; colour?: string; weight?: string },
): string {
  const { size, anchor = 'middle', colour = INK, weight = 'normal' } = options;
  return `<text x="${x}" y="${y}" ${FONT} font-size="${size}" font-weight="${weight}" text-anchor="${anchor}" fill="${colour}">${escapeMarkup(text)}</text>`;
}

function svgDocument(width: number, height: number, content: readonly string[]): string {
  const size = `width="${width}" height="${height}" viewBox="0 0 ${width} ${height}"`;
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size}><rect width="100%" height="100%" fill="${PAPER}"/>${content.join('')}</svg>`;
}

export interface Tile {
  readonly pixels: Uint8Array;
  readonly shape: PixelShape;
  /** One short line below the image. */
  readonly caption?: string;
  /** Colour of a frame, as #rrggbb: right or wrong, query or answer. */
  readonly frame?: string;
}

/** Images in rows of `columns`, each drawn `side` units wide, as an SVG document. */
export async function tilesSvg(
  tiles: readonly Tile[],
  options: { readonly columns: number; readonly side?: number; readonly title?: string },
): Promise<string> {
  const side = options.side ?? 96;
  const gap = 8;
  const captionHeight = tiles.some((tile) => tile.caption !== undefined) ? 16 : 0;
  const titleHeight = options.title === undefined ? 0 : 28;
  const columns = Math.max(1, Math.min(options.columns, tiles.length));
  const tileHeight = Math.max(0, ...tiles.map((tile) => (side * tile.shape.height) / tile.shape.width));
  const rowHeight = tileHeight + captionHeight + gap;
  const rows = Math.ceil(tiles.length / columns);
  // The widest of the generic fonts takes a little less for a bold letter of this size.
  const titleWidth = options.title === undefined ? 0 : options.title.length * 8.8 + 2 * gap;
  const width = Math.max(columns * (side + gap) + gap, Math.ceil(titleWidth));
  const content: string[] = [];
  if (options.title !== undefined) {
    content.push(textElement(gap, 20, options.title, { size: 14, anchor: 'start', weight: 'bold' }));
  }
  for (const [index, tile] of tiles.entries()) {
    const x = gap + (index % columns) * (side + gap);
    const y = gap + titleHeight + Math.floor(index / columns) * rowHeight;
    const height = (side * tile.shape.height) / tile.shape.width;
    content.push(await imageElement(tile.pixels, tile.shape, { x, y, width: side, height }));
    if (tile.frame !== undefined) {
      const frame = `x="${x - 1.5}" y="${y - 1.5}" width="${side + 3}" height="${height + 3}"`;
      content.push(`<rect ${frame} fill="none" stroke="${escapeMarkup(tile.frame)}" stroke-width="3"/>`);
    }
    if (tile.caption !== undefined) {
      const caption = shorten(tile.caption, Math.floor(side / 5.6));
      content.push(textElement(x + side / 2, y + tileHeight + 12, caption, { size: 10, colour: FAINT }));
    }
  }
  return svgDocument(width, gap + titleHeight + rows * rowHeight, content);
}

/**
 * Convolution filters as tiles, each stretched to its own full range about zero (grey is 0, white and black are ± its largest
 * weight).
 * @param weights [filters, channels, height, width]; three channels are shown in colour, any other number as grey averages
 */
export function filterTiles(weights: Float32Array, shape: readonly [number, number, number, number]): Tile[] {
  const [filters, channels, height, width] = shape;
  const shown = channels === 3 ? 3 : 1;
  const plane = height * width;
  return Array.from({ length: filters }, (_, filter) => {
    const values = new Float32Array(plane * shown);
    for (let index = 0; index < plane; index += 1) {
      for (let channel = 0; channel < channels; channel += 1) {
        const weight = weights[(filter * channels + channel) * plane + index]!;
        if (shown === 3) values[index * 3 + channel] = weight;
        else values[index]! += weight / channels;
      }
    }
    let largest = 0;
    for (const value of values) largest = Math.max(largest, Math.abs(value));
    const pixels = Uint8Array.from(values, (value) =>
      Math.round(127.5 + (largest > 0 ? (127.5 * value) / largest : 0)),
    );
    return { pixels, shape: { height, width, channels: shown } };
  });
}

/** Shading of a cell: white for 0, deep blue for 1. */
function shade(share: number): { fill: string; ink: string } {
  const mix = (from: number, to: number): number => Math.round(from + (to - from) * share);
  return { fill: `rgb(${mix(255, 18)},${mix(255, 78)},${mix(255, 140)})`, ink: share > 0.5 ? '#ffffff' : INK };
}

/**
 * A confusion matrix: rows are the true classes, columns the predicted ones; cells are shaded by their share of the row.
 * @param counts classes × classes, row-major
 */
export function confusionMatrixSvg(
  classes: readonly string[],
  counts: ArrayLike<number>,
  title = 'Confusion matrix',
): string {
  const longest = Math.max(1, ...classes.map((name) => shorten(name, 18).length));
  const cell = classes.length > 20 ? 24 : 40;
  const fontSize = classes.length > 20 ? 8 : 11;
  const margin = 30 + longest * 6.6;
  const top = 48 + longest * 6.6; // below the line 'predicted'
  const side = classes.length * cell;
  const content = [textElement(12, 22, title, { size: 14, anchor: 'start', weight: 'bold' })];
  content.push(textElement(margin + side / 2, 36, 'predicted', { size: 10, colour: FAINT }));
  const trueLabelY = top + side / 2;
  content.push(
    `<g transform="rotate(-90 12 ${trueLabelY})">${textElement(12, trueLabelY, 'true', { size: 10, colour: FAINT })}</g>`,
  );
  classes.forEach((name, row) => {
    const label = shorten(name, 18);
    content.push(textElement(margin - 6, top + row * cell + cell / 2 + 4, label, { size: 11, anchor: 'end' }));
    const x = margin + row * cell + cell / 2 + 4;
    content.push(
      `<g transform="rotate(-90 ${x} ${top - 6})">${textElement(x, top - 6, label, { size: 11, anchor: 'start' })}</g>`,
    );
    let total = 0;
    for (let column = 0; column < classes.length; column += 1) total += counts[row * classes.length + column] ?? 0;
    for (let column = 0; column < classes.length; column += 1) {
      const count = counts[row * classes.length + column] ?? 0;
      const { fill, ink } = shade(total > 0 ? count / total : 0);
      const left = margin + column * cell;
      const cellTop = top + row * cell;
      content.push(
        `<rect x="${left}" y="${cellTop}" width="${cell}" height="${cell}" fill="${fill}" stroke="#e3e7ec"/>`,
      );
      if (count > 0) {
        content.push(
          textElement(left + cell / 2, cellTop + cell / 2 + 4, String(count), { size: fontSize, colour: ink }),
        );
      }
    }
  });
  return svgDocument(margin + side + 16, top + side + 16, content);
}

export interface PatchQuiz {
  /** The central patch and its neighbour. */
  readonly first: Tile;
  readonly second: Tile;
  /** The eight places row-major with the centre left out: the model's probabilities. */
  readonly probabilities: ArrayLike<number>;
  /** The place of the second patch, 0 … 7. */
  readonly answer: number;
}

const RIGHT = '#1a7f4b';
const WRONG = '#b3361e';

/** The question of the relative-position task: two patches, eight places with the model's probabilities, and the answer. */
export async function patchQuizSvg(quiz: PatchQuiz): Promise<string> {
  const side = 96;
  const cell = 64;
  const gridX = 2 * (side + 16) + 40;
  const gridY = 40;
  const probabilities = Array.from(quiz.probabilities);
  const guess = probabilities.indexOf(Math.max(...probabilities));
  const content = [
    textElement(12, 22, 'Where does the second patch lie, seen from the first?', {
      size: 14,
      anchor: 'start',
      weight: 'bold',
    }),
  ];
  for (const [index, tile] of [quiz.first, quiz.second].entries()) {
    const x = 12 + index * (side + 16);
    content.push(await imageElement(tile.pixels, tile.shape, { x, y: gridY + 24, width: side, height: side }));
    // A patch of the paper's own colour would not be seen without.
    content.push(`<path d="M${x} ${gridY + 24}h${side}v${side}h${-side}z" fill="none" stroke="#c8cfd7"/>`);
    content.push(
      textElement(x + side / 2, gridY + side + 40, index === 0 ? 'first' : 'second', { size: 11, colour: FAINT }),
    );
  }
  for (let position = 0; position < 9; position += 1) {
    const x = gridX + (position % 3) * cell;
    const y = gridY + Math.floor(position / 3) * cell;
    if (position === 4) {
      content.push(
        await imageElement(quiz.first.pixels, quiz.first.shape, {
          x: x + 4,
          y: y + 4,
          width: cell - 8,
          height: cell - 8,
        }),
      );
      continue;
    }
    const place = position < 4 ? position : position - 1;
    const probability = probabilities[place] ?? 0;
    const { fill, ink } = shade(probability);
    const isAnswer = place === quiz.answer;
    const stroke = isAnswer ? RIGHT : place === guess ? WRONG : '#c8cfd7';
    const strokeWidth = isAnswer || place === guess ? 3 : 1;
    const box = `x="${x + 3}" y="${y + 3}" width="${cell - 6}" height="${cell - 6}"`;
    content.push(`<rect ${box} fill="${fill}" stroke="${stroke}" stroke-width="${strokeWidth}"/>`);
    content.push(
      textElement(x + cell / 2, y + cell / 2 + 4, `${(probability * 100).toFixed(1)} %`, { size: 12, colour: ink }),
    );
  }
  const verdict =
    guess === quiz.answer
      ? 'The model is right (green).'
      : 'The model is wrong: its answer in red, the true place in green.';
  content.push(
    textElement(12, gridY + 3 * cell + 24, verdict, {
      size: 12,
      anchor: 'start',
      colour: guess === quiz.answer ? RIGHT : WRONG,
    }),
  );
  return svgDocument(gridX + 3 * cell + 12, gridY + 3 * cell + 40, content);
}
