/**
 * A tokenizer for labelled texts that stand alone: trained on the texts that are for training, and kept in the workspace's cache.
 * The texts of the validation and test sides have no part in it. The same dataset, split and options give the same file.
 */
import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { LabError } from '../../shared/errors.ts';
import type { Experiment } from '../../shared/spec/experiment/index.ts';
import { trainedTokenizerOptions } from '../../shared/spec/manifests/text-corpus.ts';
import { splitDataset } from '../data/split.ts';
import { openTextDataset } from '../data/text/dataset.ts';
import { trainTokenizerJson } from '../data/tokenizer/train-tokenizer.ts';
import { replaceFile } from '../files/durable-file.ts';
import { fileExists } from '../files/file-exists.ts';
import type { Material } from '../workspace/catalogue.ts';
import type { Workspace } from '../workspace/workspace.ts';

/** Throws `LabError('bad-spec')` for other material than labelled texts, and what opening or training throws. */
export async function ownTokenizer(
  workspace: Workspace,
  material: Material,
  { task, splitSeed }: Pick<Experiment, 'task' | 'splitSeed'>,
  wanted: unknown,
): Promise<{ readonly label: string; readonly file: string }> {
  if (material.kind !== 'text-dataset') {
    throw new LabError(
      'bad-spec',
      `tokenizer: one is trained on labelled texts alone, and '${material.name}' is of the kind ${material.kind}. Leave tokenizer.trained out`,
    );
  }
  const options = trainedTokenizerOptions.parse(wanted);
  const fractions = { validation: shareOf(task.validationFraction), test: shareOf(task.testFraction) };
  const key = createHash('sha256')
    .update(JSON.stringify([material.contentHash, splitSeed, fractions, options]))
    .digest('hex');
  const file = join(workspace.folder, 'cache', 'tokenizers', `${key}.json`);
  const label = `trained on ${material.name}`;
  if (await fileExists(file)) return { label, file };
  const dataset = openTextDataset(material.folder);
  try {
    const { train } = splitDataset(dataset, { seed: splitSeed, fractions });
    const text = await trainTokenizerJson(textsOf(dataset, train, options.sampleBytes), options);
    await mkdir(dirname(file), { recursive: true });
    await replaceFile(file, text);
  } finally {
    dataset.close();
  }
  return { label, file };
}

/** The task has checked its options, and its fractions are numbers. */
function shareOf(fraction: unknown): number {
  return typeof fraction === 'number' ? fraction : 0;
}

/** Every so many texts, where all of them would be more than the sample. */
function* textsOf(
  dataset: ReturnType<typeof openTextDataset>,
  examples: Iterable<number> & { readonly length: number },
  sampleBytes: number,
): Iterable<string> {
  const step = Math.max(1, Math.ceil(dataset.manifest.textBytes / sampleBytes));
  let place = 0;
  for (const example of examples) {
    if (place++ % step > 0) continue;
    yield dataset.text(example);
    const pair = dataset.textPair(example);
    if (pair !== null) yield pair;
  }
}
