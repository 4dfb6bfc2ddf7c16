/**
 * Where the patches of a pair lie: in a 3 × 3 grid with a gap between its cells, each patch moved by a little jitter
 * (C. Doersch, A. Gupta, A. A. Efros 2015, section 3: patches of 96 pixels, a gap of 48, a jitter of 7). Gap and jitter
 * keep a network from answering by edges that run on from one patch into the next.
 *
 * The whole grid lies inside the image, whichever of its places is asked for: otherwise a patch at a border would say
 * on which side the other one must be.
 */
import { LabError } from '../../../shared/errors.ts';
import type { RandomStream } from '../../../shared/random.ts';
import type { PixelShape } from '../../data/images/pixel-shape.ts';

export interface PatchGeometry {
  /** Side of a patch, in pixels, as the others. */
  readonly size: number;
  readonly gap: number;
  /** Each patch is moved by at most this much in both directions. */
  readonly jitter: number;
}

export interface PatchOptions {
  readonly patchSize?: number | undefined;
  readonly gap?: number | undefined;
  readonly jitter?: number | undefined;
}

export const placeCount = 8;

/** The places of the neighbour as seen from the first patch, row by row, the centre left out. */
export const placeNames: readonly string[] = [
  'above left',
  'above',
  'above right',
  'left',
  'right',
  'below left',
  'below',
  'below right',
];

/** Row and column of a place in the 3 × 3 grid. */
export function gridCell(place: number): readonly [row: number, column: number] {
  const cell = place < 4 ? place : place + 1;
  return [Math.floor(cell / 3), cell % 3];
}

/** Of the patch, from the reference: 48 and 7 of 96 pixels. */
const gapShare = 1 / 2;
const jitterShare = 7 / 96;
/** Unless told otherwise, a grid takes up this much of the image, so that it can lie in many places. */
const gridShare = 0.8;

/** Pixels that a grid needs with its jitter. */
export function gridSide({ size, gap, jitter }: PatchGeometry): number {
  return 3 * size + 2 * gap + 2 * jitter;
}

function scaled(size: number, { gap, jitter }: PatchOptions): PatchGeometry {
  return { size, gap: gap ?? Math.round(size * gapShare), jitter: jitter ?? Math.round(size * jitterShare) };
}

/** Largest patch whose grid is not larger than `side`; 0 when there is none. */
function largestPatch(side: number, options: PatchOptions): number {
  let size = 0;
  while (gridSide(scaled(size + 1, options)) <= side) size += 1;
  return size;
}

/** Smaller patches show nothing. */
const smallestPatch = 4;

/**
 * What the options amount to on images of a shape; sizes that are left out follow the reference in proportion.
 * @throws LabError `bad-input` where the images are too small, saying what would fit.
 */
export function patchGeometry(options: PatchOptions, { height, width }: Omit<PixelShape, 'channels'>): PatchGeometry {
  const side = Math.min(height, width);
  const size = options.patchSize ?? largestPatch(Math.floor(side * gridShare), options);
  const geometry = scaled(size, options);
  const needed = gridSide(geometry);
  if (size >= smallestPatch && needed <= side) return geometry;
  const possible = largestPatch(side, options);
  const remedy = possible >= smallestPatch ? `set patchSize to ${possible} or less` : 'choose a smaller gap or jitter';
  const { gap, jitter } = scaled(Math.max(size, smallestPatch), options);
  const minimum = gridSide({ size: Math.max(size, smallestPatch), gap, jitter });
  throw new LabError(
    'bad-input',
    `patches of ${Math.max(size, smallestPatch)} pixels with a gap of ${gap} and a jitter of ±${jitter} need images of at least ${minimum} × ${minimum} pixels, and these have ${width} × ${height}. Import the images with a larger size, or ${remedy}`,
    { needed: minimum, height, width },
  );
}

export interface PatchCorner {
  readonly top: number;
  readonly left: number;
}

/** Draws where the grid lies, always in the same order: top, left. */
export function drawGrid(stream: RandomStream, geometry: PatchGeometry, shape: PixelShape): PatchCorner {
  const free = (length: number): number => length - gridSide(geometry) + 1;
  const top = geometry.jitter + Math.floor(stream.uniform() * free(shape.height));
  const left = geometry.jitter + Math.floor(stream.uniform() * free(shape.width));
  return { top, left };
}

/** The corner of the patch at a cell of the grid, before jitter. */
export function cellCorner(
  grid: PatchCorner,
  [row, column]: readonly [number, number],
  { size, gap }: PatchGeometry,
): PatchCorner {
  return { top: grid.top + row * (size + gap), left: grid.left + column * (size + gap) };
}

/** Moves a corner by at most `jitter` pixels each way. Draws two numbers, also for a jitter of 0. */
export function jittered({ top, left }: PatchCorner, jitter: number, stream: RandomStream): PatchCorner {
  const offset = (): number => Math.floor(stream.uniform() * (2 * jitter + 1)) - jitter;
  return { top: top + offset(), left: left + offset() };
}
