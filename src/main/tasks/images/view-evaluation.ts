/** Collects evaluation batches of views into the loss, how often the other view is found, and how far embeddings spread. */
import { effectiveRank, relativeDeviation } from '../metrics/embedding-spread.ts';
import type { Evaluation, Feeds, TensorData } from '../task.ts';
import { gatherRows, outputRows } from './embedding-audit.ts';

/**
 * `loss`, averaged over the images; `accuracy`: the share of views whose own other view is the most similar of the batch;
 * `projectionSpread` and `embeddingRank`: near 0 and near 1 when the network collapses.
 */
export function viewEvaluation(): Evaluation {
  let [loss, total] = [0, 0];
  const correct: number[] = [];
  const parts: Record<'embeddings' | 'projections', Float32Array[]> = { embeddings: [], projections: [] };
  return {
    add(outputs: TensorData, { weights = new Float32Array(0) }: Feeds) {
      const rows = weights.filter((weight) => weight !== 0).length; // padding comes last
      loss += rows * Number(outputs.loss?.data[0]);
      total += rows;
      for (let row = 0; row < rows; row += 1) correct.push(outputs.predictions?.data[row] === (row ^ 1) ? 1 : 0);
      parts.embeddings.push(outputRows(outputs, 'embeddings', rows));
      parts.projections.push(outputRows(outputs, 'projections', rows));
    },
    result() {
      return {
        metrics: {
          loss: loss / total,
          accuracy: correct.reduce((sum, one) => sum + one, 0) / total,
          projectionSpread: relativeDeviation(gatherRows(parts.projections, total)),
          embeddingRank: effectiveRank(gatherRows(parts.embeddings, total)),
        },
        correct: Uint8Array.from(correct),
      };
    },
  };
}
