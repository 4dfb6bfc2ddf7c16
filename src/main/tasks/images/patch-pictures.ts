/** Pictures of pairs of patches: as they lie in the image, and as a quiz with the model's answer. */
import type { Tile } from '../../figures/figures.ts';
import { readPlanar } from './image-facts.ts';
import { gridCell } from './patch-geometry.ts';
import type { PatchGeometry } from './patch-geometry.ts';

export interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly pixels: Uint8Array;
}

/** Brightness of the empty cells. */
const empty = 225;

/** Both patches of the first pair of a batch in their cells of the 3 × 3 grid, as the network sees them. */
export function gridPicture(
  image: Float32Array,
  place: number,
  { size, gap }: PatchGeometry,
  channels: number,
): Pixels {
  const side = 3 * size + 2 * gap;
  const pixels = new Uint8Array(side * side * channels).fill(empty);
  const cells = [[1, 1] as const, gridCell(place)];
  for (const [index, [row, column]] of cells.entries()) {
    const patch = readPlanar(image, channels, index * size * size * channels, size * size);
    for (let y = 0; y < size; y += 1) {
      const target = ((row * (size + gap) + y) * side + column * (size + gap)) * channels;
      pixels.set(patch.subarray(y * size * channels, (y + 1) * size * channels), target);
    }
  }
  return { width: side, height: side, channels, pixels };
}

/** The patch in a row of a batch, as a tile. */
export function patchTile(image: Float32Array, row: number, size: number, channels: number, caption?: string): Tile {
  const length = size * size * channels;
  return {
    pixels: readPlanar(image, channels, row * length, size * size),
    shape: { height: size, width: size, channels },
    ...(caption !== undefined && { caption }),
  };
}
