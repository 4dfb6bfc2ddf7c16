/**
 * The probabilities that a classifier gave to the examples of its validation and test splits, kept in its folder: what curves,
 * calibration and thresholds are computed from. Labels are int32 (of several at once a 1 or 0 for each), probabilities float32,
 * little-endian bytes in base64.
 */
import { z } from 'zod';
import { fitTemperature } from '../tasks/metrics/calibration.ts';
import type { EvaluationResult, EvaluationSplit, ScoredAnswers } from '../tasks/index.ts';
import { replaceFile } from '../files/durable-file.ts';
import { readSealed, sealJson } from '../files/sealed-json.ts';

/** Beyond this many numbers they are not kept: a run's folder is to stay smaller than its weights. */
const MOST_VALUES = 8_000_000;

const splitSpec = z.object({ labels: z.string(), probabilities: z.string() });
const scoresFile = z.object({
  formatVersion: z.literal(1),
  /** Classes exclude each other; several labels may be there at once. Files of before are of classes. */
  kind: z.enum(['classes', 'several']).default('classes'),
  classes: z.array(z.string()).min(1),
  /** Chosen on the validation split; divides the logits. */
  temperature: z.number().positive(),
  /** Of several labels: from which probability on each is answered. */
  thresholds: z.array(z.number()).optional(),
  splits: z.object({ validation: splitSpec, test: splitSpec.optional() }),
});

export interface ScoredExamples {
  /** Of several labels row-major [examples, classes]: 1 where an example has a label. */
  readonly labels: Int32Array;
  /** Row-major [examples, classes]. */
  readonly probabilities: Float32Array | Float64Array;
}

export interface Scores {
  readonly kind: 'classes' | 'several';
  readonly thresholds?: readonly number[] | undefined;
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
  const known = validation?.scored;
  if (known === undefined || known.labels.length === 0) return;
  const tested = test?.scored;
  if (known.probabilities.length + (tested?.probabilities.length ?? 0) > MOST_VALUES) return;
  const { kind, names, labels, probabilities } = known;
  const content: z.input<typeof scoresFile> = {
    formatVersion: 1,
    kind,
    classes: [...names],
    temperature:
      kind === 'classes'
        ? fitTemperature(labels, probabilities, names.length)
        : fitTemperature(labels, yesAndNo(probabilities), 2),
    ...(kind === 'several' && validation?.thresholds && { thresholds: [...validation.thresholds] }),
    splits: { validation: encoded(known), ...(tested && { test: encoded(tested) }) },
  };
  await replaceFile(file, sealJson(content));
}

/** Of each label: that it is not there, and that it is. */
export function yesAndNo(probabilities: ArrayLike<number>): Float64Array {
  return Float64Array.from({ length: 2 * probabilities.length }, (_, index) => {
    const there = probabilities[index >> 1]!;
    return index % 2 === 0 ? 1 - there : there;
  });
}

function encoded({ labels, probabilities }: ScoredAnswers): z.input<typeof splitSpec> {
  return { labels: bytesOf(Int32Array.from(labels)), probabilities: bytesOf(Float32Array.from(probabilities)) };
}

function bytesOf(values: Int32Array | Float32Array): string {
  return Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString('base64');
}

/** Undefined where a run kept none: it is older, or no classifier. Throws `LabError('corrupt')`. */
export async function readScores(file: string): Promise<Scores | undefined> {
  const found = await readSealed(file, scoresFile);
  if (!found) return undefined;
  const { kind, classes, temperature, thresholds, splits } = found;
  return {
    ...{ kind, classes, temperature, thresholds },
    splits: { validation: decoded(splits.validation), ...(splits.test && { test: decoded(splits.test) }) },
  };
}

function decoded({ labels, probabilities }: z.output<typeof splitSpec>): ScoredExamples {
  const buffer = (text: string): ArrayBuffer => Uint8Array.from(Buffer.from(text, 'base64')).buffer;
  return { labels: new Int32Array(buffer(labels)), probabilities: new Float32Array(buffer(probabilities)) };
}
