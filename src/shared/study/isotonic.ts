/**
 * The non-decreasing sequence nearest to some values, by pooling adjacent violators: M. Ayer, H. D. Brunk, G. M. Ewing, W. T. Reid and
 * E. Silverman, "An empirical distribution function for sampling with incomplete information", Annals of Mathematical
 * Statistics 26 (1955). It minimises Σ weight · (value − fit)².
 * @param weights positive; equal unless given
 */
export function isotonicFit(values: readonly number[], weights: readonly number[] = values.map(() => 1)): number[] {
  const blocks: { mean: number; weight: number; count: number }[] = [];
  for (const [index, value] of values.entries()) {
    let block = { mean: value, weight: weights[index] ?? 1, count: 1 };
    for (let last = blocks.at(-1); last !== undefined && last.mean >= block.mean; last = blocks.at(-1)) {
      blocks.pop();
      const weight = last.weight + block.weight;
      block = {
        mean: (last.mean * last.weight + block.mean * block.weight) / weight,
        weight,
        count: last.count + block.count,
      };
    }
    blocks.push(block);
  }
  return blocks.flatMap(({ mean, count }) => Array.from({ length: count }, () => mean));
}
