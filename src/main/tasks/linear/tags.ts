/** Tags of words from features of each word: logistic regression. */
import { predictProbabilities, selectLogisticRegression } from '../baselines/logistic-regression.ts';
import type { Side } from '../labelled/sides.ts';
import { logLosses } from '../metrics/probabilistic.ts';
import { evaluateTags, likeliestTags, wordsIn } from '../tagging/evaluation.ts';
import type { EvaluationResult } from '../task.ts';
import type { LinearMethod, LinearTask, RowLabels } from './linear-method.ts';
import { standardisedSides } from './linear-method.ts';

/** Of batches that feed `tags` and `wordMask` [batch, words], and `weights`: a row is a word. */
export const linearTags: LinearTask = {
  rows(feeds) {
    const { tags = [], weights = [] } = feeds;
    const most = tags.length / weights.length;
    const sentences = Array.from(weights.keys()).filter((row) => weights[row] !== 0);
    const words = sentences.map((row) => wordsIn(feeds, row, most));
    const rows = sentences.flatMap((row, place) =>
      Array.from({ length: words[place]! }, (_, word) => row * most + word),
    );
    return { rows, values: rows.map((row) => tags[row]!), words };
  },
  method: (labels, { tags = [] }) => logisticRegression(labels, tags),
};

function logisticRegression(labels: Readonly<Record<Side, RowLabels>>, tags: readonly string[]): LinearMethod {
  const endsOf = (side: Side): Uint32Array => labels[side].ends ?? new Uint32Array(0);
  const examples = {
    training: endsOf('training').length,
    validation: endsOf('validation').length,
    test: endsOf('test').length,
  };
  const evaluate = (side: Side, probabilities: Float64Array, most: number): EvaluationResult => {
    const ends = endsOf(side).subarray(0, most);
    const count = ends[ends.length - 1] ?? 0;
    const known = labels[side].values.subarray(0, count);
    const shown = probabilities.subarray(0, count * tags.length);
    const ofWords = logLosses(shown, known, tags.length);
    let word = 0;
    const losses = Array.from(ends, (end) => {
      let loss = 0;
      for (; word < end; word += 1) loss += ofWords[word]!;
      return loss;
    });
    const predicted = likeliestTags(shown, tags.length);
    return evaluateTags(tags, { labels: known, predicted, ends, losses, probabilities: shown });
  };
  return {
    title: 'logistic regression of each word',
    examples,
    outputs: tags.length,
    async fit(features, { score, signal }) {
      const given = standardisedSides(features);
      const { model, trials, validationScore, validationLoss } = await selectLogisticRegression(
        { features: given.features('training'), labels: labels.training.values },
        { features: given.features('validation'), labels: labels.validation.values },
        tags.length,
        {
          score: (probabilities) => score(evaluate('validation', probabilities, examples.validation)),
          ...(signal && { signal }),
        },
      );
      const weights = model.parameters.subarray(0, tags.length * model.featureCount);
      const layer = given.layer(weights, model.parameters.subarray(weights.length));
      return {
        settings: { penalty: model.penalty },
        trials,
        score: validationScore,
        loss: validationLoss,
        evaluate: (split, most = examples[split]) =>
          evaluate(split, predictProbabilities(model, given.features(split)), most),
        ...(layer && { layer }),
      };
    },
  };
}
