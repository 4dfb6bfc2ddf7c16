/** Reading a CRF: the best sequence of tags (A. Viterbi 1967), and how sure each tag is (forward and backward sums). */
import type { CrfScores } from '../../nn/crf.ts';

export type NumericScores = CrfScores<ArrayLike<number>>;

/** Emissions of one sequence, row-major [steps, tags]. */
export interface Emissions {
  readonly values: ArrayLike<number>;
  readonly steps: number;
  readonly tags: number;
}

/** Of equal sequences the one with the first tags, from the end. */
export function bestTags({ values, steps, tags }: Emissions, { transitions, start, end }: NumericScores): Int32Array {
  const best = new Float64Array(steps * tags);
  const from = new Int32Array(steps * tags);
  for (let tag = 0; tag < tags; tag += 1) best[tag] = values[tag]! + start[tag]!;
  for (let step = 1; step < steps; step += 1) {
    for (let tag = 0; tag < tags; tag += 1) {
      let [highest, before] = [-Infinity, 0];
      for (let previous = 0; previous < tags; previous += 1) {
        const score = best[(step - 1) * tags + previous]! + transitions[previous * tags + tag]!;
        if (score > highest) [highest, before] = [score, previous];
      }
      best[step * tags + tag] = highest + values[step * tags + tag]!;
      from[step * tags + tag] = before;
    }
  }
  const path = new Int32Array(steps);
  let highest = -Infinity;
  for (let tag = 0; tag < tags && steps > 0; tag += 1) {
    const score = best[(steps - 1) * tags + tag]! + end[tag]!;
    if (score > highest) [highest, path[steps - 1]] = [score, tag];
  }
  for (let step = steps - 1; step > 0; step -= 1) path[step - 1] = from[step * tags + path[step]!]!;
  return path;
}

/** The probability of each tag at each step, over all sequences: row-major [steps, tags]. */
export function tagProbabilities({ values, steps, tags }: Emissions, scores: NumericScores): Float64Array {
  const { transitions, start, end } = scores;
  const forward = new Float64Array(steps * tags);
  const backward = new Float64Array(steps * tags);
  const terms = new Float64Array(tags);
  for (let step = 0; step < steps; step += 1) {
    for (let tag = 0; tag < tags; tag += 1) {
      for (let other = 0; other < tags && step > 0; other += 1) {
        terms[other] = forward[(step - 1) * tags + other]! + transitions[other * tags + tag]!;
      }
      forward[step * tags + tag] = values[step * tags + tag]! + (step === 0 ? start[tag]! : logSum(terms));
    }
  }
  for (let step = steps - 1; step >= 0; step -= 1) {
    for (let tag = 0; tag < tags; tag += 1) {
      for (let other = 0; other < tags && step + 1 < steps; other += 1) {
        const place = (step + 1) * tags + other;
        terms[other] = transitions[tag * tags + other]! + values[place]! + backward[place]!;
      }
      backward[step * tags + tag] = step === steps - 1 ? end[tag]! : logSum(terms);
    }
  }
  const last = Array.from({ length: tags }, (_, tag) => forward[(steps - 1) * tags + tag]! + end[tag]!);
  const total = steps === 0 ? 0 : logSum(last);
  return forward.map((value, index) => Math.exp(value + backward[index]! - total));
}

function logSum(values: ArrayLike<number>): number {
  let largest = -Infinity;
  for (let index = 0; index < values.length; index += 1) largest = Math.max(largest, values[index]!);
  let total = 0;
  for (let index = 0; index < values.length; index += 1) total += Math.exp(values[index]! - largest);
  return largest + Math.log(total);
}
