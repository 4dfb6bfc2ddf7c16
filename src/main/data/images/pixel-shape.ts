/** The shape of pixels in memory: row-major, channels interleaved. */
export interface PixelShape {
  readonly height: number;
  readonly width: number;
  /** 1 grey, 3 red, green and blue. */
  readonly channels: number;
}
