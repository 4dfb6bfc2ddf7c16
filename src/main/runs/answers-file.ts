/**
 * The answers of a run to the test examples, kept in its folder: what paired comparisons by example are computed from. Labels
 * and predictions are little-endian bytes in base64, one to an example where there are at most 256 classes, else two; losses
 * are float32.
 */
import { z } from 'zod';
import type { AnsweredRun } from '../../shared/study/answered-run.ts';
import { LabError, isLabError } from '../../shared/errors.ts';
import { replaceFile } from '../files/durable-file.ts';
import { readSealed, sealJson } from '../files/sealed-json.ts';

const answersFile = z.object({
  formatVersion: z.literal(1),
  split: z.enum(['validation', 'test']),
  classCount: z.int().min(1),
  labels: z.string(),
  predicted: z.string(),
  losses: z.string().nullable(),
});

export async function writeAnswers(file: string, split: 'validation' | 'test', answers: AnsweredRun): Promise<void> {
  const { labels, predicted, losses, classCount } = answers;
  const classes = (values: ArrayLike<number>): string =>
    bytesOf(classCount <= 256 ? Uint8Array.from(values) : Uint16Array.from(values));
  const content: z.input<typeof answersFile> = {
    formatVersion: 1,
    split,
    classCount,
    labels: classes(labels),
    predicted: classes(predicted),
    losses: losses && bytesOf(Float32Array.from(losses)),
  };
  await replaceFile(file, sealJson(content));
}

/** Undefined where a run kept none: it is older, or no classifier. Throws `LabError('corrupt')`. */
export async function readAnswers(file: string): Promise<AnsweredRun | undefined> {
  const found = await readSealed(file, answersFile).catch((error: unknown) => {
    const advice = 'Delete it, and the run counts without comparisons by example, or train the run anew';
    throw isLabError(error, 'corrupt')
      ? new LabError('corrupt', `${error.message}. ${advice}`, { file }, error)
      : error;
  });
  if (!found) return undefined;
  const { classCount, labels, predicted, losses } = found;
  const classes = (text: string): Uint8Array | Uint16Array => {
    const bytes = Uint8Array.from(Buffer.from(text, 'base64'));
    return classCount <= 256 ? bytes : new Uint16Array(bytes.buffer);
  };
  return {
    classCount,
    labels: classes(labels),
    predicted: classes(predicted),
    losses: losses === null ? null : new Float32Array(Uint8Array.from(Buffer.from(losses, 'base64')).buffer),
  };
}

function bytesOf(values: Uint8Array | Uint16Array | Float32Array): string {
  return Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString('base64');
}
