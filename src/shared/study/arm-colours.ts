/** Which colour an arm of a study has, wherever it is drawn. */

/** Of the colours of series: pretrained has the first, from scratch the second. */
export const pretrainedSeries = 0;
export const scratchSeries = 1;

/**
 * Pretrained and from scratch have the same colours in every study, the other arms those that follow.
 *
 * @param arms in the order of the study: the last one is the reference; `isMain` are trained from pretrained weights
 * @returns the number of the series by the name of the arm
 */
export function armSeries(
  arms: readonly { readonly name: string; readonly isMain: boolean }[],
): ReadonlyMap<string, number> {
  const reference = arms.at(-1)?.name;
  const main = arms.find(({ isMain, name }) => isMain && name !== reference)?.name;
  let others = scratchSeries;
  return new Map(
    arms.map(({ name }) => {
      if (name === main) return [name, pretrainedSeries];
      if (name === reference) return [name, scratchSeries];
      others += 1;
      return [name, others];
    }),
  );
}
