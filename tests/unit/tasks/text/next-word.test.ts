/** Next word: what its batches hold, which pipelines it refuses, carried states, its baselines and how it draws tokens. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createOnnxRuntimeEngine } from '../../../../src/main/engines/onnxruntime/engine.ts';
import { initialParameters, resolvePipeline } from '../../../../src/main/nn/index.ts';
import type { TaskSampler } from '../../../../src/main/tasks/index.ts';
import { findTask } from '../../../../src/main/tasks/index.ts';
import { openTokenStream } from '../../../../src/main/tasks/text/token-stream.ts';
import { generateTokens, nextProbabilities, samplingDistribution } from '../../../../src/main/tasks/text/generation.ts';
import { loadTokenizer } from '../../../../src/main/data/tokenizer/tokenizer.ts';
import { documentSections } from '../../../../src/main/tasks/text/corpus-source.ts';
import type { Model } from '../../../../src/main/training/model.ts';
import { buildModel } from '../../../../src/main/training/model.ts';
import { arrayCorpus } from './array-corpus.ts';
import type { TextFixture } from './text-fixtures.ts';
import { markedCorpus } from './text-fixtures.ts';

let fixture: TextFixture;

beforeAll(async () => {
  fixture = await markedCorpus();
});
afterAll(() => fixture.remove());

const engine = createOnnxRuntimeEngine();
const task = findTask('next-word');

function open(options: Record<string, unknown> = {}): { sampler: TaskSampler; settings: unknown } {
  const settings = task.options.parse({ length: 8, validationFraction: 0.2, ...options });
  return { sampler: task.openSampler({ options: settings, dataFolder: fixture.corpus, splitSeed: 1 }), settings };
}

function modelOf(
  { sampler, settings }: ReturnType<typeof open>,
  preset: string,
  options: Record<string, unknown> = {},
): Model {
  return { task, options: settings, pipeline: resolvePipeline({ preset, options }), facts: { input: sampler.input } };
}

describe('the stream of a corpus', () => {
  const corpus = arrayCorpus([[[10, 11], [12]], [[20]], [[30, 31, 32]]]);
  const expected = [9, 10, 11, 12, 9, 20, 9, 30, 31, 32];

  it('has a separator before each document, and begins again at its end', () => {
    const stream = openTokenStream(corpus, documentSections(corpus), 9);
    expect(stream.length).toBe(10);
    for (let start = 0; start < 10; start++) {
      for (let count = 1; count < 14; count++) {
        const wanted = Array.from({ length: count }, (_, index) => expected[(start + index) % 10]);
        expect([...stream.read(start, count)]).toEqual(wanted);
      }
    }
  });
});

describe('training batches', () => {
  it('go on in every row where the last ones ended, from another place each epoch', () => {
    const { sampler } = open();
    const starts = new Set<string>();
    let carried = 0;
    for (let step = 1; step < 300; step++) {
      const [before, now] = [sampler.trainingBatch(3, step - 1, 16), sampler.trainingBatch(3, step, 16)];
      const row = (data: ArrayLike<number>, index: number): number[] =>
        Array.from(data).slice(index * 8, index * 8 + 8);
      const goesOn = now.carry![0] === 1;
      expect([...now.carry!]).toEqual(new Array(16).fill(Number(goesOn)));
      for (let index = 0; index < 16; index++) {
        const [tokens, labels] = [row(now.tokens!, index), row(now.nextLabels!, index)];
        expect(labels.slice(0, -1)).toEqual(tokens.slice(1));
        if (goesOn) expect(tokens[0]).toBe(row(before.nextLabels!, index)[7]);
      }
      if (goesOn) carried++;
      else starts.add(row(now.tokens!, 0).join());
    }
    expect(carried).toBeGreaterThan(100);
    expect(starts.size).toBeGreaterThan(2);
    expect(sampler.trainingBatch(3, 57, 4)).toEqual(sampler.trainingBatch(3, 57, 4));
    sampler.close();
  });

  it('are windows in random order without a carried state, each once an epoch', () => {
    const { sampler } = open({ state: 'reset' });
    const count = sampler.trainingExamples;
    const windows = Array.from({ length: count }, (_, step) => sampler.trainingBatch(0, step, 1));
    expect(windows[0]).not.toHaveProperty('carry');
    const seen = windows.map(({ tokens }) => [...tokens!].join());
    expect(new Set(seen).size).toBeGreaterThan(0.95 * count); // a few windows may be equal
    expect(seen).not.toEqual(
      Array.from({ length: count }, (_, step) => [...sampler.trainingBatch(1, step, 1).tokens!].join()),
    );
    sampler.close();
  });

  it('need enough text for their rows', () => {
    const { sampler } = open();
    expect(() => sampler.trainingBatch(0, 0, 100_000)).toThrow(/smaller training.batchSize or task.length/);
    sampler.close();
  });
});

describe('evaluation', () => {
  it('scores every token but the context of each window once', () => {
    const { sampler } = open({ evaluationContext: 3, evaluationExamples: 100_000 });
    const scored: number[] = [];
    for (let index = 0; index < sampler.evaluationBatchCount('validation', 4); index++) {
      const { nextLabels, nextWeights } = sampler.evaluationBatch('validation', index, 4);
      scored.push(...Array.from(nextLabels!).filter((_, place) => nextWeights![place] === 1));
    }
    const all = open({ evaluationContext: 0, evaluationExamples: 100_000 }).sampler;
    const stream: number[] = [];
    for (let index = 0; index < all.evaluationBatchCount('validation', 1); index++) {
      const { tokens, nextLabels } = all.evaluationBatch('validation', index, 1);
      if (index === 0) stream.push(tokens![0]!);
      stream.push(...nextLabels!);
    }
    expect(scored.length).toBeGreaterThan(stream.length - 20);
    const shared = Math.min(scored.length, stream.length - 4);
    expect(scored.slice(0, shared)).toEqual(stream.slice(4, 4 + shared));
    sampler.close();
    all.close();
  });
});

describe('a carried state', () => {
  it('makes two windows the same as one of twice the length', async () => {
    const [short, long] = [open({ length: 8, dropout: 0 }), open({ length: 16, dropout: 0 })];
    const options = { hiddenSize: 6, layers: 2, dropout: 0, cell: 'lstm' };
    const compile = async (opened: ReturnType<typeof open>) => {
      const program = buildModel(modelOf(opened, 'lstm-lm', options), 'training', 1);
      const optimizer = { type: 'sgd', momentum: 0, nesterov: false, weightDecay: 0, clipNorm: 0 } as const;
      const executable = await engine.compile(program, { optimizer, threads: 1 });
      await executable.importState({ parameters: initialParameters(program, 4) });
      return executable;
    };
    const [two, one] = [await compile(short), await compile(long)];
    const whole = long.sampler.trainingBatch(0, 0, 1);
    const part = (from: number, carry: number) => ({
      tokens: whole.tokens!.slice(from, from + 8),
      segments: new Int32Array(8),
      mask: new Float32Array(8).fill(1),
      nextLabels: whole.nextLabels!.slice(from, from + 8),
      nextWeights: new Float32Array(8).fill(1),
      carry: Float32Array.of(carry),
    });
    const still = { learningRate: 0, seed: 0, step: 0 };
    const loss = (result: { scalars: Readonly<Record<string, number>> }): number => result.scalars.loss!;
    const together = loss(await one.step([whole], still));
    const [first, second] = [loss(await two.step([part(0, 0)], still)), loss(await two.step([part(8, 1)], still))];
    expect((first + second) / 2).toBeCloseTo(together, 5);
    // From nothing, the second half is another one.
    expect(Math.abs(loss(await two.step([part(8, 0)], still)) - second)).toBeGreaterThan(1e-4);
    await two.release();
    await one.release();
    short.sampler.close();
    long.sampler.close();
  });
});

describe('a prediction', () => {
  it.each([
    ['lstm-lm', { hiddenSize: 12, layers: 2, dropout: 0 }],
    ['rnn-classifier', { hiddenSize: 12, cell: 'gru', dropout: 0 }],
  ])('of %s has the probability that an evaluation scores', async (preset, options) => {
    const opened = open({ dropout: 0, evaluationContext: 0 });
    const model = modelOf(opened, preset, options);
    const programs = (['evaluation', 'prediction'] as const).map((mode) => buildModel(model, mode, 1));
    const parameters = initialParameters(programs[0]!, 2);
    for (const { data } of parameters.values()) for (const index of data.keys()) data[index]! *= 3; // surer of itself
    const [evaluator, asker] = await Promise.all(
      programs.map(async (program) => {
        const executable = await engine.compile(program, { threads: 1 });
        await executable.importState({ parameters });
        return executable;
      }),
    );
    const batch = opened.sampler.evaluationBatch('validation', 1, 1);
    const { nextLosses } = await evaluator!.run(batch);
    const asked = { ...model.facts, tokenizerFile: fixture.tokenizerFile, run: asker!.run.bind(asker) };
    for (const place of [0, 3, 7]) {
      const probabilities = await nextProbabilities(asked, Array.from(batch.tokens!).slice(0, place + 1));
      expect(-Math.log(probabilities[batch.nextLabels![place]!]!)).toBeCloseTo(nextLosses!.data[place]!, 4);
    }
    await evaluator!.release();
    await asker!.release();
    opened.sampler.close();
  });
});

describe('pipelines that read the answers', () => {
  it.each([
    [
      'bilstm-classifier',
      'recurrent: next-word predicts from earlier tokens alone, and this block reads from the end as well',
    ],
    [
      'text-cnn',
      'convolution: next-word predicts from earlier tokens alone, and this block has filters that reach to later tokens',
    ],
    [
      'bert-tiny',
      'encoder: next-word predicts from earlier tokens alone, and this block looks at later tokens; set causal to true',
    ],
  ])('%s is refused', (preset, message) => {
    const opened = open();
    expect(() => buildModel(modelOf(opened, preset), 'training', 2)).toThrow(message);
    opened.sampler.close();
  });

  it.each(['modern-tiny-causal', 'bert-tiny'])('%s is not, where it is causal', (preset) => {
    const opened = open();
    const graph = resolvePipeline({ preset, options: { layers: 1, hiddenSize: 8, heads: 2 } });
    const blocks = graph.blocks.map((block) =>
      block.id === 'encoder' ? { ...block, options: { ...block.options, causal: true } } : block,
    );
    const pipeline = preset === 'bert-tiny' ? { ...graph, blocks } : graph;
    const model = { ...modelOf(opened, preset), pipeline };
    expect(buildModel(model, 'training', 2).gradients.length).toBeGreaterThan(0);
    opened.sampler.close();
  });
});

describe('the baselines', () => {
  it('count unigrams and bigrams', async () => {
    const { sampler, settings } = open();
    const setup = { options: settings, dataFolder: fixture.corpus, splitSeed: 1 };
    const [unigram, bigram] = await task.baselines(sampler, settings, setup, new AbortController().signal);
    expect(unigram).toMatchObject({ name: 'unigram' });
    expect(bigram).toMatchObject({ name: 'bigram' });
    // The sentences are a small grammar: what follows is far more certain than what is frequent.
    expect(bigram!.metrics.perplexity).toBeLessThan(0.5 * unigram!.metrics.perplexity!);
    expect(unigram!.metrics.perplexity).toBeCloseTo(Math.exp(unigram!.metrics.loss!), 8);
    sampler.close();
  });
});

describe('drawing tokens', () => {
  const probabilities = Float64Array.of(0.5, 0.1, 0.25, 0.15);

  it('sharpens by the temperature and cuts by rank and by share', () => {
    expect([...samplingDistribution(probabilities, { temperature: 1 })]).toEqual(
      [...probabilities].map((p) => expect.closeTo(p, 12) as number),
    );
    const squares = [0.25, 0.01, 0.0625, 0.0225];
    const total = squares.reduce((sum, x) => sum + x, 0);
    expect([...samplingDistribution(probabilities, { temperature: 0.5 })]).toEqual(
      squares.map((p) => expect.closeTo(p / total, 12) as number),
    );
    const close = (values: number[]): number[] => values.map((value) => expect.closeTo(value, 12) as number);
    expect([...samplingDistribution(probabilities, { temperature: 1, topK: 2 })]).toEqual(close([2 / 3, 0, 1 / 3, 0]));
    expect([...samplingDistribution(probabilities, { temperature: 1, topP: 0.75 })]).toEqual(
      close([2 / 3, 0, 1 / 3, 0]),
    );
    expect([...samplingDistribution(probabilities, { temperature: 1, topP: 0.76 })]).toEqual(
      close([0.5 / 0.9, 0, 0.25 / 0.9, 0.15 / 0.9]),
    );
    expect([...samplingDistribution(probabilities, { temperature: 0 })]).toEqual([1, 0, 0, 0]);
  });

  it('is a function of the seed and keeps the model’s own probabilities', async () => {
    const tokenizer = loadTokenizer(fixture.tokenizerFile);
    const size = tokenizer.vocabularySize;
    const words = ['the', 'man', 'dog', 'river'].map((word) => tokenizer.id(word)!);
    // The word after next in the list is certain with 3/4, any other is not.
    const model = {
      input: { kind: 'tokens', length: 8, vocabularySize: size } as const,
      tokenizerFile: fixture.tokenizerFile,
      run: ({ tokens, nextPosition }: Readonly<Record<string, ArrayLike<number>>>) => {
        const place = words.indexOf(tokens![nextPosition![0]!]!);
        const data = new Float32Array(size).fill(-30);
        for (const word of words) data[word] = Math.log(1 / 12);
        data[words[(place + 1) % 4]!] = Math.log(3 / 4);
        return Promise.resolve({ nextLogits: { shape: [1, size], data } });
      },
    };
    const generate = async (seed: number, options: object = {}) => {
      const query = { text: 'the', tokens: 10, temperature: 1, seed, ...options };
      const all = [];
      for await (const token of generateTokens(model, query)) all.push(token);
      return all;
    };
    const likeliest = await generate(0, { temperature: 0 });
    expect(likeliest.at(-1)!.text).toBe('the man dog river the man dog river the man dog');
    for (const { probability } of likeliest) expect(probability).toBeCloseTo(3 / 4, 6);
    const drawn = await generate(1);
    expect(await generate(1)).toEqual(drawn);
    const others = await Promise.all([2, 3, 4, 5].map((seed) => generate(seed)));
    expect(new Set([drawn, ...others].map((tokens) => tokens.at(-1)!.text)).size).toBeGreaterThan(1);
  });
});
