/** Collects evaluation batches of passages: whether the other passage of the document is found, and how far embeddings spread. */
import { effectiveRank } from '../metrics/embedding-spread.ts';
import { gatherRows, outputRows } from '../images/embedding-audit.ts';
import type { Evaluation, Feeds, TensorData } from '../task.ts';

/**
 * `loss`, averaged over the passages; `accuracy`: the share of passages whose own other passage is the most similar of the
 * batch; `embeddingRank`: near 1 when the network collapses.
 */
export function passageEvaluation(): Evaluation {
  let [loss, total] = [0, 0];
  const correct: number[] = [];
  const embeddings: Float32Array[] = [];
  return {
    add(outputs: TensorData, { weights = new Float32Array(0) }: Feeds) {
      const rows = weights.filter((weight) => weight !== 0).length; // padding comes last
      loss += rows * Number(outputs.sameDocumentLoss?.data[0]);
      total += rows;
      for (let row = 0; row < rows; row += 1) correct.push(outputs.predictions?.data[row] === (row ^ 1) ? 1 : 0);
      embeddings.push(outputRows(outputs, 'embeddings', rows));
    },
    result: () => ({
      metrics: {
        loss: loss / total,
        accuracy: correct.reduce((sum, one) => sum + one, 0) / total,
        embeddingRank: effectiveRank(gatherRows(embeddings, total)),
      },
      correct: Uint8Array.from(correct),
    }),
  };
}
