/**
 * The probabilities that a classifier gave to the examples of its validation and test splits, kept in its folder: what curves,
 * calibration and thresholds are computed from. Labels are int32, probabilities float32, little-endian bytes in base64.
 */
import { z } from 'zod';
import { fitTemperature } from '../tasks/metrics/calibration.ts';
import type { EvaluationResult, EvaluationSplit } from '../tasks/index.ts';
import { replaceFile } from '../files/durable-file.ts';
import { readSealed, sealJson } from '../files/sealed-json.ts';

/** Beyond this many numbers they are not kept: a run's folder is to stay smaller than its weights. */
const MOST_VALUES = 8_000_000;

const splitSpec = z.object({ labels: z.string(), probabilities: z.string() });
const scoresFile = z.object({
  formatVersion: z.literal(1),
  classes: z.array(z.string()).min(2),
  /** Chosen on the validation split; divides the logits. */
  temperature: z.number().positive(),
  splits: z.object({ validation: splitSpec, test: splitSpec.optional() }),
});

export interface ScoredExamples {
  readonly labels: Int32Array;
  /** [examples, classes] */
  readonly probabilities: Float32Array;
}

export interface Scores {
  readonly classes: readonly string[];
  readonly temperature: number;
  readonly splits: Readonly<Partial<Record<EvaluationSplit, ScoredExamples>>>;
}

/** Writes nothing for what is no classifier, or has too many answers. */
export async function writeScores(
  file: string,
  validation: EvaluationResult | undefined,
  test: EvaluationResult | undefined,
): Promise<void> {
  const classes = validation?.confusion?.classes;
  const known = validation && scoredBy(validation);
  if (classes === undefined || known === undefined) return;
  const tested = test && scoredBy(test);
  if (known.probabilities.length + (tested?.probabilities.length ?? 0) > MOST_VALUES) return;
  const content: z.input<typeof scoresFile> = {
    formatVersion: 1,
    classes: [...classes],
    temperature: fitTemperature(known.labels, known.probabilities, classes.length),
    splits: { validation: encoded(known), ...(tested && { test: encoded(tested) }) },
  };
  await replaceFile(file, sealJson(content));
}

function scoredBy({ answers, probabilities }: EvaluationResult): ScoredExamples | undefined {
  if (answers === undefined || probabilities === undefined || answers.labels.length === 0) return undefined;
  return { labels: Int32Array.from(answers.labels), probabilities: Float32Array.from(probabilities) };
}

function encoded({ labels, probabilities }: ScoredExamples): z.input<typeof splitSpec> {
  return { labels: bytesOf(labels), probabilities: bytesOf(probabilities) };
}

function bytesOf(values: Int32Array | Float32Array): string {
  return Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString('base64');
}

/** Undefined where a run kept none: it is older, or no classifier. Throws `LabError('corrupt')`. */
export async function readScores(file: string): Promise<Scores | undefined> {
  const found = await readSealed(file, scoresFile);
  if (!found) return undefined;
  const { classes, temperature, splits } = found;
  return {
    classes,
    temperature,
    splits: { validation: decoded(splits.validation), ...(splits.test && { test: decoded(splits.test) }) },
  };
}

function decoded({ labels, probabilities }: z.output<typeof splitSpec>): ScoredExamples {
  const buffer = (text: string): ArrayBuffer => Uint8Array.from(Buffer.from(text, 'base64')).buffer;
  return { labels: new Int32Array(buffer(labels)), probabilities: new Float32Array(buffer(probabilities)) };
}
