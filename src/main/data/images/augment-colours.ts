/**
 * Changes of an image's colours, in place: values 0 … 255, channels interleaved. Images with one channel have brightness and
 * contrast alone.
 */

export interface ColourChange {
  /** Factors; 1 changes nothing. */
  readonly brightness: number;
  readonly contrast: number;
  readonly saturation: number;
  /** By how much of the colour circle the hue is turned. */
  readonly hue: number;
  readonly isGreyscale: boolean;
}

/**
 * Brightness, contrast, saturation and hue as torchvision's `adjust_…` define them, in this order: blends of the image with
 * black, with its own mean grey, and with its grey version, clamped after each; then the hue is turned.
 */
export function changeColours(values: Float32Array, channels: number, draw: ColourChange): void {
  const { brightness, contrast, saturation, hue, isGreyscale } = draw;
  if (brightness !== 1) {
    for (let index = 0; index < values.length; index += 1) values[index] = clampToByte(values[index]! * brightness);
  }
  if (contrast !== 1) {
    let sum = 0;
    for (let offset = 0; offset < values.length; offset += channels) sum += greyAt(values, offset, channels);
    const shift = (1 - contrast) * (sum / (values.length / channels));
    for (let index = 0; index < values.length; index += 1) {
      values[index] = clampToByte(values[index]! * contrast + shift);
    }
  }
  if (channels !== 3) return;
  if (saturation !== 1) {
    for (let offset = 0; offset < values.length; offset += 3) {
      const shift = (1 - saturation) * greyAt(values, offset, 3);
      for (let index = offset; index < offset + 3; index += 1) {
        values[index] = clampToByte(values[index]! * saturation + shift);
      }
    }
  }
  if (hue !== 0) turnHue(values, hue);
  if (isGreyscale) {
    for (let offset = 0; offset < values.length; offset += 3) {
      values.fill(greyAt(values, offset, 3), offset, offset + 3);
    }
  }
}

function clampToByte(value: number): number {
  return value < 0 ? 0 : value > 255 ? 255 : value;
}

/** Brightness as the eye weighs it (ITU-R BT.601). */
function greyAt(values: Float32Array, offset: number, channels: number): number {
  if (channels !== 3) return values[offset]!;
  return 0.299 * values[offset]! + 0.587 * values[offset + 1]! + 0.114 * values[offset + 2]!;
}

/** Turns the hue of every pixel by `turns` of the circle, saturation and value (of HSV) staying as they are. */
function turnHue(values: Float32Array, turns: number): void {
  for (let offset = 0; offset < values.length; offset += 3) {
    const [red, green, blue] = [values[offset]!, values[offset + 1]!, values[offset + 2]!];
    const value = Math.max(red, green, blue);
    const chroma = value - Math.min(red, green, blue);
    if (chroma === 0) continue;
    // In sixths of the circle, from red over yellow and green.
    let sextant: number;
    if (value === red) sextant = (green - blue) / chroma;
    else if (value === green) sextant = (blue - red) / chroma + 2;
    else sextant = (red - green) / chroma + 4;
    const turned = sextant + 6 * turns + 12; // positive
    for (let channel = 0; channel < 3; channel += 1) {
      const distance = (5 - 2 * channel + turned) % 6;
      values[offset + channel] = value - chroma * Math.max(0, Math.min(distance, 4 - distance, 1));
    }
  }
}
