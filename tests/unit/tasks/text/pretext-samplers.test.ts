import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadTokenizer } from '../../../../src/main/data/tokenizer/tokenizer.ts';
import type { EvaluationSplit, Feeds, TaskSampler } from '../../../../src/main/tasks/index.ts';
import { findTask } from '../../../../src/main/tasks/index.ts';
import { pairTexts } from '../../../../src/main/tasks/text/describe.ts';
import { isLabError } from '../../../../src/shared/errors.ts';
import type { TextFixture } from './text-fixtures.ts';
import { corpusOf, documentText, markedCorpus, marksIn } from './text-fixtures.ts';

const LENGTH = 48;
const TYPES = [
  'masked-words',
  'next-sentence',
  'sentence-order',
  'masked-words-next-sentence',
  'masked-words-sentence-order',
];

let fixture: TextFixture;
beforeAll(async () => {
  fixture = await markedCorpus();
});
afterAll(() => fixture.remove());

function openTask(type: string, options: Record<string, unknown> = {}, splitSeed = 5): TaskSampler {
  const task = findTask(type);
  const settings = { length: LENGTH, validationFraction: 0.2, testFraction: 0.1, ...options };
  return task.openSampler({ options: task.options.parse(settings), dataFolder: fixture.corpus, splitSeed });
}

function withSampler<Result>(
  type: string,
  use: (sampler: TaskSampler) => Result,
  options: Record<string, unknown> = {},
  splitSeed = 5,
): Result {
  const sampler = openTask(type, options, splitSeed);
  try {
    return use(sampler);
  } finally {
    sampler.close();
  }
}

const numbers = (feeds: Feeds, name: string): number[] => Array.from(feeds[name]!);
const plain = (feeds: Feeds): Record<string, number[]> =>
  Object.fromEntries(Object.keys(feeds).map((name) => [name, numbers(feeds, name)]));

/** The tokens of one row, as they were before masking, without padding. */
function originalRow(feeds: Feeds, row: number): number[] {
  const used = numbers(feeds, 'mask')
    .slice(row * LENGTH, (row + 1) * LENGTH)
    .reduce((sum, one) => sum + one, 0);
  const tokens = numbers(feeds, 'tokens').slice(row * LENGTH, row * LENGTH + used);
  const places = (feeds.maskedPositions?.length ?? 0) / (feeds.mask!.length / LENGTH);
  for (let place = row * places; place < (row + 1) * places; place += 1) {
    if (feeds.maskedWeights![place] === 1) tokens[feeds.maskedPositions![place]!] = feeds.maskedLabels![place]!;
  }
  return tokens;
}

function rowsOf(feeds: Feeds): number[] {
  return Array.from({ length: feeds.mask!.length / LENGTH }, (_, row) => row);
}

/** Every evaluation example of a split, by row of its batch. */
function evaluationFeeds(sampler: TaskSampler, split: EvaluationSplit, batchSize: number): Feeds[] {
  return Array.from({ length: sampler.evaluationBatchCount(split, batchSize) }, (_, index) =>
    sampler.evaluationBatch(split, index, batchSize),
  );
}

describe.each(TYPES)('the batches of %s', (type) => {
  it('are [CLS] … [SEP] and padding, with ids of the vocabulary and positions of the sequence', () => {
    const { special } = loadTokenizer(fixture.tokenizerFile);
    withSampler(type, (sampler) => {
      if (sampler.input.kind !== 'tokens') throw new Error('text tasks read tokens');
      const { vocabularySize } = sampler.input;
      for (let step = 0; step < 30; step += 1) {
        const feeds = sampler.trainingBatch(1, step, 8);
        expect(numbers(feeds, 'tokens').every((token) => token >= 0 && token < vocabularySize)).toBe(true);
        for (const row of rowsOf(feeds)) {
          const tokens = originalRow(feeds, row);
          const shown = numbers(feeds, 'tokens').slice(row * LENGTH, (row + 1) * LENGTH);
          const mask = numbers(feeds, 'mask').slice(row * LENGTH, (row + 1) * LENGTH);
          const segments = numbers(feeds, 'segments').slice(row * LENGTH, (row + 1) * LENGTH);
          const used = tokens.length;
          expect(mask).toEqual(Array.from({ length: LENGTH }, (_, position) => Number(position < used)));
          expect(shown.slice(used).every((token) => token === special.pad)).toBe(true);
          expect(tokens[0]).toBe(special.classify);
          expect(tokens.at(-1)).toBe(special.separate);
          const separators = tokens.flatMap((token, position) => (token === special.separate ? [position] : []));
          expect(separators).toHaveLength(type === 'masked-words' ? 1 : 2);
          const second = type === 'masked-words' ? used : separators[0]! + 1;
          expect(segments).toEqual(
            Array.from({ length: LENGTH }, (_, position) => Number(position >= second && position < used)),
          );
        }
        if (feeds.maskedPositions) {
          expect(numbers(feeds, 'maskedPositions').every((position) => position >= 0 && position < LENGTH)).toBe(true);
          expect(numbers(feeds, 'maskedLabels').every((label) => label >= 0 && label < vocabularySize)).toBe(true);
        }
      }
    });
  });

  it('are a pure function of seed and step, in whatever order they are asked for', () => {
    const steps = [0, 7, 3, 200, 7];
    const forwards = withSampler(type, (sampler) => steps.map((step) => plain(sampler.trainingBatch(9, step, 4))));
    const backwards = withSampler(type, (sampler) =>
      steps.toReversed().map((step) => plain(sampler.trainingBatch(9, step, 4))),
    ).toReversed();
    expect(backwards).toEqual(forwards);
    const others = withSampler(type, (sampler) => steps.map((step) => plain(sampler.trainingBatch(10, step, 4))));
    for (const [index, other] of others.entries()) expect(other.tokens).not.toEqual(forwards[index]!.tokens);
  });

  it('do not keep the arrays they gave away', () => {
    withSampler(type, (sampler) => {
      const first = sampler.trainingBatch(1, 0, 4);
      const copy = plain(first);
      for (const array of Object.values(first)) array.fill(0);
      expect(plain(sampler.trainingBatch(1, 0, 4))).toEqual(copy);
    });
  });

  it('are the same in every evaluation of a split seed, whatever the batch size, and padded with weight 0', () => {
    const examples = (batchSize: number, splitSeed: number): string[] =>
      withSampler(
        type,
        (sampler) =>
          evaluationFeeds(sampler, 'validation', batchSize).flatMap((feeds) =>
            rowsOf(feeds).map((row) =>
              Object.entries(feeds)
                .map(([name, data]) => {
                  const size = data.length / batchSize;
                  return `${name} ${Array.from(data.subarray(row * size, (row + 1) * size)).join(' ')}`;
                })
                .join('\n'),
            ),
          ),
        {},
        splitSeed,
      );
    const [three, seven] = [examples(3, 5), examples(7, 5)];
    const count = Math.min(three.length, seven.length);
    const weighted = seven.filter((example) => /[wW]eights.* 1|weights 1/.test(example)).length;
    expect(three.slice(0, weighted)).toEqual(seven.slice(0, weighted));
    expect(seven.slice(weighted).every((example) => !/[wW]eights[^\n]* 1/.test(example))).toBe(true);
    expect(count).toBeGreaterThanOrEqual(weighted);
    expect(examples(3, 6).slice(0, 5)).not.toEqual(three.slice(0, 5));
  });

  it('never have text of one document on two sides of the split', () => {
    const tokenizer = loadTokenizer(fixture.tokenizerFile);
    withSampler(type, (sampler) => {
      const marks = (batches: readonly Feeds[]): Set<string> =>
        new Set(
          batches.flatMap((feeds) =>
            rowsOf(feeds).flatMap((row) => [...marksIn(pairTexts(tokenizer, feeds, row, LENGTH).join(' '))]),
          ),
        );
      const steps = Math.ceil(sampler.trainingExamples / 8);
      const training = marks(Array.from({ length: steps }, (_, step) => sampler.trainingBatch(1, step, 8)));
      const validation = marks(evaluationFeeds(sampler, 'validation', 8));
      const test = marks(evaluationFeeds(sampler, 'test', 8));
      expect(training.size + validation.size + test.size).toBeGreaterThan(50);
      expect(validation.size).toBeGreaterThan(1);
      expect(new Set([...training, ...validation, ...test]).size).toBe(training.size + validation.size + test.size);
    });
  });
});

describe('masked words', () => {
  it('shows every sequence once an epoch, in another order and under other masks each time', () => {
    withSampler('masked-words', (sampler) => {
      const epoch = (number: number): { originals: string[]; shown: string[] } => {
        const count = sampler.trainingExamples;
        const feeds = Array.from({ length: count }, (_, index) => sampler.trainingBatch(3, number * count + index, 1));
        return {
          originals: feeds.map((one) => originalRow(one, 0).join()),
          shown: feeds.map((one) => numbers(one, 'tokens').join()),
        };
      };
      const [first, second] = [epoch(0), epoch(1)];
      expect(second.originals).not.toEqual(first.originals);
      expect(second.originals.toSorted()).toEqual(first.originals.toSorted());
      const shownTwice = second.shown.filter((tokens) => first.shown.includes(tokens));
      expect(shownTwice.length).toBeLessThan(first.shown.length / 10);
    });
  });

  it('predicts round(0.15 · length) of each sequence', () => {
    withSampler('masked-words', (sampler) => {
      for (let step = 0; step < 20; step += 1) {
        const feeds = sampler.trainingBatch(1, step, 4);
        const places = feeds.maskedWeights!.length / 4;
        for (const row of rowsOf(feeds)) {
          const count = numbers(feeds, 'maskedWeights')
            .slice(row * places, (row + 1) * places)
            .reduce((sum, one) => sum + one, 0);
          expect(count).toBe(Math.max(1, Math.round(0.15 * originalRow(feeds, row).length)));
        }
      }
    });
  });

  it('packed full has no padding, and its sequences in order are the documents, with [SEP] between them', () => {
    const tokenizer = loadTokenizer(fixture.tokenizerFile);
    const { separate } = tokenizer.special;
    const rows = (packing: string): number[][] =>
      withSampler(
        'masked-words',
        (sampler) =>
          evaluationFeeds(sampler, 'validation', 1)
            .filter((feeds) => numbers(feeds, 'maskedWeights').includes(1))
            .map((feeds) => originalRow(feeds, 0)),
        { packing, evaluationExamples: 10_000 },
      );
    const [full, sentences] = [rows('full'), rows('sentences')];
    expect(full.every((tokens) => tokens.length === LENGTH)).toBe(true);

    const body = (tokens: readonly number[]): number[] => tokens.slice(1, -1);
    const stream = full.flatMap(body);
    const pieces = stream.join(' ').split(` ${String(separate)} `);
    const whole = sentences.flatMap(body);
    // What is left at the end is shorter than a sequence.
    const left = whole.length + pieces.length - stream.length;
    expect(left).toBeGreaterThanOrEqual(0);
    expect(left).toBeLessThan(LENGTH);
    expect(stream.filter((token) => token !== separate)).toEqual(whole.slice(0, whole.length - left));
    expect(pieces.length).toBeGreaterThan(3);
  });

  it('evaluates at most so many examples, spread over the split', () => {
    withSampler('masked-words', (sampler) => expect(sampler.evaluationBatchCount('validation', 4)).toBe(2), {
      evaluationExamples: 7,
    });
  });

  it('splits a corpus of a single document inside it', async () => {
    const single = await corpusOf([documentText(0, 120)]);
    try {
      const task = findTask('masked-words');
      const options = task.options.parse({ length: 32 });
      const sampler = task.openSampler({ options, dataFolder: single.corpus, splitSeed: 0 });
      expect(sampler.trainingExamples).toBeGreaterThan(10);
      expect(sampler.evaluationBatchCount('validation', 1)).toBeGreaterThan(0);
      sampler.close();
    } finally {
      await rm(single.root, { recursive: true });
    }
  });

  it('previews the first training examples in the form of the textbooks', () => {
    withSampler('masked-words', (sampler) => {
      const items = sampler.preview(1, 3);
      expect(items).toHaveLength(3);
      for (const item of items) {
        if (item.kind !== 'text') throw new Error('a text task previews text');
        expect(item.text).toMatch(/^Input: .*\[MASK1(?:: [^\]]+)?\].*\nLabels: \[MASK1\] = /);
        expect(item.note).toMatch(
          /^\d+ predictions: \d+ hidden, \d+ replaced by a random token, \d+ left as they are$/,
        );
      }
      expect(sampler.preview(1, 0)).toEqual([]);
    });
  });

  it('refuses a backbone with another tokenizer', async () => {
    const other = await corpusOf(['Entirely different words here. And there.', 'More of them. Always more.'], 100);
    try {
      const task = findTask('masked-words');
      const setup = { options: task.options.parse({}), dataFolder: fixture.corpus, splitSeed: 0 };
      expect(() => task.openSampler({ ...setup, tokenizerFile: other.tokenizerFile })).toThrow(/another tokenizer/);
      task.openSampler({ ...setup, tokenizerFile: fixture.tokenizerFile }).close();
    } finally {
      await other.remove();
    }
  });
});

describe.each(['next-sentence', 'sentence-order', 'masked-words-next-sentence', 'masked-words-sentence-order'])(
  'the pairs of %s',
  (type) => {
    it('are balanced exactly in every batch of even size and in the evaluation', () => {
      withSampler(type, (sampler) => {
        const half = (feeds: Feeds, size: number): void =>
          expect(numbers(feeds, 'labels').reduce((sum, one) => sum + one, 0)).toBe(size / 2);
        for (let step = 0; step < 50; step += 1) half(sampler.trainingBatch(2, step, 2), 2);
        for (let step = 0; step < 20; step += 1) half(sampler.trainingBatch(2, step, 10), 10);
        const batches = sampler.evaluationBatchCount('validation', 2);
        for (let index = 0; index < batches - 1; index += 1) half(sampler.evaluationBatch('validation', index, 2), 2);
        const firsts = Array.from({ length: 64 }, (_, step) => sampler.trainingBatch(2, step, 2).labels![0]);
        expect(new Set(firsts).size).toBe(2); // the order within a pair of examples is random
      });
    });
  },
);

describe.each(['next-sentence', 'masked-words-next-sentence'])('the labels of %s', (type) => {
  it('say whether the second text is of the same document', () => {
    const tokenizer = loadTokenizer(fixture.tokenizerFile);
    withSampler(type, (sampler) => {
      let seen = 0;
      for (let step = 0; step < 60; step += 1) {
        const feeds = sampler.trainingBatch(4, step, 8);
        for (const row of rowsOf(feeds)) {
          const [a, b] = pairTexts(tokenizer, feeds, row, LENGTH).map(marksIn) as [Set<string>, Set<string>];
          if (a.size === 0 || b.size === 0) continue; // cut so short that no mark is left
          seen += 1;
          expect(a.size).toBe(1);
          expect(b.size).toBe(1);
          expect([...a][0] === [...b][0]).toBe(feeds.labels![row] === 0);
        }
      }
      expect(seen).toBeGreaterThan(400);
    });
  });

  it('refuse a corpus in which no other document exists', async () => {
    for (const documents of [1, 3]) {
      const small = await corpusOf(Array.from({ length: documents }, (_, document) => documentText(document, 40)));
      try {
        const task = findTask(type);
        const setup = { options: task.options.parse({ length: LENGTH }), dataFolder: small.corpus, splitSeed: 0 };
        let error: unknown;
        try {
          task.openSampler(setup);
        } catch (thrown) {
          error = thrown;
        }
        expect(isLabError(error, 'bad-input') && error.message).toMatch(
          new RegExp(`at least 4 documents.*the corpus has ${documents}`),
        );
      } finally {
        await small.remove();
      }
    }
  });
});

describe('sentence order', () => {
  it('swaps the two spans of one document', () => {
    const tokenizer = loadTokenizer(fixture.tokenizerFile);
    withSampler(
      'sentence-order',
      (sampler) => {
        const corpus = Array.from({ length: 60 }, (_, document) => documentText(document, 2 + ((document * 7) % 39)));
        const documents = corpus.map((text) => text.toLowerCase().replaceAll('.', ' .'));
        const labels = new Set<number>();
        for (let step = 0; step < 200; step += 1) {
          const feeds = sampler.trainingBatch(6, step, 1);
          const label = feeds.labels![0]!;
          // Words at the ends of a span may be cut.
          const spans = pairTexts(tokenizer, feeds, 0, LENGTH).map((text) => text.split(' ').slice(1, -1).join(' '));
          const [earlier, later] = (label === 0 ? spans : spans.toReversed()) as [string, string];
          const document = documents.find((text) => text.includes(earlier) && text.includes(later));
          expect(document).toBeDefined();
          expect(document!.indexOf(earlier)).toBeLessThan(document!.lastIndexOf(later));
          labels.add(label);
        }
        expect(labels.size).toBe(2);
      },
      { shortSequenceProbability: 0 },
    );
  });
});

describe('masks of evaluations', () => {
  const places = (feeds: Feeds): number => feeds.maskedPositions!.length;

  it.each(['masked-words', 'masked-words-next-sentence'])('of %s can have a share of their own', (type) => {
    const both = { maskProbability: 0.5, maximumPredictions: 100 };
    withSampler(type, (sampler) => {
      expect(places(sampler.trainingBatch(1, 0, 2))).toBe(2 * Math.round(0.5 * LENGTH));
      expect(places(sampler.evaluationBatch('validation', 0, 2))).toBe(2 * Math.round(0.5 * LENGTH));
    }, both); // prettier-ignore
    const batches = [0.3, 0.5].map((maskProbability) =>
      withSampler(
        type,
        (sampler) => {
          expect(places(sampler.trainingBatch(1, 0, 2))).toBe(2 * Math.round(maskProbability * LENGTH));
          return plain(sampler.evaluationBatch('validation', 0, 2));
        },
        { ...both, maskProbability, evaluationMaskProbability: 0.15 },
      ),
    );
    expect(batches[0]!.maskedPositions).toHaveLength(2 * Math.round(0.15 * LENGTH));
    expect(batches[0]).toEqual(batches[1]); // so that their losses can be compared
  });
});
