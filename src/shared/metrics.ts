/**
 * Every metric once: what it is called, which way is better, and how it is shown. Tasks name theirs from here, and tables,
 * charts, comparisons and studies ask here, so that none of them reads meaning into a name.
 */

import { formatNumber, formatPercent } from './display.ts';

export type Direction = 'minimise' | 'maximise';

export interface Metric {
  readonly title: string;
  /** Which way is better; null for what only describes a run, such as its learning rate. */
  readonly direction: Direction | null;
  /** The least and the largest value there can be; null where there is no bound. */
  readonly bounds: readonly [minimum: number | null, maximum: number | null];
  readonly unit?: string;
  /** Says something by itself, as a share of right answers does and a loss does not: shown first where there is room for one. */
  readonly preferred?: true;
  /** A share of things that are counted, which people say in per cent; an F1 is none. */
  readonly isPercentage?: true;
}

const share = { bounds: [0, 1], direction: 'maximise', preferred: true } as const;
const percentage = { ...share, isPercentage: true } as const;
const errorRate = { bounds: [0, null], direction: 'minimise', preferred: true } as const;
const lossInNats = { title: 'Loss', direction: 'minimise', bounds: [0, null], unit: 'nats' } as const;
const perplexity = { title: 'Perplexity', direction: 'minimise', bounds: [1, null], preferred: true } as const;

/** In the order in which they are shown where several are asked for at once. */
const registry = {
  loss: lossInNats,
  accuracy: { title: 'Accuracy', ...percentage },
  macroF1: { title: 'Macro F1', ...share },
  /** Over all decisions on several labels, whatever the label. */
  microF1: { title: 'Micro F1', ...share },
  /** Examples with exactly the labels that they should have. */
  exactMatches: { title: 'Exact matches', ...percentage },
  /** Of alignments: pairs of residues that stand above each other in the true one, too. */
  alignedF1: { title: 'Aligned pairs: F1', ...share },
  alignedRecall: { title: 'Aligned pairs: found', ...percentage },
  alignedPrecision: { title: 'Aligned pairs: precision', ...percentage },
  balancedAccuracy: { title: 'Balanced accuracy', ...share },
  /** Of each class against the rest, averaged over the classes. */
  auroc: { title: 'AUROC', ...share },
  averagePrecision: { title: 'Average precision', ...share },
  calibrationError: { title: 'Calibration error', direction: 'minimise', bounds: [0, 1] },
  /** Of tagged words: entities whose type and limits are right, as seqeval and conlleval count them. */
  entityF1: { title: 'Entity F1', ...share },
  entityPrecision: { title: 'Entity precision', ...percentage },
  entityRecall: { title: 'Entity recall', ...percentage },
  /** Of regression; with several targets the mean over them, each in its own unit. */
  rmse: { title: 'RMSE', ...errorRate },
  mae: { title: 'MAE', ...errorRate },
  r2: { title: 'R²', direction: 'maximise', bounds: [null, 1], preferred: true },
  spearman: { title: 'Spearman correlation', direction: 'maximise', bounds: [-1, 1], preferred: true },
  /** Mean squared error where each target has deviation 1 in training. */
  standardisedError: { title: 'Standardised error', direction: 'minimise', bounds: [0, null] },
  characterErrorRate: { title: 'Character error rate', ...errorRate },
  wordErrorRate: { title: 'Word error rate', ...errorRate },
  /** Of speech beside a recording of the same words, brought together in time. */
  melCepstralDistance: {
    title: 'Mel-cepstral distance',
    direction: 'minimise',
    bounds: [0, null],
    unit: 'dB',
    preferred: true,
  },
  /** Mean difference of log-mel frames, with the durations of the recording. */
  melError: { title: 'Mel error', direction: 'minimise', bounds: [0, null], unit: 'dB' },
  /** How much longer or shorter than the recording, as a share of it. */
  lengthError: { title: 'Length error', direction: 'minimise', bounds: [0, null] },
  maskedWordsAccuracy: { title: 'Masked words: accuracy', ...percentage },
  perplexity,
  maskedWordsLoss: { ...lossInNats, title: 'Masked words: loss' },
  maskedWordsPerplexity: { ...perplexity, title: 'Masked words: perplexity' },
  nextSentenceLoss: { ...lossInNats, title: 'Next sentence: loss' },
  nextSentenceAccuracy: { title: 'Next sentence: accuracy', ...percentage },
  nextSentenceMacroF1: { title: 'Next sentence: macro F1', ...share },
  nextSentenceBalancedAccuracy: { title: 'Next sentence: balanced accuracy', ...share },
  sentenceOrderLoss: { ...lossInNats, title: 'Sentence order: loss' },
  sentenceOrderAccuracy: { title: 'Sentence order: accuracy', ...percentage },
  sentenceOrderMacroF1: { title: 'Sentence order: macro F1', ...share },
  sentenceOrderBalancedAccuracy: { title: 'Sentence order: balanced accuracy', ...share },
  sameDocumentLoss: { ...lossInNats, title: 'Passages of one document: loss' },
  sameDocumentAccuracy: { title: 'Passages of one document: found', ...percentage },
  /** 1: spread evenly over all directions; near 0 or 1 direction: collapsed. */
  projectionSpread: { title: 'Spread of projections', direction: 'maximise', bounds: [0, null] },
  embeddingRank: { title: 'Effective rank of embeddings', direction: 'maximise', bounds: [0, null] },
  learningRate: { title: 'Learning rate', direction: null, bounds: [0, null] },
  gradientNorm: { title: 'Gradient norm', direction: null, bounds: [0, null] },
  /** What gradients are multiplied by in float16. */
  lossScale: { title: 'Loss scale', direction: null, bounds: [0, null] },
  examplesPerSecond: { title: 'Examples per second', direction: null, bounds: [0, null], unit: '1/s' },
} satisfies Readonly<Record<string, Metric>>;

export type MetricName = keyof typeof registry;

export const metricNames = Object.keys(registry) as readonly MetricName[]; // the record has exactly these keys

/** `validation.accuracy` → `accuracy`; a name without a split is its own. */
export function metricName(metric: string): string {
  const dot = metric.indexOf('.');
  return dot < 0 ? metric : metric.slice(dot + 1);
}

/** `validation.accuracy` → `validation`; '' for a name without a split. */
export function splitName(metric: string): string {
  const dot = metric.indexOf('.');
  return dot < 0 ? '' : metric.slice(0, dot);
}

/** The metric of this name, with or without its split. Of a newer lab's only the name is known: `hitRate` → 'Hit rate'. */
export function metricOf(metric: string): Metric {
  const name = metricName(metric);
  if (isKnown(name)) return registry[name];
  const words = name.replace(
    /([a-z\d])([A-Z])/g,
    (_, before: string, after: string) => `${before} ${after.toLowerCase()}`,
  );
  return { title: words.charAt(0).toUpperCase() + words.slice(1), direction: null, bounds: [null, null] };
}

/** Its title behind other words: "macro F1", but "RMSE". */
export function metricWithin(metric: string): string {
  const { title } = metricOf(metric);
  return /^[A-Z][a-z]/.test(title) ? title.charAt(0).toLowerCase() + title.slice(1) : title;
}

/** A value of a metric as people say it: "20.8 %" of an accuracy, "0.412" of an F1, "–" of nothing. */
export function formatMetric(value: number | null, metric: string): string {
  if (value === null) return '–';
  return metricOf(metric).isPercentage ? formatPercent(value) : formatNumber(value);
}

function isKnown(name: string): name is MetricName {
  return Object.hasOwn(registry, name);
}
