/** Pixels from one label to the next. */
export const lineHeight = 14;

/** Heights in the order given, at least a line apart, each as near as may be to where it belongs. */
export function movedApart(heights: readonly number[], low: number, high: number, apart = lineHeight): number[] {
  const order = [...heights.keys()].toSorted((one, other) => (heights[one] ?? 0) - (heights[other] ?? 0));
  const placed = [...heights];
  let before = low - apart;
  for (const index of order) {
    before = Math.max(placed[index] ?? 0, before + apart);
    placed[index] = before;
  }
  let after = high + apart;
  for (const index of order.toReversed()) {
    after = Math.min(placed[index] ?? 0, after - apart);
    placed[index] = after;
  }
  return placed;
}
