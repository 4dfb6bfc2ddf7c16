/**
 * What the text tasks are compared with: frequent tokens, the larger class, shared words, bags of words. All are fitted to
 * training examples and scored on the test split, or on the validation split where there is no test.
 */
import { plural } from '../../../shared/display.ts';
import { LabError } from '../../../shared/errors.ts';
import type { TextTokenizer } from '../../data/tokenizer/tokenizer.ts';
import { fitVocabulary, vectoriseWords } from '../baselines/bag-of-words.ts';
import type { Features } from '../baselines/features.ts';
import { predictProbabilities, selectLogisticRegression } from '../baselines/logistic-regression.ts';
import { fitMajorityClass, majorityProbabilities } from '../baselines/majority.ts';
import type { TextPairs } from '../baselines/overlap.ts';
import { fitOverlap, predictOverlap } from '../baselines/overlap.ts';
import type { LanguageModelScore } from '../baselines/unigram.ts';
import { fitBigram, fitUnigram, scoreBigram, scoreUnigram } from '../baselines/unigram.ts';
import { classScores, majorityBaseline, probabilityScores } from '../classification/baselines.ts';
import { labelsBySide, labelsOf } from '../classification/labelled-classes.ts';
import { scoredSide } from '../labelled/sides.ts';
import { logLoss } from '../metrics/probabilistic.ts';
import type { Baseline, Feeds, TaskSampler } from '../task.ts';
import type { CorpusSource, Section } from './corpus-source.ts';
import { pairTexts } from './describe.ts';
import type { LabelledTexts } from './labelled-texts.ts';
import type { TokenStream } from './token-stream.ts';

/** Tokens that the frequencies are counted on, spread over the corpus; more would not change them. */
const COUNTED_TOKENS = 20_000_000;
const WINDOW = 65_536;
/** Training pairs that the baselines of pairs are fitted to. */
const FITTED_PAIRS = 4096;
const BATCH = 64;
/** With fewer training texts, words that occur in only one of them are kept. */
const FEW_TEXTS = 200;

/** The frequencies of the training text, scored at the masked positions. */
export function unigramBaseline(
  corpus: CorpusSource,
  training: readonly Section[],
  vocabularySize: number,
  sampler: TaskSampler,
  signal: AbortSignal,
): Baseline {
  const model = fitUnigram(trainingWindows(corpus, training, signal), vocabularySize);
  const labels = evaluationFeeds(sampler).map((feeds) => {
    const weights = feeds.maskedWeights;
    return Int32Array.from(feeds.maskedLabels ?? []).filter((_, place) => weights?.[place] === 1);
  });
  const score = scoreUnigram(model, labels);
  return {
    name: 'most frequent tokens',
    summary: 'Predicts every masked token from the frequencies of the training text alone',
    metrics: { loss: score.loss, accuracy: score.accuracy, perplexity: score.perplexity },
  };
}

/** Unigrams and bigrams of the training text, scored at the same tokens as the networks. */
export function nextWordBaselines(
  training: TokenStream,
  vocabularySize: number,
  sampler: TaskSampler,
  signal: AbortSignal,
): Baseline[] {
  const stride = Math.max(1, Math.ceil(training.length / COUNTED_TOKENS)) * WINDOW;
  const windows: Uint32Array[] = [];
  for (let start = 0; start < training.length; start += stride) {
    if (signal.aborted) throw new LabError('aborted', 'the baselines were stopped');
    windows.push(training.read(start, Math.min(WINDOW, training.length - start)));
  }
  const scored = evaluationFeeds(sampler).flatMap(({ tokens = [], nextLabels = [], nextWeights = [] }) =>
    Array.from(nextLabels.keys())
      .filter((place) => nextWeights[place] === 1)
      .map((place) => [tokens[place]!, nextLabels[place]!]),
  );
  const unigram = scoreUnigram(
    fitUnigram(windows, vocabularySize),
    scored.map(([, next]) => [next!]),
  );
  const bigram = scoreBigram(fitBigram(windows, vocabularySize), scored);
  const metricsOf = ({ loss, accuracy, perplexity }: LanguageModelScore) => ({ loss, accuracy, perplexity });
  return [
    { name: 'unigram', summary: 'Predicts by the frequencies of the training text', metrics: metricsOf(unigram) },
    {
      name: 'bigram',
      summary: 'Predicts by what followed the last token in the training text (Witten-Bell smoothing)',
      metrics: metricsOf(bigram),
    },
  ];
}

function* trainingWindows(
  corpus: CorpusSource,
  training: readonly Section[],
  signal: AbortSignal,
): Generator<Uint32Array> {
  const total = training.reduce((sum, { tokenCount }) => sum + tokenCount, 0);
  const stride = Math.max(1, Math.ceil(total / COUNTED_TOKENS));
  let window = 0;
  for (const { tokenOffset, tokenCount } of training) {
    for (let start = 0; start < tokenCount; start += WINDOW) {
      if (window++ % stride !== 0) continue;
      if (signal.aborted) throw new LabError('aborted', 'the baselines were stopped');
      yield corpus.tokens(tokenOffset + start, Math.min(WINDOW, tokenCount - start));
    }
  }
}

/**
 * The more frequent label, and the overlap of rare words above a threshold. `together` is the label of pairs that belong
 * together.
 */
export function pairBaselines(
  sampler: TaskSampler,
  tokenizer: TextTokenizer,
  length: number,
  together: 0 | 1,
  signal: AbortSignal,
): Baseline[] {
  const steps = Math.ceil(Math.min(FITTED_PAIRS, sampler.trainingExamples) / BATCH);
  const trainingFeeds = Array.from({ length: steps }, (_, step) => sampler.trainingBatch(0, step, BATCH));
  const training = collectPairs(trainingFeeds, tokenizer, length, signal);
  const validation = collectPairs(evaluationFeeds(sampler), tokenizer, length, signal);
  const majority = fitMajorityClass(training.labels, 2);
  const overlap = fitOverlap(
    training.pairs,
    training.labels.map((label) => Number(label === together)),
  );
  const overlapping = predictOverlap(overlap, validation.pairs).map((one) => (one === 1 ? together : 1 - together));
  const { labels } = validation;
  const constantLoss = logLoss(majorityProbabilities(majority, labels.length), labels, 2);
  return [
    {
      name: 'majority class',
      summary: 'Always the label that is more frequent in training; the labels are balanced, so this is chance',
      metrics: {
        ...classScores(
          labels,
          labels.map(() => majority.label),
          2,
        ),
        loss: constantLoss,
      },
    },
    {
      name: 'shared words',
      summary: 'Answers by the TF-IDF cosine of the two texts, with the threshold that is best in training',
      metrics: classScores(labels, overlapping, 2),
    },
  ];
}

function collectPairs(
  batches: readonly Feeds[],
  tokenizer: TextTokenizer,
  length: number,
  signal: AbortSignal,
): { pairs: TextPairs; labels: Int32Array } {
  const first: string[] = [];
  const second: string[] = [];
  const labels: number[] = [];
  for (const feeds of batches) {
    if (signal.aborted) throw new LabError('aborted', 'the baselines were stopped');
    for (const [row, weight] of (feeds.weights ?? []).entries()) {
      if (weight === 0) continue;
      const [a, b] = pairTexts(tokenizer, feeds, row, length);
      first.push(a);
      second.push(b);
      labels.push(feeds.labels?.[row] ?? 0);
    }
  }
  return { pairs: { first, second }, labels: Int32Array.from(labels) };
}

function evaluationFeeds(sampler: TaskSampler): Feeds[] {
  const split = sampler.evaluationBatchCount('test', BATCH) > 0 ? 'test' : 'validation';
  const count = sampler.evaluationBatchCount(split, BATCH);
  return Array.from({ length: count }, (_, index) => sampler.evaluationBatch(split, index, BATCH));
}

/** The most frequent class, and logistic regression on TF-IDF words, whose penalty is chosen on the validation examples. */
export async function wordBaselines(labelled: LabelledTexts, signal: AbortSignal): Promise<Baseline[]> {
  const { dataset, sides } = labelled;
  const { training, validation } = labelsBySide(labelled);
  const classCount = dataset.classes.length;
  const scored = scoredSide(sides);
  const textsOf = (examples: Uint32Array): string[] =>
    Array.from(examples, (example) => [dataset.text(example), dataset.textPair(example) ?? ''].join('\n'));
  const trainingTexts = textsOf(sides.training);
  const vocabulary = fitVocabulary(trainingTexts, { minimumDocuments: trainingTexts.length < FEW_TEXTS ? 1 : 2 });
  const featuresOf = (texts: readonly string[]): Features => vectoriseWords(vocabulary, texts);
  const { model } = await selectLogisticRegression(
    { features: featuresOf(trainingTexts), labels: training },
    { features: featuresOf(textsOf(sides.validation)), labels: validation },
    classCount,
    { signal },
  );
  return [
    majorityBaseline(labelled, 'examples'),
    {
      name: 'bag of words',
      summary: `Logistic regression on the TF-IDF of ${plural(vocabulary.columns.size, 'word')}, fitted to the same ${plural(trainingTexts.length, 'labelled example')}`,
      metrics: probabilityScores(
        labelsOf(dataset, scored),
        predictProbabilities(model, featuresOf(textsOf(scored))),
        classCount,
      ),
    },
  ];
}
