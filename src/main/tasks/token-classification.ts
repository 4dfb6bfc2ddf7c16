/** Token classification: a tag for each word of a text, such as its part of speech, or entities that are spans of words. */
import { z } from 'zod';
import {
  constant,
  crossEntropy,
  divide,
  input,
  maximum,
  multiply,
  output,
  parameter,
  reshape,
  sizeAt,
  sum,
  withScope,
} from '../graph/index.ts';
import type { Value } from '../graph/index.ts';
import { wordsOf } from '../data/text/tagged-words.ts';
import { crfLosses } from '../nn/crf.ts';
import { denseLayer, dropoutLayer } from '../nn/layers.ts';
import { backboneOutput, declareInputs } from '../nn/pipeline.ts';
import { atPositions, positionsAt } from '../nn/positions.ts';
import { totalBudgetOption } from './labelled/label-budget.ts';
import { linearTags } from './linear/tags.ts';
import { tagAnswers } from './tagging/answers.ts';
import { inspectTags } from './tagging/audit.ts';
import { areEntityTags, repairedTags } from './tagging/entities.ts';
import { readTags, taggingEvaluation } from './tagging/evaluation.ts';
import { classicalTags, mostFrequentTag } from './tagging/most-frequent-tag.ts';
import type { TaggedMaterial, Window } from './tagging/tagged-material.ts';
import { openTaggedMaterial, windowsOf } from './tagging/tagged-material.ts';
import type { Feeds, TaskSampler } from './task.ts';
import { splitOptions } from './labelled/split-options.ts';
import { defineTask } from './task.ts';
import { lengthOption } from './text/corpus-options.ts';
import { trainingOrder } from './text/example-order.ts';
import { lengthOf, requireText, tokenizerOf } from './text/prediction.ts';
import { createTokenBatch, writePaddingRow, writeSingle } from './text/token-batch.ts';
import type { TextTokenizer } from '../data/tokenizer/tokenizer.ts';

const options = z.strictObject({
  length: lengthOption,
  words: z
    .int()
    .min(4)
    .max(1024)
    .default(64)
    .describe('Most words that are read at once; longer sentences are cut between words'),
  decoder: z
    .enum(['softmax', 'crf'])
    .default('softmax')
    .describe('softmax: each word is tagged by itself; crf: a linear-chain CRF also learns which tag follows which'),
  dropout: z.number().min(0).max(0.9).default(0.1).describe('Dropout of the features of words while training'),
  ...splitOptions('sentences'),
  labelBudget: totalBudgetOption('sentences'),
});

export type TokenClassificationOptions = z.infer<typeof options>;

defineTask<TokenClassificationOptions>({
  type: 'token-classification',
  title: 'Token classification',
  summary: 'Tags every word of a text: parts of speech, or entities that are spans of words (BIO and IOBES).',
  kind: 'supervised',
  data: ['text-dataset'],
  options,
  metrics: ['entityF1', 'entityPrecision', 'entityRecall', 'accuracy', 'macroF1', 'loss'],
  selection: { metric: 'loss', direction: 'minimise' },
  openSampler: (setup) => createSampler(openTaggedMaterial(setup), setup.options),
  build(context, backbone, { words, decoder, dropout }, { tags = [] }) {
    const { program, mode, batchSize } = context;
    const inputs = declareInputs(context);
    const sequence = backboneOutput(backbone(inputs), 'sequence', 'token-classification');
    const features = sizeAt(sequence.shape, -1);
    // Who exports it finds the words by itself: they are tagged at their first piece.
    const everyPosition = context.everyPosition === true && mode === 'prediction';
    const chosenRows = (): Value =>
      atPositions(sequence, positionsAt(input(program, 'wordPositions', 'int32', [batchSize, words])));
    const ofWords = everyPosition ? sequence : reshape(chosenRows(), [batchSize, words, features]);
    return withScope(program, 'head', () =>
      withScope(program, 'token-classification', () => {
        if (mode === 'evaluation') output(program, 'embeddings', reshape(ofWords, [batchSize * words, features]));
        const logits = denseLayer(dropoutLayer(ofWords, dropout, mode), 'output', tags.length);
        const score = (name: string, shape: readonly number[]): Value =>
          parameter(program, name, shape, { initialiser: { type: 'zeros' } });
        const crf = decoder === 'crf' && {
          transitions: score('transitions', [tags.length, tags.length]),
          start: score('start', [tags.length]),
          end: score('end', [tags.length]),
        };
        if (mode !== 'training') {
          output(program, 'logits', logits);
          if (crf) for (const [name, value] of Object.entries(crf)) output(program, name, value);
        }
        if (mode === 'prediction') return { loss: constant(program, 0) }; // it has no tags, and does not output this
        const truth = input(program, 'tags', 'int32', [batchSize, words]);
        const mask = input(program, 'wordMask', 'float32', [batchSize, words]);
        const losses = crf ? crfLosses(logits, truth, mask, crf) : lossesOfWords(logits, truth, mask);
        if (mode === 'evaluation') output(program, 'losses', losses);
        const weights = input(program, 'weights', 'float32', [batchSize]);
        const count = sum(multiply(mask, reshape(weights, [batchSize, 1])));
        const loss = divide(sum(multiply(losses, weights)), maximum(count, constant(program, 1)));
        output(program, 'loss', loss);
        return { loss };
      }),
    );
  },
  evaluation: ({ words }, { tags = [] }) => taggingEvaluation(tags, words),
  baselines(_sampler, settings, setup) {
    const material = openTaggedMaterial({ ...setup, options: settings });
    try {
      return Promise.resolve([mostFrequentTag(material)]);
    } finally {
      material.dataset.close();
    }
  },
  classical: (setup) => classicalTags(openTaggedMaterial(setup)),
  linear: linearTags,
  inspect: inspectTags,
  suggested: { suits: ({ targets }) => targets === 'tags' },
  answers: tagAnswers,
  demo: { form: () => 'tag-text' },
  async predict(model, { text, words: given }, settings) {
    const { tags = [] } = model;
    const tokenizer = tokenizerOf(model);
    const found = given ? placedWords(given) : wordsOf(requireText(text, 'a text'));
    const windows = windowsOf(
      tokenizer,
      found.map(({ word }) => word),
      { ...settings, length: lengthOf(model) },
    );
    const named: string[] = [];
    const probabilities: number[] = [];
    for (const { pieces, begins } of windows) {
      const { wordPositions, tokens, segments, mask } = feedsOf(tokenizer, [{ pieces, begins }], {
        ...settings,
        length: lengthOf(model),
      });
      const outputs = await model.run({
        tokens: tokens!,
        segments: segments!,
        mask: mask!,
        wordPositions: wordPositions!,
      });
      const answered = readTags(outputs, 0, begins.length);
      const sure = answered.probabilities();
      for (const [word, tag] of answered.tags.entries()) {
        named.push(tags[tag] ?? '');
        probabilities.push(sure[word * tags.length + tag]!);
      }
    }
    const shown = areEntityTags(tags) ? repairedTags(named) : named;
    const words = found.map(({ word, from, to }, place) => ({
      word,
      from,
      to,
      tag: shown[place]!,
      probability: probabilities[place]!,
    }));
    return [{ question: 'Tags', choices: [], words }];
  },
});

/** Words with their places in the text that they make, apart by blanks. */
function placedWords(words: readonly string[]): ReturnType<typeof wordsOf> {
  let end = -1;
  return words.map((word) => {
    const from = end + 1;
    end = from + word.length;
    return { word, from, to: end };
  });
}

/** Cross-entropy summed over the words of each window, [batch]. */
function lossesOfWords(logits: Value, truth: Value, mask: Value): Value {
  const [batch, words, tags] = logits.shape as readonly [number, number, number]; // as the head makes them
  const flat = (value: Value): Value => reshape(value, [batch * words]);
  const { losses } = crossEntropy(reshape(logits, [batch * words, tags]), flat(truth), flat(mask));
  return sum(multiply(reshape(losses, [batch, words]), mask), [1]);
}

/** What a network reads of windows; undefined stands for none. */
function feedsOf(
  tokenizer: TextTokenizer,
  windows: readonly (Pick<Window, 'pieces' | 'begins'> | undefined)[],
  { length, words }: Pick<TokenClassificationOptions, 'length' | 'words'>,
): Feeds {
  const batch = createTokenBatch(windows.length, length, tokenizer.special);
  const wordPositions = new Int32Array(windows.length * words);
  for (const [row, window] of windows.entries()) {
    if (!window) {
      writePaddingRow(batch, row, tokenizer.special);
      continue;
    }
    writeSingle(batch, row, window.pieces, tokenizer.special);
    // Behind the mark that texts begin with.
    wordPositions.set(
      window.begins.map((begin) => begin + 1),
      row * words,
    );
  }
  const { tokens, segments, mask } = batch;
  return { tokens, segments, mask, wordPositions };
}

function createSampler(material: TaggedMaterial, settings: TokenClassificationOptions): TaskSampler {
  const { dataset, tokenizer, tags, sides, windows } = material;
  const training = windows('training');
  const order = trainingOrder(training.length);
  const createBatch = (rows: readonly (Window | undefined)[]): Feeds => {
    const truth = new Int32Array(rows.length * settings.words);
    const wordMask = new Float32Array(truth.length);
    for (const [row, window] of rows.entries()) {
      // A CRF needs a first word, even of nothing.
      wordMask.fill(1, row * settings.words, row * settings.words + (window?.words.length ?? 1));
      if (window) truth.set(window.tags, row * settings.words);
    }
    const weights = Float32Array.from(rows, (window) => Number(window !== undefined));
    return { ...feedsOf(tokenizer, rows, settings), tags: truth, wordMask, weights };
  };
  const rowsOf = (all: readonly Window[], index: number, batchSize: number): (Window | undefined)[] =>
    Array.from({ length: batchSize }, (_, row) => all[index * batchSize + row]);
  return {
    input: { kind: 'tokens', length: settings.length, vocabularySize: tokenizer.vocabularySize },
    tags,
    trainingExamples: training.length,
    sides,
    trainingBatch: (seed, step, batchSize) =>
      createBatch(Array.from({ length: batchSize }, (_, row) => training[order(seed, step * batchSize + row)])),
    labelledBatch: (index, batchSize) => createBatch(rowsOf(training, index, batchSize)),
    evaluationBatchCount: (split, batchSize) => Math.ceil(windows(split).length / batchSize),
    evaluationBatch: (split, index, batchSize) => createBatch(rowsOf(windows(split), index, batchSize)),
    preview: (seed, count) =>
      Array.from({ length: count }, (_, row) => {
        const { words, tags: own } = training[order(seed, row)]!;
        return { kind: 'text', text: words.map((word, place) => `${word}/${tags[own[place]!] ?? ''}`).join(' ') };
      }),
    close: () => {
      dataset.close();
    },
  };
}
