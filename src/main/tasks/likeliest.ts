/** The likeliest of many answers, as demos, samples and files of answers show them. */
import { softmaxRows } from './metrics/probabilistic.ts';

/** The `count` largest, the first of equals first. */
export function likeliest(
  probabilities: Float64Array,
  count: number,
): { readonly id: number; readonly probability: number }[] {
  const order = Uint32Array.from(probabilities.keys()).sort((a, b) => probabilities[b]! - probabilities[a]! || a - b);
  return Array.from(order.subarray(0, count), (id) => ({ id, probability: probabilities[id]! }));
}

/** The same of logits, with what people call the answers; probabilities are over all there is, not over those that are shown. */
export function likeliestChoices(
  logits: ArrayLike<number>,
  count: number,
  labelOf: (id: number) => string,
): { label: string; probability: number }[] {
  const probabilities = softmaxRows(logits, logits.length);
  return likeliest(probabilities, count).map(({ id, probability }) => ({ label: labelOf(id), probability }));
}
