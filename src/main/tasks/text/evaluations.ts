/** Collects the outputs of evaluation batches into the metrics of single tokens: those that were masked, or those that come next. */
import { perplexity } from '../metrics/probabilistic.ts';
import { feedData, outputData } from '../batch-data.ts';
import type { Evaluation } from '../task.ts';

/**
 * Loss (nats per masked position), accuracy and perplexity. All are NaN without a masked position. `correct` has one entry
 * for each masked position.
 */
export function maskedWordsEvaluation(): Evaluation {
  return tokenEvaluation('masked');
}

/** The same for every scored token of a text; `correct` has one entry for each. */
export function nextWordEvaluation(): Evaluation {
  return tokenEvaluation('next');
}

function tokenEvaluation(kind: 'masked' | 'next'): Evaluation {
  let loss = 0;
  const correct: number[] = [];
  return {
    add(outputs, feeds) {
      const losses = outputData(outputs, `${kind}Losses`);
      const predictions = outputData(outputs, `${kind}Predictions`);
      const labels = feedData(feeds, `${kind}Labels`);
      const weights = feedData(feeds, `${kind}Weights`);
      for (let place = 0; place < labels.length; place += 1) {
        if (weights[place] === 0) continue;
        loss += losses[place]!;
        correct.push(predictions[place] === labels[place] ? 1 : 0);
      }
    },
    result() {
      const mean = loss / correct.length;
      const right = correct.reduce((sum, one) => sum + one, 0);
      return {
        metrics: { loss: mean, accuracy: right / correct.length, perplexity: perplexity(mean) },
        correct: Uint8Array.from(correct),
      };
    },
  };
}
