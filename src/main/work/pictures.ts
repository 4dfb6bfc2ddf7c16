/** Pixels as pictures for a page: PNG in a data: address. */
import type { Picture } from '../../shared/contract/common.ts';
import { loadSharp } from '../data/images/load-sharp.ts';
import type { PixelShape } from '../data/images/pixel-shape.ts';

/** Scaled to at most `size` on the longer side; small originals are enlarged by whole factors, so that pixels stay visible. */
export async function pictureOf(
  pixels: Uint8Array,
  { height, width, channels }: PixelShape,
  size: number,
): Promise<Picture> {
  const longer = Math.max(height, width);
  const scale = longer > size ? size / longer : Math.max(1, Math.floor(size / longer));
  const target = { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
  const raw = { width, height, channels: channels === 1 ? (1 as const) : (3 as const) };
  const sharp = await loadSharp();
  const image = sharp(pixels, { raw }).resize({ ...target, kernel: scale > 1 ? 'nearest' : 'lanczos3', fit: 'fill' });
  const png = await image.png({ compressionLevel: 6 }).toBuffer();
  return { ...target, url: `data:image/png;base64,${png.toString('base64')}` };
}

/** The bytes of `data:…;base64,…`; undefined for anything else. */
export function bytesOfDataUrl(url: string): Buffer | undefined {
  const match = /^data:[\w/+.-]+;base64,/.exec(url);
  return match ? Buffer.from(url.slice(match[0].length), 'base64') : undefined;
}
