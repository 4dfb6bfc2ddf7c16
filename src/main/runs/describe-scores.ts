/**
 * Curves of one class against the rest, or of one of several labels, calibration before and after the temperature, and what a
 * threshold would answer.
 */
import type { RunScores, RunScoresInput } from '../../shared/contract/scores.ts';
import { LabError } from '../../shared/errors.ts';
import { quoted, quotedList } from '../../shared/excerpt.ts';
import { atTemperature, calibrationError, reliability, type ReliabilityBin } from '../tasks/metrics/calibration.ts';
import {
  areaUnderRoc,
  averagePrecision,
  bestByF1,
  f1Of,
  operations,
  scoresOf,
  type Operation,
} from '../tasks/metrics/ranking.ts';
import type { RunFolder } from '../workspace/run-folder.ts';
import { readScores, yesAndNo, type ScoredExamples, type Scores } from './scores-file.ts';

/** Points of a curve that are drawn; the areas are of all. */
const MOST_POINTS = 200;

/**
 * Thresholds are of the probabilities after the temperature, which was chosen on the validation split as the threshold with the
 * best F1 is; those of several labels are of the probabilities as they are, by which the run itself answers.
 * @throws LabError `not-found` for a run without probabilities, `bad-input` for a class that it does not know
 */
export async function describeScores(
  run: Pick<RunFolder, 'id' | 'scores'>,
  input: Omit<RunScoresInput, 'id'>,
): Promise<RunScores> {
  const scores = await readScores(run.scores);
  if (scores === undefined) {
    const message = `${run.id} kept no probabilities: it is no classifier, has not finished, or is older than this`;
    throw new LabError('not-found', message, { run: run.id });
  }
  const { classes, temperature, splits } = scores;
  const split = input.split ?? (splits.test === undefined ? 'validation' : 'test');
  const shown = splits[split];
  const validation = splits.validation;
  if (shown === undefined || validation === undefined) {
    throw new LabError('not-found', `${run.id} has no answers to its ${split} split`, { split });
  }
  const place = placeOfClass(scores, input.class);
  const isOneOfSeveral = scores.kind === 'several';
  // Each of several labels is a question of its own.
  const question = (examples: ScoredExamples): Question => ({
    ...(isOneOfSeveral ? labelOf(examples, classes.length, place) : examples),
    positive: isOneOfSeveral ? 1 : place,
    count: isOneOfSeveral ? 2 : classes.length,
    temperature: isOneOfSeveral ? 1 : temperature,
  });
  const asked = question(shown);
  const found = operationsOf(asked);
  const chosen = scores.thresholds?.[place] ?? finite(bestByF1(operationsOf(question(validation)))?.threshold);
  const threshold = input.threshold ?? chosen ?? 0.5;
  const after = { ...asked, probabilities: atTemperature(asked.probabilities, asked.count, temperature) };
  return {
    split,
    kind: scores.kind,
    classes: [...classes],
    class: classes[place]!,
    examples: asked.labels.length,
    auroc: finite(areaUnderRoc(found)),
    averagePrecision: finite(averagePrecision(found)),
    roc: rocOf(found),
    precisionRecall: precisionRecallOf(found),
    temperature,
    calibration: { before: calibrationOf(asked, asked.count), after: calibrationOf(after, asked.count) },
    threshold: { ...atThreshold(found, threshold), chosenOnValidation: chosen },
  };
}

/** The rarest class of the validation split, where none is asked for: it is mostly the one that matters. */
function placeOfClass({ kind, classes, splits }: Scores, name: string | undefined): number {
  if (name !== undefined) {
    const place = classes.indexOf(name);
    if (place >= 0) return place;
    throw new LabError('bad-input', `There is no class ${quoted(name)}; there is ${quotedList(classes)}`, {
      class: name,
    });
  }
  const counts = classes.map(() => 0);
  for (const [at, label] of (splits.validation?.labels ?? []).entries()) {
    if (kind === 'classes') counts[label]! += 1;
    else counts[at % counts.length]! += label;
  }
  const present = counts.map((count) => (count === 0 ? Infinity : count));
  return present.indexOf(Math.min(...present));
}

/** A class against all others, or one of several labels: there or not. */
interface Question extends ScoredExamples {
  /** Column of what is asked for, of so many. */
  readonly positive: number;
  readonly count: number;
  /** Of the probabilities that thresholds are of. */
  readonly temperature: number;
}

/** One of several labels as two classes. */
function labelOf({ labels, probabilities }: ScoredExamples, count: number, label: number): ScoredExamples {
  const column = (values: ArrayLike<number>): Float64Array => scoresOf(values, count, label);
  return { labels: Int32Array.from(column(labels)), probabilities: yesAndNo(column(probabilities)) };
}

function operationsOf({ labels, probabilities, positive, count, temperature }: Question): Operation[] {
  const calibrated = temperature === 1 ? probabilities : atTemperature(probabilities, count, temperature);
  return operations(scoresOf(calibrated, count, positive), (example) => labels[example] === positive);
}

function totalsOf(found: readonly Operation[]): { readonly positives: number; readonly negatives: number } {
  const last = found.at(-1);
  return { positives: last?.truePositives ?? 0, negatives: last?.falsePositives ?? 0 };
}

function rocOf(found: readonly Operation[]): RunScores['roc'] {
  const { positives, negatives } = totalsOf(found);
  return evenly(found).map(({ truePositives, falsePositives }) => ({
    x: falsePositives / Math.max(1, negatives),
    y: truePositives / Math.max(1, positives),
  }));
}

/** From the highest threshold on; nothing found has no precision. */
function precisionRecallOf(found: readonly Operation[]): RunScores['precisionRecall'] {
  const { positives } = totalsOf(found);
  return evenly(found.slice(1)).map(({ truePositives, falsePositives }) => ({
    x: truePositives / Math.max(1, positives),
    y: truePositives / (truePositives + falsePositives),
  }));
}

function evenly<Item>(all: readonly Item[]): Item[] {
  if (all.length <= MOST_POINTS) return [...all];
  return Array.from({ length: MOST_POINTS }, (_, at) => all[Math.round((at * (all.length - 1)) / (MOST_POINTS - 1))]!);
}

function calibrationOf(
  { labels, probabilities }: { readonly labels: ArrayLike<number>; readonly probabilities: ArrayLike<number> },
  classCount: number,
): RunScores['calibration']['before'] {
  const bins = reliability(labels, probabilities, classCount);
  return { error: finite(calibrationError(bins)), bins: bins.map(filledBin) };
}

function filledBin({
  confidence,
  accuracy,
  ...bin
}: ReliabilityBin): RunScores['calibration']['before']['bins'][number] {
  return { ...bin, confidence: finite(confidence), accuracy: finite(accuracy) };
}

function atThreshold(
  found: readonly Operation[],
  threshold: number,
): Omit<RunScores['threshold'], 'chosenOnValidation'> {
  const { positives, negatives } = totalsOf(found);
  const at = found.findLast((one) => one.threshold >= threshold) ?? found[0]!; // the first one finds nothing
  const { truePositives, falsePositives } = at;
  return {
    value: threshold,
    truePositives,
    falsePositives,
    falseNegatives: positives - truePositives,
    trueNegatives: negatives - falsePositives,
    precision: finite(truePositives / (truePositives + falsePositives)),
    recall: finite(truePositives / positives),
    specificity: finite(1 - falsePositives / negatives),
    f1: f1Of(at, positives),
  };
}

function finite(value: number | undefined): number | null {
  return value !== undefined && Number.isFinite(value) ? value : null;
}
