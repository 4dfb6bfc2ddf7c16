// Answers to whole files: as those to one question at a time, in every format, with rows that fail named and nothing half-written.
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Feeds } from '../../../src/main/engines/engine.ts';
import type { Program } from '../../../src/main/graph/program.ts';
import { createProgram, input, output, parameter, withScope } from '../../../src/main/graph/index.ts';
import { batchLengths, textsOfLength } from '../../../src/main/runs/batch/batch-sizes.ts';
import type { RunFeeds } from '../../../src/main/runs/batch/in-batches.ts';
import { inBatches } from '../../../src/main/runs/batch/in-batches.ts';
import type { PredictFileOptions, PredictFileResult } from '../../../src/main/runs/batch/predict-file.ts';
import { predictFile } from '../../../src/main/runs/batch/predict-file.ts';
import { createRun } from '../../../src/main/runs/create-run.ts';
import { openEmbedder } from '../../../src/main/runs/embedder.ts';
import { openTrained } from '../../../src/main/runs/open-trained.ts';
import { openPredictor } from '../../../src/main/runs/predict.ts';
import { readModel } from '../../../src/main/runs/read-model.ts';
import { networkOfRun } from '../../../src/main/runs/trained-network.ts';
import { readRun } from '../../../src/main/workspace/runs.ts';
import { parseExperiment } from '../../../src/main/runs/experiment.ts';
import { parseSpecText } from '../../../src/main/runs/spec-file.ts';
import { trainRun } from '../../../src/main/runs/train-run.ts';
import { encodeQuery } from '../../../src/main/tasks/encode-query.ts';
import type { TensorData } from '../../../src/main/tasks/index.ts';
import { buildPipeline, declareInputs } from '../../../src/main/nn/index.ts';
import { readParquet } from '../../../src/main/data/tables/read-parquet.ts';
import { importDataset } from '../../../src/main/work/import-material.ts';
import { interceptFiles, systemError } from '../../intercepted-files.ts';
import type { RunFolder } from '../../../src/main/workspace/run-folder.ts';
import type { TinyWorkspace } from '../../tiny-workspace.ts';
import { createTinyWorkspace, tinyDocument, tinyExperiment } from '../../tiny-workspace.ts';

const never = new AbortController().signal;
let tiny: TinyWorkspace;
let classifier: RunFolder;
let masked: RunFolder;

const text = (index: number, words = 3 + ((index * 7) % 12)): string =>
  tinyDocument(index).split(' ').slice(0, words).join(' ');

beforeAll(async () => {
  tiny = await createTinyWorkspace();
  const rows = Array.from({ length: 60 }, (_, index) => {
    return JSON.stringify({ text: text(index), label: /cat|dog|bird/.test(text(index)) ? 'animal' : 'other' });
  });
  await writeFile(join(tiny.folder, 'animals.jsonl'), rows.join('\n'));
  await importDataset(tiny.workspace, 'animals', { sources: [join(tiny.folder, 'animals.jsonl')] });
  const spec = `
name: tuned
task: {type: text-classification, length: 32}
data: animals
tokenizer: {corpus: tiny}
pipeline: {preset: modern-tiny, options: {layers: 1, hiddenSize: 8, heads: 2}}
engine: {threads: 1}
training: {steps: 6, batchSize: 4, learningRate: 0.01, evaluateEvery: 6}`;
  classifier = await createRun(tiny.workspace, parseExperiment(parseSpecText(spec, 'tuned.yaml')));
  masked = await createRun(tiny.workspace, tinyExperiment('training: {steps: 2, batchSize: 4, evaluateEvery: 2}'));
  for (const run of [classifier, masked]) await trainRun(tiny.workspace, run, { signal: never, prefetch: false });
});
afterAll(() => tiny.remove());

const place = (name: string): string => join(tiny.folder, name);

async function predict(run: RunFolder, options: Partial<PredictFileOptions>): Promise<PredictFileResult> {
  const rest = { input: '', output: '', signal: never, onProgress: () => undefined };
  return predictFile(await networkOfRun(run), { ...rest, ...options });
}

async function linesOf(file: string): Promise<Record<string, unknown>[]> {
  const lines = (await readFile(file, 'utf8')).trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>); // as it was written
}

describe('the answers to a table', () => {
  const rows = Array.from({ length: 75 }, (_, index) => `${index},"${text(index)}"`);

  it('are those to each row alone, beside its columns, in the order of the table', async () => {
    await writeFile(place('table.csv'), `id,text\n${rows.join('\n')}\n`);
    const progress: number[] = [];
    const result = await predict(classifier, {
      input: place('table.csv'),
      output: place('answers.jsonl'),
      onProgress: ({ done, total }) => progress.push(done / total),
    });
    expect(result).toMatchObject({ answered: 75, failed: 0, truncated: 0 });
    expect(result.columns).toEqual([
      ...['line', 'id', 'text', 'prediction', 'probability', 'p(animal)', 'p(other)', 'truncated', 'problem'],
    ]);
    expect(progress.at(-1)).toBe(1);
    const answers = await linesOf(place('answers.jsonl'));
    await using predictor = await openPredictor(classifier);
    for (const [index, answer] of answers.entries()) {
      expect(answer).toMatchObject({ line: index + 2, id: String(index), text: text(index), truncated: false });
      const [alone] = await predictor.ask({ text: text(index), top: 2 });
      expect(answer.prediction).toBe(alone!.choices[0]!.label);
      for (const { label, probability } of alone!.choices) expect(answer[`p(${label})`]).toBeCloseTo(probability, 5);
    }
  });

  it('are written as CSV and as Parquet too, and the best few instead of all classes', async () => {
    await writeFile(place('few.csv'), `text\n"${text(1)}"\n"=1+1, ""the cat"""\n`);
    await predict(classifier, { input: place('few.csv'), output: place('few.answers.csv'), top: 1 });
    const [header, first, second] = (await readFile(place('few.answers.csv'), 'utf8')).split('\r\n');
    expect(header).toBe('line,text,prediction,probability,truncated,problem');
    expect(first).toMatch(/^2,.*,(animal|other),0\.\d+,false,$/);
    expect(second).toMatch(/^3,"=1\+1, ""the cat""",/);
    await predict(classifier, { input: place('few.csv'), output: place('few.parquet'), embeddings: true });
    const source = { path: place('few.parquet'), compression: 'none' as const, signal: never };
    const read: (string | null)[][] = [];
    for await (const batch of readParquet(source, null, {})) {
      for (const row of batch) if ('values' in row) read.push([...row.values]);
    }
    expect(read.map(([line, kept]) => [line, kept])).toEqual([
      ['2', text(1)],
      ['3', '=1+1, "the cat"'],
    ]);
    expect(read[0]?.[2]?.split('\n')).toHaveLength(8);
    await expect(readdir(tiny.folder)).resolves.not.toContainEqual(expect.stringContaining('partial'));
  });

  it('say which rows cannot be read and which texts were cut off', async () => {
    const long = tinyDocument(1);
    await writeFile(place('odd.jsonl'), `{"text": "the cat"}\n{"text": ""}\n{broken\n{"text": "${long}"}\n`);
    const result = await predict(classifier, { input: place('odd.jsonl'), output: place('odd.answers.jsonl') });
    expect(result).toMatchObject({ answered: 2, truncated: 1, failed: 2 });
    expect(result.failures).toEqual([
      { file: place('odd.jsonl'), line: 2, problem: 'has no text' },
      { file: place('odd.jsonl'), line: 3, problem: expect.stringContaining('is not JSON') },
    ]);
    const answers = await linesOf(place('odd.answers.jsonl'));
    expect(answers.map(({ truncated, problem }) => [truncated, problem === null])).toEqual([
      [false, true],
      [null, false],
      [null, false],
      [true, true],
    ]);
  });

  it('have a row for each question where there are several', async () => {
    await writeFile(place('masks.txt'), 'the [MASK] sees the [MASK].\nno mask here\nthe [MASK].\n');
    const result = await predict(masked, { input: place('masks.txt'), output: place('masks.jsonl'), top: 2 });
    expect(result).toMatchObject({ answered: 2, failed: 1 });
    const answers = await linesOf(place('masks.jsonl'));
    expect(answers.map(({ line, question, problem }) => [line, question, problem])).toEqual([
      [1, '[MASK1]', null],
      [1, '[MASK2]', null],
      [2, null, expect.stringContaining('no [MASK]')],
      [3, '[MASK1]', null],
    ]);
    expect(Number(answers[0]!.probability)).toBeGreaterThanOrEqual(Number(answers[0]!.probability_2));
  });

  it('of a folder name the file, and of FASTA the sequence', async () => {
    await mkdir(place('texts'));
    await writeFile(join(place('texts'), 'a.txt'), 'the cat\nsees');
    await writeFile(join(place('texts'), 'b.txt'), 'the dog');
    await predict(classifier, { input: place('texts'), output: place('texts.jsonl') });
    expect((await linesOf(place('texts.jsonl'))).map(({ file }) => file)).toEqual(
      ['a.txt', 'b.txt'].map((name) => join(place('texts'), name)),
    );
    await writeFile(place('two.fasta'), '>first label=x\nACGT\n>second\nTTTT\n');
    await predict(classifier, { input: place('two.fasta'), output: place('two.jsonl') });
    expect((await linesOf(place('two.jsonl'))).map(({ name, label }) => [name, label])).toEqual([
      ['first', 'x'],
      ['second', null],
    ]);
  });
});

describe('what is refused', () => {
  beforeAll(() => writeFile(place('some.csv'), 'words,label\nthe cat,x\n'));

  it.each([
    [{ input: 'some.csv', output: 'o.csv' }, 'has no column “text”; it has “words”, “label”'],
    [{ input: 'some.csv', output: 'o.csv', textColumn: 'words', keep: ['id'] }, 'has no column “id”'],
    [{ input: 'some.csv', output: 'o.xlsx', textColumn: 'words' }, 'name a .csv, .jsonl or .parquet file'],
    [{ input: 'some.csv', output: 'some.csv', textColumn: 'words' }, 'exists already'],
    [{ input: 'some.csv', output: 'missing/o.csv', textColumn: 'words' }, 'there is no folder'],
    [{ input: 'gone.csv', output: 'o.csv' }, 'There is no file or folder'],
  ])('%o', async ({ input, output, ...rest }, message) => {
    const before = await readdir(tiny.folder);
    const asked = predict(classifier, { input: place(input), output: place(output), ...rest });
    await expect(asked).rejects.toThrow(message);
    expect(await readdir(tiny.folder)).toEqual(before);
  });

  it('leaves nothing of the output when it is stopped, or when the disk is full', async () => {
    await writeFile(
      place('long.csv'),
      `text\n${Array.from({ length: 600 }, (_, index) => text(index, 3)).join('\n')}\n`,
    );
    const before = await readdir(tiny.folder);
    const stop = new AbortController();
    const asked = predict(classifier, {
      input: place('long.csv'),
      output: place('stopped.csv'),
      signal: stop.signal,
      onProgress: () => {
        stop.abort();
      },
    });
    await expect(asked).rejects.toMatchObject({ code: 'aborted' });
    expect(await readdir(tiny.folder)).toEqual(before);
    const restore = await interceptFiles(tiny.folder, (call) => {
      if (call.name === 'write' && call.path.includes('full.csv')) throw systemError('ENOSPC', call);
    });
    try {
      const full = predict(classifier, { input: place('long.csv'), output: place('full.csv') });
      await expect(full).rejects.toMatchObject({ code: 'disk-full' });
    } finally {
      restore();
    }
    expect(await readdir(tiny.folder)).toEqual(before);
  });
});

describe('embeddings', () => {
  it('are the means of the backbone over the tokens of each text, whatever is computed beside them', async () => {
    const { experiment } = await readRun(classifier);
    const model = await readModel(classifier, experiment);
    const sequenceOf = (shown: typeof model): Program => {
      const program = createProgram('sequence');
      const context = { program, mode: 'evaluation' as const, batchSize: 1, input: shown.facts.input };
      const { outputs } = withScope(program, 'backbone', () =>
        buildPipeline(context, shown.pipeline, declareInputs(context)),
      );
      output(program, 'sequence', outputs.sequence!);
      return program;
    };
    await using trained = await openTrained(classifier, experiment, sequenceOf(model), 'best');
    await using embedder = await openEmbedder(await networkOfRun(classifier), 4);
    const read = { ...model.facts, tokenizerFile: classifier.tokenizer };
    const feeds = Array.from({ length: 10 }, (_, index) => encodeQuery(read, { text: text(index) }).feeds);
    const vectors = await Promise.all(feeds.map((one) => embedder.embed(one)));
    for (const [index, one] of feeds.entries()) {
      const { sequence } = await trained.run(one);
      const real = Array.from(one.mask!).filter((value) => value === 1).length;
      const mean = Array.from({ length: 8 }, (_, feature) => {
        let sum = 0;
        for (let position = 0; position < real; position += 1) sum += Number(sequence!.data[position * 8 + feature]);
        return sum / real;
      });
      for (const [feature, value] of mean.entries()) expect(vectors[index]![feature]).toBeCloseTo(value, 5);
    }
  });
});

describe('questions that are asked at the same time', () => {
  const program = createProgram('double');
  output(program, 'y', input(program, 'mask', 'float32', [4, 3]));
  const doubled = ({ mask }: Feeds): Promise<TensorData> =>
    Promise.resolve({ y: { shape: [4, 3], data: Float32Array.from(mask!, (value) => 2 * value) } });
  const fours = (run: RunFeeds, atOnce = 1): RunFeeds =>
    inBatches({
      atOnce,
      batchSizeFor: () => 4,
      programFor: () => Promise.resolve({ program, batchSize: 4, run }),
    });
  const maskOf = (length: number): number[] => [0, 1, 2].map((place) => Number(place < length));

  it('get their own rows of few batches, those of similar length together', async () => {
    const batches: number[][] = [];
    const run = fours((feeds) => {
      batches.push(Array.from(feeds.mask!));
      return doubled(feeds);
    });
    const masks = [3, 1, 3, 1, 1, 1].map(maskOf);
    const answers = await Promise.all(masks.map((mask) => run({ mask: Float32Array.from(mask) })));
    expect(answers.map(({ y }) => Array.from(y!.data))).toEqual(masks.map((mask) => mask.map((value) => 2 * value)));
    expect(answers[0]?.y?.shape).toEqual([1, 3]);
    expect(batches).toEqual([
      [1, 1, 1, 1, 1, 1, 1, 0, 0, 1, 0, 0],
      [1, 0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0],
    ]);
  });

  it('are as many in a batch as their length allows, in a program of that length', async () => {
    const seen: (readonly [longest: number, tokens: readonly number[]])[] = [];
    const run = inBatches({
      atOnce: 1,
      batchSizeFor: (longest) => (longest > 1 ? 1 : 3),
      programFor(longest) {
        const [batchSize, length] = longest > 1 ? [1, 3] : [3, 1];
        const short = createProgram('short');
        output(short, 'y', input(short, 'mask', 'float32', [batchSize, length]));
        input(short, 'tokens', 'int32', [batchSize, length]);
        return Promise.resolve({
          ...{ program: short, batchSize },
          run({ mask, tokens }) {
            seen.push([longest, Array.from(tokens!)]);
            return Promise.resolve({ y: { shape: [batchSize, length], data: mask! } });
          },
        });
      },
    });
    const ask = (length: number, token: number): Promise<TensorData> =>
      run({ mask: Float32Array.from(maskOf(length)), tokens: Int32Array.of(token, token, token) });
    const answers = await Promise.all([ask(1, 5), ask(2, 6), ask(1, 7), ask(3, 8)]);
    expect(seen).toEqual([
      [3, [8, 8, 8]],
      [2, [6, 6, 6]],
      [1, [5, 7, 7]],
    ]);
    expect(answers.map(({ y }) => y!.shape)).toEqual([
      [1, 1],
      [1, 3],
      [1, 1],
      [1, 3],
    ]);
  });

  it('all get weights that are told beside the answers, whole', async () => {
    const told = createProgram('told');
    const mask = input(told, 'mask', 'float32', [4, 3]);
    output(told, 'y', mask);
    output(told, 'start', parameter(told, 'start', [2], { initialiser: { type: 'zeros' } }));
    const run = inBatches({
      ...{ atOnce: 1, batchSizeFor: () => 4 },
      programFor: () =>
        Promise.resolve({
          ...{ program: told, batchSize: 4 },
          run: async (feeds) => ({ ...(await doubled(feeds)), start: { shape: [2], data: Float32Array.of(7, 8) } }),
        }),
    });
    const answers = await Promise.all([1, 2].map((length) => run({ mask: Float32Array.from(maskOf(length)) })));
    for (const { start } of answers) expect(start).toEqual({ shape: [2], data: Float32Array.of(7, 8) });
  });

  it('are computed in several batches at the same time where that is possible, and never in more', async () => {
    let [underWay, most] = [0, 0];
    let other: (() => void) | undefined;
    const run = fours(async (feeds) => {
      most = Math.max(most, (underWay += 1));
      await new Promise<void>((resolve) => {
        other?.(); // each batch ends when the next has begun
        other = other ? undefined : resolve;
        if (!other) resolve();
      });
      underWay -= 1;
      return doubled(feeds);
    }, 2);
    const mask = Float32Array.of(1, 1, 1);
    await Promise.all(Array.from({ length: 16 }, () => run({ mask })));
    expect(most).toBe(2);
  });

  it('all fail with their batch, and later ones are answered', async () => {
    let calls = 0;
    const run = fours((feeds) => {
      calls += 1;
      return calls === 1 ? Promise.reject(new Error('lost')) : doubled(feeds);
    });
    const mask = Float32Array.of(1, 1, 1);
    const failed = await Promise.allSettled([run({ mask }), run({ mask })]);
    expect(failed.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(Array.from((await run({ mask })).y!.data)).toEqual([2, 2, 2]);
  });
});

describe('the sizes of batches', () => {
  it('are lengths a step apart, the longest as long as the model reads', () => {
    expect(batchLengths(128)).toEqual([8, 12, 16, 20, 24, 28, 32, 40, 48, 56, 64, 80, 96, 112, 128]);
    expect(batchLengths(20)).toEqual([8, 12, 16, 20]);
    expect(batchLengths(6)).toEqual([6]);
  });

  it('are fewer texts the longer they are, and never none', () => {
    expect([8, 24, 128, 512, 1024].map(textsOfLength)).toEqual([64, 32, 6, 1, 1]);
  });
});
