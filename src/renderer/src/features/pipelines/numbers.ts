/** Numbers of networks, short enough for a block: `1.2 M`, `3.4 G`, `128 × 64`. */
import { formatCount } from '../../../../shared/display.ts';

export function shortNumber(value: number): string {
  if (value < 10_000) return formatCount(value);
  for (const [unit, size] of [
    ['T', 1e12],
    ['G', 1e9],
    ['M', 1e6],
    ['k', 1e3],
  ] as const) {
    if (value >= size * 0.9995) return `${(value / size).toPrecision(3)} ${unit}`;
  }
  return formatCount(value);
}

/** `0 FLOP`, `120 MFLOP`. */
export function flopText(value: number): string {
  const text = shortNumber(value);
  return /[a-zA-Z]$/u.test(text) ? `${text}FLOP` : `${text} FLOP`;
}

export function shapeText(shape: readonly number[]): string {
  return shape.length === 0 ? 'scalar' : shape.join(' × ');
}
