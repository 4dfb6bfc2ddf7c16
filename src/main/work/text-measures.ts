/** Lengths of texts and recordings as a histogram, and a tokenizer at work. */
import { setImmediate } from 'node:timers/promises';
import { join } from 'node:path';
import type { z } from 'zod';
import type { materialsContract } from '../../shared/contract/materials.ts';
import { LabError } from '../../shared/errors.ts';
import { quantile } from '../../shared/stats.ts';
import { openAudioDataset } from '../data/audio/audio-dataset.ts';
import { openTextCorpus, TOKENIZER_FILE } from '../data/text/corpus.ts';
import { openTextDataset } from '../data/text/dataset.ts';
import type { TextTokenizer } from '../data/tokenizer/tokenizer.ts';
import { loadTokenizer } from '../data/tokenizer/tokenizer.ts';
import { tokenText } from '../tasks/text/vocabulary.ts';
import { findMaterial } from '../workspace/catalogue.ts';
import { findRun } from '../workspace/runs.ts';
import type { Workspace } from '../workspace/workspace.ts';
import type { WorkContext } from './work-context.ts';

type Output<Method extends keyof typeof materialsContract> = z.output<(typeof materialsContract)[Method]['output']>;
type Input<Method extends keyof typeof materialsContract> = z.output<(typeof materialsContract)[Method]['input']>;

/** More are measured evenly over the material; the histogram looks the same. */
const measuredAtMost = 20_000;

export async function lengthsOf(context: WorkContext, input: Input<'lengths'>): Promise<Output<'lengths'>> {
  const { kind, folder } = await findMaterial(context.workspace, input.group, input.name);
  if (kind === 'text-corpus') {
    const corpus = openTextCorpus(folder);
    try {
      const lengths = await measure(context, corpus.sentenceCount, (index) => corpus.sentenceLength(index));
      return { unit: 'tokens', of: 'sentences', ...histogramOf(lengths, input.bins), all: corpus.sentenceCount };
    } finally {
      corpus.close();
    }
  }
  if (kind === 'audio-dataset') {
    const recordings = openAudioDataset(folder);
    try {
      const { bands } = recordings.manifest.options;
      const lengths = await measure(context, recordings.length, (index) => recordings.frames(index).length / bands);
      return { unit: 'frames', of: 'recordings', ...histogramOf(lengths, input.bins), all: recordings.length };
    } finally {
      recordings.close();
    }
  }
  if (kind !== 'text-dataset') throw new LabError('bad-input', `A ${kind} has no texts to measure`);
  const tokenizer = input.tokenizer && (await findTokenizer(context.workspace, input.tokenizer));
  const dataset = openTextDataset(folder);
  try {
    const lengthOf = (index: number): number => {
      const text = [dataset.text(index), dataset.textPair(index) ?? ''].join(' ');
      return tokenizer ? tokenizer.encode(text).length : (text.match(/\S+/gu)?.length ?? 0);
    };
    const lengths = await measure(context, dataset.size, lengthOf);
    return {
      unit: tokenizer ? 'tokens' : 'words',
      of: 'examples',
      ...histogramOf(lengths, input.bins),
      all: dataset.size,
    };
  } finally {
    dataset.close();
  }
}

async function measure(
  { signal }: WorkContext,
  count: number,
  lengthOf: (index: number) => number,
): Promise<Float64Array> {
  const measured = Math.min(count, measuredAtMost);
  const lengths = new Float64Array(measured);
  for (let place = 0; place < measured; place++) {
    if (place % 500 === 0) {
      await setImmediate();
      signal.throwIfAborted();
    }
    lengths[place] = lengthOf(Math.floor((place * count) / measured));
  }
  return lengths;
}

/** The last bin takes everything above the 99th percentile, which would otherwise squeeze all others. */
export function histogramOf(lengths: Float64Array, bins: number): Omit<Output<'lengths'>, 'unit' | 'of' | 'all'> {
  if (lengths.length === 0) return { bins: [], mean: 0, median: 0, percentile95: 0, maximum: 0, measured: 0 };
  const maximum = lengths.reduce((most, length) => Math.max(most, length), 0);
  const top = Math.max(1, quantile(lengths, 0.99));
  const width = Math.max(1, Math.ceil((top + 1) / bins));
  const used = Math.min(bins, Math.floor(maximum / width) + 1);
  const counts = new Array<number>(used).fill(0);
  for (const length of lengths) counts[Math.min(used - 1, Math.floor(length / width))]! += 1;
  return {
    bins: counts.map((count, bin) => ({
      from: bin * width,
      to: bin === used - 1 ? Math.max(maximum + 1, (bin + 1) * width) : (bin + 1) * width,
      count,
    })),
    mean: lengths.reduce((sum, length) => sum + length, 0) / lengths.length,
    median: quantile(lengths, 0.5),
    percentile95: quantile(lengths, 0.95),
    maximum,
    measured: lengths.length,
  };
}

export async function tokenize(
  { workspace }: WorkContext,
  { tokenizer: owner, text }: Input<'tokenize'>,
): Promise<Output<'tokenize'>> {
  const tokenizer = await findTokenizer(workspace, owner);
  const ids = tokenizer.encode(text);
  return {
    tokens: Array.from(ids, (id) => ({
      id,
      text: tokenText(tokenizer, id),
      unknown: id === tokenizer.special.unknown,
      continues: tokenizer.isContinuation(id),
    })),
    vocabularySize: tokenizer.vocabularySize,
  };
}

async function findTokenizer(workspace: Workspace, owner: Input<'tokenize'>['tokenizer']): Promise<TextTokenizer> {
  if ('run' in owner) return loadTokenizer((await findRun(workspace, owner.run)).tokenizer);
  const { kind, folder } = await findMaterial(workspace, 'corpus', owner.corpus);
  if (kind !== 'text-corpus') {
    throw new LabError('bad-input', `The corpus ${owner.corpus} has no tokenizer: it is a ${kind}`);
  }
  return loadTokenizer(join(folder, TOKENIZER_FILE));
}
