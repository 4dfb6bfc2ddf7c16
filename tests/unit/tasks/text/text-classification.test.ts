import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadTokenizer } from '../../../../src/main/data/tokenizer/tokenizer.ts';
import type { Feeds } from '../../../../src/main/tasks/index.ts';
import { findTask } from '../../../../src/main/tasks/index.ts';
import { encodeBeginning } from '../../../../src/main/tasks/text/labelled-texts.ts';
import { randomStream } from '../../../../src/shared/random.ts';
import type { TextFixture } from './text-fixtures.ts';
import { datasetOf, markedCorpus } from './text-fixtures.ts';
import type { OpenedTask } from './tiny-models.ts';
import { BATCH, compile, openTask } from './tiny-models.ts';

let fixture: TextFixture;
beforeAll(async () => {
  fixture = await markedCorpus();
});
afterAll(() => fixture.remove());

const open = (options: Record<string, unknown>, dataset: string): OpenedTask =>
  openTask(fixture, 'text-classification', options, dataset);

/** A word that the fixture's tokenizer can spell. */
function lettersOf(number: number): string {
  return `q${String(number).replace(/\d/g, (digit) => 'abcdefghij'.charAt(Number(digit)))}`;
}

describe('text classification', () => {
  const stream = randomStream(8);
  const words = { sport: ['ball', 'goal', 'team'], food: ['bread', 'soup', 'salt'], sky: ['moon', 'star', 'cloud'] };
  const rows = Object.entries(words).flatMap(([label, list], index) =>
    Array.from({ length: 60 - 15 * index }, () => ({
      text: `${list[stream.integer(3)]!} the ${list[stream.integer(3)]!} ${lettersOf(stream.uint32())}`,
      label,
    })),
  );
  let dataset: string;
  beforeAll(async () => {
    dataset = await datasetOf(`${fixture.root}/plain`, rows);
  });

  const labelsOf = (feeds: Feeds): number[] =>
    Array.from(feeds.labels!).filter((_, example) => feeds.weights![example] !== 0);

  it('gives pure batches of real labels, every training example once an epoch, evaluation padded with weight 0', () => {
    const { sampler } = open({}, dataset);
    const epoch = Array.from({ length: sampler.trainingExamples }, (_, step) => sampler.trainingBatch(1, step, 1));
    expect(new Set(epoch.map((feeds) => feeds.tokens!.join())).size).toBeGreaterThan(0.9 * sampler.trainingExamples);
    expect(sampler.trainingBatch(1, 5, 1)).toEqual(epoch[5]);
    const counts = [0, 0, 0];
    for (const feeds of epoch) counts[feeds.labels![0]!]! += 1;
    for (const split of ['validation', 'test'] as const) {
      for (let index = 0; index < sampler.evaluationBatchCount(split, 7); index += 1) {
        for (const label of labelsOf(sampler.evaluationBatch(split, index, 7))) counts[label]! += 1;
      }
    }
    expect(sampler.classes).toEqual(['food', 'sky', 'sport']);
    expect(counts).toEqual([45, 30, 60]);
    expect(sampler.preview(1, 2)).toHaveLength(2);
    sampler.close();
  });

  it('takes nested label budgets from the training side alone', () => {
    const tokens = (options: Record<string, unknown>): Set<string> => {
      const { sampler } = open(options, dataset);
      const batches = Array.from({ length: sampler.trainingExamples }, (_, step) =>
        sampler.trainingBatch(1, step, 1).tokens!.join(),
      );
      sampler.close();
      return new Set(batches);
    };
    const [two, five, all] = [
      tokens({ labelBudget: { perClass: 2 } }),
      tokens({ labelBudget: { perClass: 5 } }),
      tokens({}),
    ];
    expect(two.size).toBe(6);
    expect([...two].every((one) => five.has(one))).toBe(true);
    expect([...five].every((one) => all.has(one))).toBe(true);
    expect(tokens({ labelBudget: { total: 9 } }).size).toBe(9);
    expect(() => open({ labelBudget: { perClass: 1000 } }, dataset)).toThrow(/fewer than the 1000/);
  });

  it('weighs classes in inverse proportion to their number, in training only', () => {
    const { sampler } = open({ classWeights: 'balanced' }, dataset);
    const count = sampler.trainingExamples;
    const { labels, weights } = sampler.trainingBatch(0, 0, count);
    const numberOf = (label: number): number => labels!.filter((one) => one === label).length;
    for (const [example, label] of labels!.entries()) {
      expect(weights![example]).toBeCloseTo(count / (3 * numberOf(label)), 5);
    }
    expect(new Set(sampler.evaluationBatch('test', 0, 4).weights)).toEqual(new Set([1]));
    sampler.close();
  });

  it('beats the majority with words that tell the classes, and predicts classes with probabilities', async () => {
    const { model, sampler, settings } = open({}, dataset);
    const setup = { options: settings, dataFolder: dataset, tokenizerFile: fixture.tokenizerFile, splitSeed: 1 };
    const [majority, bag] = await model.task.baselines(sampler, settings, setup, new AbortController().signal);
    expect(majority!.metrics.accuracy).toBeCloseTo(60 / 135, 1);
    expect(bag!.metrics.accuracy).toBeGreaterThan(0.95);
    const executable = await compile(model, 'prediction', 1);
    const predictor = {
      ...model.facts,
      tokenizerFile: fixture.tokenizerFile,
      run: (feeds: Feeds) => executable.run(feeds),
    };
    const [answer] = await model.task.predict!(predictor, { text: 'the moon', top: 3 }, settings);
    expect(answer!.choices.map(({ label }) => label).sort()).toEqual(['food', 'sky', 'sport']);
    expect(answer!.choices.reduce((sum, { probability }) => sum + probability, 0)).toBeCloseTo(1, 9);
    sampler.close();
  });

  it.each(['first', 'mean', 'max'])('does not see padding when it pools by %s', async (pooling) => {
    const { model, sampler } = open({ pooling }, dataset);
    const executable = await compile(model, 'evaluation', BATCH);
    const feeds = sampler.evaluationBatch('test', 0, BATCH);
    const other = { ...feeds, tokens: feeds.tokens!.map((token, place) => (feeds.mask![place] === 1 ? token : 9)) };
    const [one, two] = [await executable.run(feeds), await executable.run(other)];
    for (const [index, logit] of one.logits!.data.entries()) expect(two.logits!.data[index]).toBeCloseTo(logit, 5);
    sampler.close();
  });

  it('reads pairs of texts, and refuses text without a tokenizer', async () => {
    const pairs = await datasetOf(
      `${fixture.root}/pairs`,
      rows.map((one, index) => ({ ...one, pair: `the pair of ${index}` })),
    );
    const { sampler } = open({}, pairs);
    const { special } = loadTokenizer(fixture.tokenizerFile);
    const { tokens, segments } = sampler.trainingBatch(1, 0, 8);
    expect(tokens!.filter((token) => token === special.separate)).toHaveLength(16);
    expect(segments!.includes(1)).toBe(true);
    sampler.close();
    const task = findTask('text-classification');
    expect(() => task.openSampler({ options: task.options.parse({}), dataFolder: pairs, splitSeed: 0 })).toThrow(
      /needs a tokenizer/,
    );
  });

  it('encodes the beginning of a long text as the beginning of the whole, and marks in it as plain text', () => {
    const tokenizer = loadTokenizer(fixture.tokenizerFile);
    const draw = randomStream(21);
    for (let round = 0; round < 30; round += 1) {
      const text = Array.from(
        { length: 400 },
        () => `${['unusual', 'gallon', '[MASK]', 'x'.repeat(1 + draw.integer(60)), 'a,b', '\n'][draw.integer(6)]!} `,
      ).join('');
      const whole = tokenizer.encode(text, { recogniseSpecial: false });
      const capacity = 1 + draw.integer(60);
      const beginning = encodeBeginning(tokenizer, text, capacity);
      expect(beginning).toEqual(whole.slice(0, capacity));
      expect(beginning.includes(tokenizer.special.mask)).toBe(false);
    }
  });
});
