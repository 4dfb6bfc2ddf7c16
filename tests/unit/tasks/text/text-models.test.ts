import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadTokenizer } from '../../../../src/main/data/tokenizer/tokenizer.ts';
import type { Evaluation, Feeds, PredictionModel, TensorData } from '../../../../src/main/tasks/index.ts';
import { findTask } from '../../../../src/main/tasks/index.ts';
import { describeMasked, describePair } from '../../../../src/main/tasks/text/describe.ts';
import { classEvaluation } from '../../../../src/main/tasks/classification/evaluation.ts';
import { maskedWordsEvaluation } from '../../../../src/main/tasks/text/evaluations.ts';
import { cutPair, windowAroundMasks } from '../../../../src/main/tasks/text/prediction.ts';
import { buildModel } from '../../../../src/main/training/model.ts';
import { randomStream } from '../../../../src/shared/random.ts';
import type { TextFixture } from './text-fixtures.ts';
import { corpusOf, markedCorpus } from './text-fixtures.ts';
import type { OpenedTask } from './tiny-models.ts';
import { BATCH, LENGTH, compile, openTask, pipeline } from './tiny-models.ts';

let fixture: TextFixture;
beforeAll(async () => {
  fixture = await markedCorpus();
});
afterAll(() => fixture.remove());

const open = (type: string, options: Record<string, unknown> = {}): OpenedTask => openTask(fixture, type, options);

const row = (feeds: Feeds, index: number): Feeds =>
  Object.fromEntries(
    Object.entries(feeds).map(([name, data]) => [
      name,
      data.slice((index * data.length) / BATCH, ((index + 1) * data.length) / BATCH),
    ]),
  );

function logProbability(logits: ArrayLike<number>, start: number, size: number, label: number): number {
  let sum = 0;
  for (let index = 0; index < size; index += 1) sum += Math.exp(logits[start + index]!);
  return logits[start + label]! - Math.log(sum);
}

describe('the masked-words program', () => {
  it('computes the losses and answers that follow from its own logits, and ties the head to the token table', async () => {
    const { model, sampler } = open('masked-words');
    const evaluation = await compile(model, 'evaluation', BATCH);
    const prediction = await compile(model, 'prediction', 1);
    const feeds = sampler.trainingBatch(1, 0, BATCH);
    const outputs = await evaluation.run(feeds);
    const places = feeds.maskedLabels!.length / BATCH;
    let [sum, count] = [0, 0];
    for (let example = 0; example < BATCH; example += 1) {
      const { maskedLogits } = await prediction.run(row(feeds, example));
      const size = maskedLogits!.shape[2]!;
      for (let place = 0; place < places; place += 1) {
        const index = example * places + place;
        if (feeds.maskedWeights![index] === 0) continue;
        const logits = maskedLogits!.data.subarray(place * size, (place + 1) * size);
        const loss = -logProbability(logits, 0, size, feeds.maskedLabels![index]!);
        expect(outputs.maskedLosses!.data[index]).toBeCloseTo(loss, 4);
        expect(logits[outputs.maskedPredictions!.data[index]!]).toBeCloseTo(Math.max(...logits), 5);
        sum += loss;
        count += 1;
      }
    }
    expect(outputs.loss!.data[0]).toBeCloseTo(sum / count, 4);
    const names = [...buildModel(model, 'training', BATCH).parameters.keys()];
    expect(names.filter((name) => name.startsWith('head/')).sort()).toEqual(
      ['bias', 'normalisation/bias', 'normalisation/gain', 'transform/bias', 'transform/weight'].map(
        (name) => `head/masked-words/${name}`,
      ),
    );
    sampler.close();
  });

  it('has an own matrix on a pipeline without a table', () => {
    const { model, sampler } = open('masked-words');
    const untied = { ...pipeline, outputs: { sequence: 'encoder' } };
    const parameters = buildModel({ ...model, pipeline: untied }, 'training', BATCH).parameters;
    expect(parameters.get('head/masked-words/table')?.shape).toEqual([
      sampler.input.kind === 'tokens' && sampler.input.vocabularySize,
      16,
    ]);
    expect(() =>
      buildModel({ ...model, pipeline: { ...pipeline, outputs: { table: 'embedding.table' } } }, 'training', BATCH),
    ).toThrow(/'sequence'/);
    sampler.close();
  });

  it('takes no labels for prediction', () => {
    for (const type of [
      'masked-words',
      'next-sentence',
      'masked-words-next-sentence',
      'masked-words-sentence-order',
      'masked-words-same-document',
    ]) {
      const { model, sampler } = open(type);
      const program = buildModel(model, 'prediction', 1);
      expect([...program.inputs.keys()].filter((name) => /labels|weights/i.test(name))).toEqual([]);
      expect(program.outputs.has('loss')).toBe(false);
      sampler.close();
    }
  });
});

describe.each(['next-sentence', 'sentence-order'] as const)('the program of masked words and %s', (kind) => {
  it('adds the two losses, and both metric sets come out of its evaluation', async () => {
    const pair = kind === 'next-sentence' ? 'nextSentence' : 'sentenceOrder';
    const { model, sampler, settings } = open(`masked-words-${kind}`);
    const executable = await compile(model, 'evaluation', BATCH);
    const evaluation = model.task.evaluation(settings, model.facts);
    const words = findTask('masked-words').evaluation({}, model.facts);
    const pairs = findTask(kind).evaluation({}, model.facts);
    for (let index = 0; index < sampler.evaluationBatchCount('validation', BATCH); index += 1) {
      const feeds = sampler.evaluationBatch('validation', index, BATCH);
      const outputs = await executable.run(feeds);
      const [total, ofWords, ofPairs] = [outputs.loss, outputs.maskedWordsLoss, outputs[`${pair}Loss`]].map(
        (value) => value!.data[0]!,
      ) as [number, number, number];
      expect(total).toBeCloseTo(ofWords + ofPairs, 4);
      for (const one of [evaluation, words, pairs]) one.add(outputs, feeds);
    }
    const { metrics } = evaluation.result();
    expect(metrics.maskedWordsAccuracy).toBe(words.result().metrics.accuracy);
    expect(metrics.maskedWordsPerplexity).toBe(words.result().metrics.perplexity);
    expect(metrics[`${pair}Accuracy`]).toBe(pairs.result().metrics.accuracy);
    expect(metrics.loss).toBeCloseTo(words.result().metrics.loss! + pairs.result().metrics.loss!, 12);
    expect(model.task.metrics).toEqual(expect.arrayContaining(Object.keys(metrics)));
    sampler.close();
  });
});

/** What a network would answer that knows the labels. */
function oracle(feeds: Feeds, classes: number): TensorData {
  const labels = feeds.labels ?? new Int32Array(0);
  const logits = new Float32Array(labels.length * classes);
  for (const [example, label] of labels.entries()) logits[example * classes + label] = 30;
  const places = feeds.maskedLabels ?? new Int32Array(0);
  return {
    logits: { shape: [labels.length, classes], data: logits },
    maskedLosses: { shape: [places.length], data: new Float32Array(places.length) },
    maskedPredictions: { shape: [places.length], data: Int32Array.from(places) },
  };
}

describe('evaluations', () => {
  it.each([
    'masked-words',
    'next-sentence',
    'sentence-order',
    'masked-words-next-sentence',
    'masked-words-sentence-order',
  ])('give an oracle of %s accuracy 1', (type) => {
    const { model, sampler, settings } = open(type);
    const evaluation = model.task.evaluation(settings, model.facts);
    for (let index = 0; index < sampler.evaluationBatchCount('validation', BATCH); index += 1) {
      const feeds = sampler.evaluationBatch('validation', index, BATCH);
      evaluation.add(oracle(feeds, 2), feeds);
    }
    const { metrics, correct } = evaluation.result();
    for (const [name, value] of Object.entries(metrics)) {
      if (/accuracy|f1|auroc|precision/i.test(name)) expect(value).toBe(1);
      else expect(value).toBeCloseTo(/perplexity/i.test(name) ? 1 : 0, 6);
    }
    expect(correct!.every((one) => one === 1)).toBe(true);
    expect(correct!.length).toBeGreaterThan(10);
    sampler.close();
  });

  it('agree with sums over all examples, leaving out those of weight 0', () => {
    const stream = randomStream(5);
    const words = maskedWordsEvaluation();
    const classes = classEvaluation(['a', 'b', 'c']);
    const seen = {
      losses: [] as number[],
      right: [] as number[],
      classLosses: [] as number[],
      classRight: [] as number[],
    };
    for (let batch = 0; batch < 5; batch += 1) {
      const random = (size: number, bound: number): Int32Array =>
        Int32Array.from({ length: size }, () => stream.integer(bound));
      const [labels, predictions] = [random(12, 3), random(12, 3)];
      const weights = Float32Array.from({ length: 12 }, () => Number(stream.uniform() < 0.7));
      const losses = Float32Array.from({ length: 12 }, () => stream.uniform() * 5);
      const logits = Float32Array.from({ length: 36 }, () => stream.normal());
      const feeds = { maskedLabels: labels, maskedWeights: weights, labels, weights };
      const outputs = {
        maskedLosses: { shape: [12], data: losses },
        maskedPredictions: { shape: [12], data: predictions },
        logits: { shape: [12, 3], data: logits },
      };
      words.add(outputs, feeds);
      classes.add(outputs, feeds);
      for (let place = 0; place < 12; place += 1) {
        if (weights[place] === 0) continue;
        seen.losses.push(losses[place]!);
        seen.right.push(Number(labels[place] === predictions[place]));
        const scores = Array.from(logits.subarray(place * 3, place * 3 + 3));
        seen.classLosses.push(-logProbability(scores, 0, 3, labels[place]!));
        seen.classRight.push(Number(scores.indexOf(Math.max(...scores)) === labels[place]));
      }
    }
    const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
    const check = (evaluation: Evaluation, losses: readonly number[], right: readonly number[]): void => {
      const { metrics, correct } = evaluation.result();
      expect(metrics.loss).toBeCloseTo(mean(losses), 6);
      expect(metrics.accuracy).toBeCloseTo(mean(right), 12);
      expect(Array.from(correct!)).toEqual(right);
    };
    check(words, seen.losses, seen.right);
    check(classes, seen.classLosses, seen.classRight);
    expect(words.result().metrics.perplexity).toBeCloseTo(Math.exp(mean(seen.losses)), 4);
    const { confusion } = classes.result();
    expect(confusion!.counts.flat().reduce((sum, count) => sum + count, 0)).toBe(seen.classRight.length);
  });
});

describe('predictions', () => {
  async function predictionModel(opened: OpenedTask): Promise<PredictionModel> {
    const executable = await compile(opened.model, 'prediction', 1);
    return { ...opened.model.facts, tokenizerFile: fixture.tokenizerFile, run: (feeds) => executable.run(feeds) };
  }

  it('fill every mask with true probabilities over the whole vocabulary', async () => {
    const opened = open('masked-words', { maximumPredictions: 2 });
    const model = await predictionModel(opened);
    const ask = (text: string, top: number) => opened.model.task.predict!(model, { text, top }, opened.settings);
    const text = 'The man [MASK] to the [mask1]. Nobody forgot [MASK], the [MASK2], or [MASK].';
    const whole = await ask(text, 100_000);
    expect(whole.map(({ question }) => question)).toEqual(['[MASK1]', '[MASK2]', '[MASK3]', '[MASK4]', '[MASK5]']);
    for (const { choices } of whole) {
      expect(choices.reduce((sum, { probability }) => sum + probability, 0)).toBeCloseTo(1, 9);
      const probabilities = choices.map(({ probability }) => probability);
      expect(probabilities).toEqual(probabilities.toSorted((a, b) => b - a));
    }
    const few = await ask(text, 3);
    expect(few.map(({ choices }) => choices)).toEqual(whole.map(({ choices }) => choices.slice(0, 3)));
    await expect(ask('No mask here.', 3)).rejects.toThrow(/has no \[MASK\]/);
    await expect(ask('', 3)).rejects.toThrow(/needs a text/);
    const long = `${'the river '.repeat(40)}[MASK]${' the garden'.repeat(40)}`;
    expect(await ask(long, 1)).toHaveLength(1);
    await expect(ask(`[MASK]${' the garden'.repeat(40)} [MASK]`, 1)).rejects.toThrow(/masks are \d+ tokens apart/);
    opened.sampler.close();
  });

  it('compare two texts, and fill masks of both where the task has both', async () => {
    for (const type of ['next-sentence', 'sentence-order']) {
      const opened = open(type);
      const model = await predictionModel(opened);
      const [answer] = await opened.model.task.predict!(
        model,
        { text: 'The man went.', textPair: 'A woman looked.', top: 5 },
        opened.settings,
      );
      expect(answer!.choices.map(({ label }) => label).sort()).toEqual([...opened.model.facts.classes!].sort());
      expect(answer!.choices.reduce((sum, { probability }) => sum + probability, 0)).toBeCloseTo(1, 9);
      await expect(opened.model.task.predict!(model, { text: 'Alone.', top: 5 }, opened.settings)).rejects.toThrow(
        /second text/,
      );
      opened.sampler.close();
    }
    const opened = open('masked-words-next-sentence');
    const model = await predictionModel(opened);
    const query = { text: 'The man went to [MASK].', textPair: 'A [MASK] looked.', top: 2 };
    const answers = await opened.model.task.predict!(model, query, opened.settings);
    expect(answers.map(({ question }) => question)).toEqual([
      'Does the second text follow the first?',
      '[MASK1]',
      '[MASK2]',
    ]);
    opened.sampler.close();
  });

  it('keep all masks of a long text, as near the middle as they can be', () => {
    const ids = (length: number, ...masks: number[]): number[] =>
      Array.from({ length }, (_, index) => (masks.includes(index) ? 4 : 100 + index));
    expect(windowAroundMasks(ids(5, 2), 4, 5)).toEqual(ids(5, 2));
    expect(windowAroundMasks(ids(20, 10), 4, 5)).toEqual(ids(20, 10).slice(8, 13));
    expect(windowAroundMasks(ids(20, 0), 4, 5)).toEqual(ids(20, 0).slice(0, 5));
    expect(windowAroundMasks(ids(20, 19), 4, 5)).toEqual(ids(20, 19).slice(15));
    expect(windowAroundMasks(ids(20, 7, 11), 4, 5)).toEqual(ids(20, 7, 11).slice(7, 12));
  });

  it('cut pairs at the end of the longer text', () => {
    const cut = (a: number, b: number, capacity: number): number[] =>
      cutPair(new Uint32Array(a), new Uint32Array(b), capacity).map(({ length }) => length);
    expect(cut(3, 4, 10)).toEqual([3, 4]);
    expect(cut(20, 4, 10)).toEqual([6, 4]);
    expect(cut(3, 20, 10)).toEqual([3, 7]);
    expect(cut(20, 20, 11)).toEqual([6, 5]);
  });
});

describe('the display form', () => {
  it("is the lecture's, for masks and for pairs", async () => {
    const lecture = ['The man went to the store.', 'He bought a gallon of milk.'];
    const source = await corpusOf(Array.from({ length: 30 }, (_, index) => `${lecture.join(' ')} Number ${index}.`));
    const tokenizer = loadTokenizer(source.tokenizerFile);
    const { classify, separate, mask } = tokenizer.special;
    const ids = lecture.map((sentence) => Array.from(tokenizer.encode(sentence)));
    const row = (tokens: readonly number[]): Int32Array =>
      Int32Array.from({ length: LENGTH }, (_, position) => tokens[position] ?? 0);
    const hidden = ['store', 'gallon'].map((word) => tokenizer.id(word)!);
    const tokens = [classify, ...ids.flat(), separate];
    const positions = hidden.map((id) => tokens.indexOf(id));
    const feeds = {
      tokens: row(tokens.map((id) => (hidden.includes(id) ? mask : id))),
      segments: new Int32Array(LENGTH),
      mask: Float32Array.from({ length: LENGTH }, (_, position) => Number(position < tokens.length)),
      maskedPositions: Int32Array.from([...positions, 0]),
      maskedLabels: Int32Array.from([...hidden, 0]),
      maskedWeights: Float32Array.of(1, 1, 0),
    };
    expect(describeMasked(tokenizer, feeds, 0, LENGTH)).toEqual({
      kind: 'text',
      text: 'Input: the man went to the [MASK1] . he bought a [MASK2] of milk .\nLabels: [MASK1] = store; [MASK2] = gallon',
      note: '2 predictions: 2 hidden, 0 replaced by a random token, 0 left as they are',
    });
    const [a, b] = ids as [number[], number[]];
    const pair = [classify, ...a, separate, ...b, separate];
    const pairFeeds = {
      tokens: row(pair),
      segments: Int32Array.from({ length: LENGTH }, (_, position) =>
        Number(position >= a.length + 2 && position < pair.length),
      ),
      mask: Float32Array.from({ length: LENGTH }, (_, position) => Number(position < pair.length)),
    };
    expect(describePair(tokenizer, pairFeeds, 0, LENGTH, 'IsNextSentence')).toMatchObject({
      text: 'Sentence A: the man went to the store .\nSentence B: he bought a gallon of milk .\nLabel: IsNextSentence',
    });
    await source.remove();
  });
});

describe('baselines of the pretext tasks', () => {
  const never = new AbortController().signal;

  it('score masked tokens by their frequency in the training text', async () => {
    const { model, sampler, settings } = openTask(fixture, 'masked-words', { testFraction: 0.1 });
    const setup = { options: settings, dataFolder: fixture.corpus, splitSeed: 1 };
    const [baseline] = await model.task.baselines(sampler, settings, setup, never);
    // Slowly: all training sequences without [CLS] and [SEP], as they were before masking.
    if (sampler.input.kind !== 'tokens') throw new Error('text tasks read tokens');
    const counts = new Float64Array(sampler.input.vocabularySize).fill(1);
    for (let step = 0; step < sampler.trainingExamples; step += 1) {
      const feeds = sampler.trainingBatch(0, step, 1);
      const padding = Array.from(feeds.mask!).indexOf(0);
      const tokens = Array.from(feeds.tokens!.subarray(0, padding === -1 ? LENGTH : padding));
      for (const [place, position] of feeds.maskedPositions!.entries()) {
        if (feeds.maskedWeights![place] === 1) tokens[position] = feeds.maskedLabels![place]!;
      }
      for (const token of tokens.slice(1, -1)) counts[token]! += 1;
    }
    const total = counts.reduce((sum, count) => sum + count, 0);
    const losses: number[] = [];
    let right = 0;
    for (let index = 0; index < sampler.evaluationBatchCount('test', 1); index += 1) {
      const { maskedLabels, maskedWeights } = sampler.evaluationBatch('test', index, 1);
      for (const [place, label] of maskedLabels!.entries()) {
        if (maskedWeights![place] === 0) continue;
        losses.push(-Math.log(counts[label]! / total));
        if (label === counts.indexOf(Math.max(...counts))) right += 1;
      }
    }
    const mean = losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
    expect(baseline!.metrics.loss).toBeCloseTo(mean, 9);
    expect(baseline!.metrics.perplexity).toBeCloseTo(Math.exp(mean), 6);
    expect(baseline!.metrics.accuracy).toBeCloseTo(right / losses.length, 12);
    await expect(model.task.baselines(sampler, settings, setup, AbortSignal.abort())).rejects.toThrow(/stopped/);
    sampler.close();
  });

  it('score pairs by the words they share, and by the majority, which is chance', async () => {
    const topics = [
      ['moon', 'star', 'cloud'],
      ['bread', 'soup', 'salt'],
      ['ball', 'goal', 'team'],
      ['tree', 'leaf', 'root'],
    ];
    const stream = randomStream(31);
    const texts = Array.from({ length: 80 }, (_, document) => {
      const word = (): string => topics[document % 4]![stream.integer(3)]!;
      return Array.from({ length: 12 }, () => `The ${word()} and a ${word()} by the ${word()}.`).join(' ');
    });
    const source = await corpusOf(texts);
    const { model, sampler, settings } = openTask(source, 'next-sentence', {});
    const setup = { options: settings, dataFolder: source.corpus, splitSeed: 1 };
    const [majority, overlap] = await model.task.baselines(sampler, settings, setup, never);
    expect(Math.abs(majority!.metrics.accuracy! - 0.5)).toBeLessThan(0.02);
    expect(majority!.metrics.loss).toBeCloseTo(Math.log(2), 3);
    // Another document has the same topic a quarter of the time, so 7/8 is the best that topics can do.
    expect(overlap!.metrics.accuracy).toBeGreaterThan(0.75);
    sampler.close();
    await source.remove();
  });
});
