/**
 * The answers of a run to the test examples, kept in its folder: what paired comparisons by example are computed from. Everything
 * is little-endian bytes in base64: classes and tags one or two bytes each, numbers float64, probabilities and losses float32.
 */
import { z } from 'zod';
import type { AnsweredRun } from '../../shared/study/answered-run.ts';
import { LabError, isLabError } from '../../shared/errors.ts';
import { replaceFile } from '../files/durable-file.ts';
import { readSealed, sealJson } from '../files/sealed-json.ts';

const common = {
  formatVersion: z.literal(1),
  split: z.enum(['validation', 'test']),
  labels: z.string(),
  /** Which examples were answered, where they are those of a dataset; files of before do not say. */
  examples: z
    .object({
      /** Content hash of the dataset as it was imported. */
      originalHash: z.string(),
      /** Numbers of the examples as they were imported, which edits leave alone: uint32. */
      places: z.string(),
    })
    .optional(),
};

export interface AnsweredExamples {
  readonly originalHash: string;
  readonly places: Uint32Array;
}

/** Files of before have no kind: they are of classes. */
const answersFile = z.discriminatedUnion('kind', [
  z.object({
    ...common,
    kind: z.literal('classes').optional(),
    classCount: z.int().min(1),
    predicted: z.string(),
    losses: z.string().nullable(),
  }),
  z.object({ ...common, kind: z.literal('numbers'), predicted: z.string(), deviations: z.array(z.number()).min(1) }),
  z.object({
    ...common,
    kind: z.literal('several'),
    probabilities: z.string(),
    thresholds: z.array(z.number()).min(1),
  }),
  z.object({
    ...common,
    kind: z.literal('tags'),
    predicted: z.string(),
    ends: z.string(),
    tagCount: z.int().min(1),
    losses: z.string().nullable(),
    found: z.string(),
    answered: z.string(),
    support: z.string(),
  }),
  z.object({
    ...common,
    kind: z.literal('alignments'),
    scores: z.string(),
    found: z.string(),
    answered: z.string(),
    support: z.string(),
  }),
]);

/**
 * Replaces the file as a whole, sealed with its checksum.
 *
 * @param examples in the order of the answers; undefined where they are no examples of a dataset
 */
export async function writeAnswers(
  file: string,
  split: 'validation' | 'test',
  answers: AnsweredRun,
  examples?: AnsweredExamples,
): Promise<void> {
  const content: z.input<typeof answersFile> = {
    formatVersion: 1,
    split,
    ...encoded(answers),
    ...(examples && { examples: { ...examples, places: bytesOf(examples.places) } }),
  };
  await replaceFile(file, sealJson(content));
}

type Encoded<Stored> = Stored extends unknown ? Omit<Stored, 'formatVersion' | 'split' | 'examples'> : never;

function encoded(run: AnsweredRun): Encoded<z.input<typeof answersFile>> {
  switch (run.kind) {
    case 'classes': {
      const { labels, predicted, losses, classCount } = run;
      const classes = (values: ArrayLike<number>): string => smallBytes(values, classCount);
      return { classCount, labels: classes(labels), predicted: classes(predicted), losses: losses && floats(losses) };
    }
    case 'numbers': {
      const doubles = (values: ArrayLike<number>): string => bytesOf(Float64Array.from(values));
      const { kind, labels, predicted, deviations } = run;
      return { kind, labels: doubles(labels), predicted: doubles(predicted), deviations: [...deviations] };
    }
    case 'several': {
      const { kind, labels, probabilities, thresholds } = run;
      return {
        kind,
        labels: smallBytes(labels, 2),
        probabilities: floats(probabilities),
        thresholds: [...thresholds],
      };
    }
    case 'tags': {
      const { kind, labels, predicted, ends, tagCount, losses, found, answered, support } = run;
      const counts = (values: ArrayLike<number>): string => bytesOf(Uint32Array.from(values));
      return {
        kind,
        tagCount,
        labels: smallBytes(labels, tagCount),
        predicted: smallBytes(predicted, tagCount),
        ends: counts(ends),
        losses: losses && floats(losses),
        found: counts(found),
        answered: counts(answered),
        support: counts(support),
      };
    }
    case 'alignments': {
      const { kind, labels, scores, found, answered, support } = run;
      const counts = (values: ArrayLike<number>): string => bytesOf(Uint32Array.from(values));
      return {
        kind,
        labels: smallBytes(labels, 2),
        scores: floats(scores),
        found: counts(found),
        answered: counts(answered),
        support: counts(support),
      };
    }
  }
}

/** Undefined where a run kept none: it is older, or its task has none. Throws `LabError('corrupt')`. */
export async function readAnswers(file: string): Promise<AnsweredRun | undefined> {
  return (await readAnsweredSplit(file))?.answers;
}

/** The answers with the examples that they are to. Undefined and errors as of `readAnswers`. */
export async function readAnsweredSplit(
  file: string,
): Promise<{ readonly answers: AnsweredRun; readonly examples: AnsweredExamples | undefined } | undefined> {
  const found = await readSealed(file, answersFile).catch((error: unknown) => {
    const advice = 'Delete it, and the run counts without comparisons by example, or train the run anew';
    throw isLabError(error, 'corrupt')
      ? new LabError('corrupt', `${error.message}. ${advice}`, { file }, error)
      : error;
  });
  if (!found) return undefined;
  const { examples } = found;
  return { answers: decoded(found), examples: examples && { ...examples, places: countsIn(examples.places) } };
}

function decoded(found: z.output<typeof answersFile>): AnsweredRun {
  const { labels } = found;
  switch (found.kind) {
    case 'numbers': {
      const { kind, predicted, deviations } = found;
      return { kind, labels: doublesIn(labels), predicted: doublesIn(predicted), deviations };
    }
    case 'several': {
      const { kind, probabilities, thresholds } = found;
      return { kind, labels: smallIn(labels, 2), probabilities: floatsIn(probabilities), thresholds };
    }
    case 'tags': {
      const { kind, tagCount, losses } = found;
      return {
        kind,
        tagCount,
        labels: smallIn(labels, tagCount),
        predicted: smallIn(found.predicted, tagCount),
        ends: countsIn(found.ends),
        losses: losses === null ? null : floatsIn(losses),
        found: countsIn(found.found),
        answered: countsIn(found.answered),
        support: countsIn(found.support),
      };
    }
    case 'alignments': {
      const { kind, scores, found: hits, answered, support } = found;
      return {
        kind,
        labels: smallIn(labels, 2),
        scores: floatsIn(scores),
        found: countsIn(hits),
        answered: countsIn(answered),
        support: countsIn(support),
      };
    }
    default: {
      const { classCount, predicted, losses } = found;
      return {
        kind: 'classes',
        classCount,
        labels: smallIn(labels, classCount),
        predicted: smallIn(predicted, classCount),
        losses: losses === null ? null : floatsIn(losses),
      };
    }
  }
}

/** Whole numbers below `count`. */
function smallBytes(values: ArrayLike<number>, count: number): string {
  return bytesOf(count <= 256 ? Uint8Array.from(values) : Uint16Array.from(values));
}

function floats(values: ArrayLike<number>): string {
  return bytesOf(Float32Array.from(values));
}

function bytesOf(values: Uint8Array | Uint16Array | Uint32Array | Float32Array | Float64Array): string {
  return Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString('base64');
}

function bufferOf(text: string): ArrayBuffer {
  return Uint8Array.from(Buffer.from(text, 'base64')).buffer;
}

function smallIn(text: string, count: number): Uint8Array | Uint16Array {
  return count <= 256 ? new Uint8Array(bufferOf(text)) : new Uint16Array(bufferOf(text));
}

const countsIn = (text: string): Uint32Array => new Uint32Array(bufferOf(text));
const floatsIn = (text: string): Float32Array => new Float32Array(bufferOf(text));
const doublesIn = (text: string): Float64Array => new Float64Array(bufferOf(text));
