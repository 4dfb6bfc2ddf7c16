/** How well lines were read: character and word error rate, and the share of lines without an error. */
import { characterErrorRate, wordErrorRate } from '../../../shared/text-distance.ts';
import type { Evaluation, Feeds, TensorData } from '../task.ts';
import { LabError } from '../../../shared/errors.ts';
import { decodeByBeam, decodeGreedily } from './ctc-decoding.ts';

/** Logits [batch, steps, classes] of one example as log probabilities: the steps that count, where a mask [batch, length] says it. */
export function stepProbabilities(
  { shape, data }: TensorData[string],
  row: number,
  mask?: ArrayLike<number>,
): { readonly steps: number; readonly classes: number; readonly data: Float64Array } {
  const [batch, allSteps, classes] = shape as readonly [number, number, number]; // as the head makes them
  const steps = mask ? stepsOf(mask, row, mask.length / batch, allSteps) : allSteps;
  const start = row * allSteps * classes;
  const own = Float64Array.from(data.subarray(start, start + steps * classes));
  for (let place = 0; place < own.length; place += classes) {
    const values = own.subarray(place, place + classes);
    const largest = Math.max(...values);
    const total = largest + Math.log(values.reduce((sum, value) => sum + Math.exp(value - largest), 0));
    values.forEach((value, label) => (values[label] = value - total));
  }
  return { steps, classes, data: own };
}

/** Steps of the output that stand for the real positions of an example, of which each stands for as many. */
function stepsOf(mask: ArrayLike<number>, row: number, length: number, steps: number): number {
  let real = 0;
  for (let position = 0; position < length; position++) real += mask[row * length + position]!;
  return Math.max(1, Math.ceil((real * steps) / length));
}

export function textOf(labels: readonly number[], alphabet: readonly string[]): string {
  return labels.map((label) => alphabet[label - 1] ?? '').join('');
}

/** The transcript that a batch was fed for an example: its labels stand at the odd places. */
export function fedTranscript({ places }: Feeds, row: number, width: number): number[] {
  return Array.from(places?.subarray(row * width, (row + 1) * width) ?? []).filter((label) => label !== 0);
}

/** With a beam of 1 the likeliest path is read. `correct` has one entry for each line. */
export function transcriptionEvaluation(alphabet: readonly string[], longest: number, beamWidth: number): Evaluation {
  const pairs: { reference: string; hypothesis: string }[] = [];
  let loss = 0;
  return {
    add(outputs, feeds) {
      const { logits, losses } = outputs;
      if (!logits || !losses) throw new LabError('internal', 'the evaluation program has no logits or no losses');
      for (const [row, weight] of (feeds.weights ?? []).entries()) {
        if (weight === 0) continue;
        const given = stepProbabilities(logits, row, feeds.mask);
        const labels = beamWidth > 1 ? (decodeByBeam(given, beamWidth)[0]?.labels ?? []) : decodeGreedily(given);
        const reference = textOf(fedTranscript(feeds, row, 2 * longest + 1), alphabet);
        pairs.push({ reference, hypothesis: textOf(labels, alphabet) });
        loss += losses.data[row]!;
      }
    },
    result() {
      const correct = Uint8Array.from(pairs, ({ reference, hypothesis }) => Number(reference === hypothesis));
      return {
        metrics: {
          loss: loss / pairs.length,
          characterErrorRate: characterErrorRate(pairs),
          wordErrorRate: wordErrorRate(pairs),
          accuracy: correct.reduce((sum, one) => sum + one, 0) / pairs.length,
        },
        correct,
      };
    },
  };
}
