/**
 * How much each field of a sweep matters: functional analysis of variance over a random forest (F. Hutter, H. Hoos, K. Leyton-Brown, "An
 * efficient approach for assessing hyperparameter importance", 2014). The forest learns the metric from the settings; of its variance over
 * the whole space, each field alone explains a share, and the rest is what fields do together. Within a box the forest is constant, so all
 * of this is exact. How far the forest can be believed is measured on trials that its trees have not seen.
 */
import { formatPercent } from '../display.ts';
import type { FieldImportance, FieldScale } from '../spec/sweep.ts';
import { mean } from '../stats.ts';
import type { Settings } from './draw-trials.ts';
import { placeOf } from './place-fields.ts';
import type { Box, Point } from './regression-forest.ts';
import { growForest, predict } from './regression-forest.ts';

export interface MeasuredTrial {
  readonly settings: Settings;
  /** Null where the training diverged: it counts as the worst of the others. */
  readonly value: number | null;
}

/** Below that a forest says more about the trials than about the fields. */
export function fewestTrials(fields: number): number {
  return Math.max(10, 4 * fields);
}

/** Of the variance of unseen trials: a forest that predicts less says nothing. */
const leastForetold = 0.1;

export function importanceOf(
  fields: readonly FieldScale[],
  trials: readonly MeasuredTrial[],
  direction: 'minimise' | 'maximise',
): FieldImportance {
  const nothing = (sentence: string, foretold: number | null = null): FieldImportance => ({
    trials: trials.length,
    foretold,
    fields: null,
    interactions: null,
    sentence,
  });
  const wanted = fewestTrials(fields.length);
  if (trials.length < wanted) {
    const count = trials.length === 1 ? '1 trial is' : `${trials.length} trials are`;
    return nothing(
      `${count} too few to tell which field matters: it takes ${wanted} for ${fields.length === 1 ? 'one field' : `${fields.length} fields`}.`,
    );
  }
  const known = trials.flatMap(({ value }) => (value === null ? [] : [value]));
  if (known.length === 0) return nothing('All trials diverged, so no field can be told from another.');
  const worst = direction === 'minimise' ? Math.max(...known) : Math.min(...known);
  const values = trials.map(({ value }) => value ?? worst);
  if (values.every((value) => value === values[0])) {
    return nothing('All trials came out the same, so no field matters within these values.');
  }
  const ordered = fields.map((field) => inOrderOfValues(field, trials, values));
  const points = trials.map(({ settings }) => ordered.map((field) => placeOf(field, settings[field.path]) ?? 0));
  const forest = growForest(points, values);
  const foretold = foretoldShare(forest, points, values);
  if (foretold < leastForetold) {
    return nothing(
      `These ${trials.length} trials do not tell which field matters: their settings do not predict the result. More trials may.`,
      foretold,
    );
  }
  const shares = forest.map(({ boxes }) => sharesOf(boxes, fields.length)).filter((one) => one !== undefined);
  const means = fields.map(({ path }, axis) => ({ path, share: mean(shares.map((one) => one[axis]!)) }));
  const interactions = Math.max(0, 1 - means.reduce((sum, { share }) => sum + share, 0));
  const sorted = means.sort((a, b) => b.share - a.share);
  const [first] = sorted;
  return {
    trials: trials.length,
    foretold,
    fields: sorted,
    interactions,
    sentence: `${first?.path ?? ''} alone explains ${formatPercent(first?.share ?? 0, 0)} of the variance over these values, by ${trials.length} trials; for trials that it has not seen, the forest predicts ${formatPercent(foretold, 0)} of the variance.`,
  };
}

/** Lists of words have no order: by the mean of their trials, so that a cut can part any good values from any bad ones. */
function inOrderOfValues(field: FieldScale, trials: readonly MeasuredTrial[], values: readonly number[]): FieldScale {
  if (!field.values) return field;
  if (field.values.every((value) => typeof value === 'number')) {
    return { ...field, values: field.values.toSorted((a, b) => a - b) };
  }
  const meanOf = (option: unknown): number => {
    const text = JSON.stringify(option);
    const own = values.filter((_, index) => JSON.stringify(trials[index]?.settings[field.path]) === text);
    return own.length === 0 ? mean(values) : mean(own);
  };
  const ordered = field.values.map((value) => ({ value, rank: meanOf(value) })).sort((a, b) => a.rank - b.rank);
  return { ...field, values: ordered.map(({ value }) => value) };
}

/** R² over the trials, each told by the trees that have not seen it. */
function foretoldShare(
  forest: ReturnType<typeof growForest>,
  points: readonly Point[],
  values: readonly number[],
): number {
  const told = points.map((): number[] => []);
  for (const tree of forest) for (const index of tree.unseen) told[index]!.push(predict(tree, points[index]!));
  const rows = values.flatMap((value, index) =>
    told[index]!.length === 0 ? [] : [{ value, told: mean(told[index]!) }],
  );
  const centre = mean(rows.map(({ value }) => value));
  const total = rows.reduce((sum, { value }) => sum + (value - centre) ** 2, 0);
  const left = rows.reduce((sum, row) => sum + (row.value - row.told) ** 2, 0);
  return total === 0 ? 0 : 1 - left / total;
}

/** Of the variance of a tree over the cube, the share of each axis alone; undefined for a tree that says one value everywhere. */
export function sharesOf(boxes: readonly Box[], dimensions: number): readonly number[] | undefined {
  const volumeOf = ({ low, high }: Box, without?: number): number =>
    low.reduce((product, from, axis) => (axis === without ? product : product * (high[axis]! - from)), 1);
  const centre = boxes.reduce((sum, box) => sum + box.value * volumeOf(box), 0);
  const total = boxes.reduce((sum, box) => sum + (box.value - centre) ** 2 * volumeOf(box), 0);
  if (total <= 0) return undefined;
  return Array.from({ length: dimensions }, (_, axis) => {
    // The mean over all other axes changes only where a box begins or ends on this one.
    const changes = boxes
      .flatMap((box) => {
        const part = box.value * volumeOf(box, axis);
        return [
          { at: box.low[axis]!, by: part },
          { at: box.high[axis]!, by: -part },
        ];
      })
      .sort((a, b) => a.at - b.at);
    let [marginal, before, variance] = [0, 0, 0];
    for (const { at, by } of changes) {
      variance += (at - before) * (marginal - centre) ** 2;
      marginal += by;
      before = at;
    }
    return variance / total;
  });
}
