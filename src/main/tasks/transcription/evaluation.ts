/** How well lines were read: character and word error rate, and the share of lines without an error. */
import { characterErrorRate, wordErrorRate } from '../../../shared/text-distance.ts';
import type { Evaluation, Feeds, TensorData } from '../task.ts';
import { LabError } from '../../../shared/errors.ts';
import { decodeByBeam, decodeGreedily } from './ctc-decoding.ts';

/** Logits [batch, steps, classes] of one example as log probabilities. */
export function stepProbabilities(
  { shape, data }: TensorData[string],
  row: number,
): { readonly steps: number; readonly classes: number; readonly data: Float64Array } {
  const [, steps, classes] = shape as readonly [number, number, number]; // as the head makes them
  const own = Float64Array.from(data.subarray(row * steps * classes, (row + 1) * steps * classes));
  for (let start = 0; start < own.length; start += classes) {
    const values = own.subarray(start, start + classes);
    const largest = Math.max(...values);
    const total = largest + Math.log(values.reduce((sum, value) => sum + Math.exp(value - largest), 0));
    values.forEach((value, label) => (values[label] = value - total));
  }
  return { steps, classes, data: own };
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
        const given = stepProbabilities(logits, row);
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
