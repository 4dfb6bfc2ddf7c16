/** Texts whose labels are no classes. */
import { LabError } from '../../../shared/errors.ts';
import { splitDataset } from '../../data/split.ts';
import { openTextDataset } from '../../data/text/dataset.ts';
import { loadTokenizer } from '../../data/tokenizer/tokenizer.ts';
import { classicalTexts } from '../text/classical-texts.ts';
import { createEncoder } from '../text/labelled-texts.ts';
import type { Feeds, SamplerSetup } from '../task.ts';
import { createTokenBatch, writePaddingRow, writePair, writeSingle } from '../text/token-batch.ts';
import { showTokens } from '../text/vocabulary.ts';
import type { TargetSource } from './target-source.ts';
import { labelSetsOf } from './target-source.ts';
import type { TargetOptions } from './target-options.ts';

/** Throws `LabError('bad-input')` without a tokenizer. */
export function openTextTargets({ dataFolder, tokenizerFile, options }: SamplerSetup<TargetOptions>): TargetSource {
  if (tokenizerFile === undefined) {
    throw new LabError(
      'bad-input',
      'labelled text needs a tokenizer: begin from a pretrained run, or name a corpus or a tokenizer.json',
    );
  }
  const tokenizer = loadTokenizer(tokenizerFile);
  const dataset = openTextDataset(dataFolder);
  const { length, separators } = options;
  const encode = createEncoder({ dataset, tokenizer }, length, separators);
  const feeds = (examples: readonly (number | undefined)[]): Feeds => {
    const batch = createTokenBatch(examples.length, length, tokenizer.special);
    for (const [row, example] of examples.entries()) {
      if (example === undefined) {
        writePaddingRow(batch, row, tokenizer.special);
        continue;
      }
      const { text, pair } = encode(example);
      if (pair) writePair(batch, row, text, pair, tokenizer.special, separators);
      else writeSingle(batch, row, text, tokenizer.special);
    }
    const { tokens, segments, mask } = batch;
    return { tokens, segments, mask };
  };
  const { classes, labels, targets, contentHash, size } = dataset;
  return {
    ...{ size, classes, labels, targets, contentHash },
    split: (seed, fractions) =>
      splitDataset(
        { ...dataset, labels: new Int32Array(size), classes: ['text'], labelSets: labelSetsOf(targets) },
        { seed, fractions },
      ),
    facts: () => ({ input: { kind: 'tokens', length, vocabularySize: tokenizer.vocabularySize } }),
    feeds,
    trainingFeeds: (examples) => feeds(examples),
    preview(example, note) {
      const { text, pair } = encode(example);
      const parts = [text, ...(pair ? [pair] : [])].map((ids) => showTokens(tokenizer, ids));
      return { kind: 'text', text: parts.join('\n'), note };
    },
    classical: (sides) => classicalTexts({ dataset, tokenizer, sides }).candidates,
    close: () => {
      dataset.close();
    },
  };
}
