/** Points of a projection on a square canvas. */
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
