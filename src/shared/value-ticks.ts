/** An axis with fewer says neither where it begins nor how it goes on. */
const fewest = 3;

/**
 * Round values for an axis: multiples of 1, 2 or 5 times a power of ten, of any size. At most `most` of them, but at least three where
 * that many fit an axis of three.
 */
export function valueTicks(low: number, high: number, most: number): readonly number[] {
  if (!(high > low) || most < 1) return [low];
  const least = (high - low) / most;
  const power = 10 ** Math.floor(Math.log10(least));
  const intervals = [0.5, 1, 2, 5, 10].map((factor) => factor * power);
  const coarse = Math.max(
    1,
    intervals.findIndex((candidate) => candidate >= least),
  );
  const ticks = ticksAt(low, high, intervals[coarse] ?? least);
  return ticks.length < fewest && most >= fewest ? ticksAt(low, high, intervals[coarse - 1] ?? least) : ticks;
}

function ticksAt(low: number, high: number, interval: number): readonly number[] {
  const first = Math.ceil(low / interval - 1e-9);
  const last = Math.floor(high / interval + 1e-9);
  // Counted in whole intervals, and written with as many digits as those have: 0.1 + 0.2 is no tick.
  const digits = Math.max(0, Math.min(20, -Math.floor(Math.log10(interval) + 1e-9)));
  return Array.from({ length: last - first + 1 }, (_, index) => Number(((first + index) * interval).toFixed(digits)));
}
