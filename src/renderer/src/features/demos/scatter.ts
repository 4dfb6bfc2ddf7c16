/** Points of a projection on a square canvas: where they lie and how they look. */
import { lineStyle, seriesColours } from '../../charts/palette.ts';

export interface Place {
  readonly x: number;
  readonly y: number;
}

/** Scales points to fill the square, both axes alike, with the centre of their range at the centre. */
export function placePoints(points: readonly Place[], size: number, margin: number): Place[] {
  let [left, right, low, high] = [Infinity, -Infinity, Infinity, -Infinity];
  for (const { x, y } of points) {
    left = Math.min(left, x);
    right = Math.max(right, x);
    low = Math.min(low, y);
    high = Math.max(high, y);
  }
  const span = Math.max(right - left, high - low) || 1;
  const scale = (size - 2 * margin) / span;
  return points.map(({ x, y }) => ({
    x: size / 2 + (x - (left + right) / 2) * scale,
    y: size / 2 - (y - (low + high) / 2) * scale,
  }));
}

/** Index of the nearest place within a radius; null when none is as near. */
export function nearestPoint(places: readonly Place[], x: number, y: number, radius: number): number | null {
  let best: number | null = null;
  let least = radius ** 2;
  places.forEach((place, index) => {
    const distance = (place.x - x) ** 2 + (place.y - y) ** 2;
    if (distance > least) return;
    least = distance;
    best = index;
  });
  return best;
}

/** Shapes of points, as SVG paths around the origin with a radius of about 1. */
const markers = {
  circle: 'M1 0A1 1 0 1 1 -1 0A1 1 0 1 1 1 0Z',
  square: 'M-0.9 -0.9H0.9V0.9H-0.9Z',
  triangle: 'M0 -1.15L1.1 0.85H-1.1Z',
  diamond: 'M0 -1.3L1.3 0L0 1.3L-1.3 0Z',
} as const;
const shapes = Object.values(markers);

export interface PointStyle {
  /** A design token. */
  readonly colour: string;
  /** An SVG path. */
  readonly shape: string;
}

/** The look of the class with this index: where colours come again, shapes change. Null is for points without a class. */
export function pointStyle(index: number | null): PointStyle {
  if (index === null) return { colour: '--text-secondary', shape: markers.circle };
  const round = Math.floor(index / seriesColours.length);
  return { colour: lineStyle(index).colour, shape: shapes[round % shapes.length] ?? markers.circle };
}
