/** Tasks on recordings: what a network is fed, that padding changes nothing, and that melodies are told apart and asked about. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { importAudioDataset } from '../../../src/main/data/audio/import-audio.ts';
import { createOnnxRuntimeEngine } from '../../../src/main/engines/onnxruntime/engine.ts';
import { readQueryRecording } from '../../../src/main/runs/query-recording.ts';
import { initialParameters, resolvePipeline } from '../../../src/main/nn/index.ts';
import type { TaskSampler } from '../../../src/main/tasks/index.ts';
import { findTask } from '../../../src/main/tasks/index.ts';
import { transcriptionEvaluation } from '../../../src/main/tasks/transcription/evaluation.ts';
import type { Model } from '../../../src/main/training/model.ts';
import { buildModel } from '../../../src/main/training/model.ts';
import { tone, wavFile } from '../audio-fixtures.ts';

let root: string;

/** Notes that follow each other, a tenth of a second each: '1' is 400 Hz, '2' is 800 Hz and so on. */
function melody(notes: string, rate = 16_000): Uint8Array {
  const parts = Array.from(notes, (note) => tone(400 * Number(note), 0.1, rate));
  return wavFile([Float32Array.from(parts.flatMap((part) => [...part]))], rate, { bits: 16 });
}

async function datasetOf(name: string, files: readonly (readonly [path: string, label: string])[]): Promise<string> {
  const rows = ['path,label'];
  for (const [path, label] of files) {
    const file = join(root, name, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, melody(path.split('/').at(-1)!.split('.')[0]!.split('-')[0]!));
    rows.push(`${path},${label}`);
  }
  await writeFile(join(root, name, 'list.csv'), `${rows.join('\n')}\n`);
  const destination = join(root, `${name}-dataset`);
  await importAudioDataset({ sources: [join(root, name, 'list.csv')], destination, name, options: { bands: 16 } });
  return destination;
}

function open(type: string, folder: string, options: object = {}): { sampler: TaskSampler; settings: unknown } {
  const task = findTask(type);
  const settings = task.options.parse(options);
  return { sampler: task.openSampler({ options: settings, dataFolder: folder, splitSeed: 0 }), settings };
}

function modelOf(type: string, { sampler, settings }: ReturnType<typeof open>, options: object = {}): Model {
  const { input, classes, audio } = sampler;
  const pipeline = resolvePipeline({ preset: 'speech-lstm', options: { hiddenSize: 12, stacking: 2, ...options } });
  return {
    task: findTask(type),
    options: settings,
    pipeline,
    facts: { input, ...(classes && { classes }), ...(audio && { audio }) },
  };
}

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'pretext-sounds-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

describe('transcription of recordings', () => {
  const short = [
    ['train/123.wav', '123'],
    ['train/31.wav', '31'],
    ['validation/22.wav', '22'],
  ] as const;

  it('feeds frames with a mask, and follows the folders', async () => {
    const { sampler } = open('transcription', await datasetOf('short', short), { longest: 4 });
    // 0.3 s are 28 frames of 25 ms every 10 ms; the next multiple of 12 is 36.
    expect(sampler.input).toEqual({ kind: 'frames', length: 36, features: 16 });
    expect(sampler.classes).toEqual(['1', '2', '3']);
    const { frames, mask, weights } = sampler.evaluationBatch('validation', 0, 2);
    expect(frames).toHaveLength(2 * 36 * 16);
    const counts = [0, 1].map((row) => mask!.subarray(row * 36, (row + 1) * 36).filter((one) => one === 1).length);
    expect(counts).toEqual([18, 1]); // the second row has no recording
    expect(weights).toEqual(Float32Array.of(1, 0));
    expect(frames!.subarray(18 * 16, 36 * 16).every((value) => value === 0)).toBe(true);
    const [item] = sampler.preview(1, 1);
    expect(item).toMatchObject({
      kind: 'image',
      height: 16,
      channels: 1,
      note: expect.stringMatching(/^Transcript: (123|31)$/),
    });
    sampler.close();
  });

  it('has the same loss and reads the same, however long the longest recording is', async () => {
    const long = [...short, ['train/111122223333.wav', '12']] as const;
    const engine = createOnnxRuntimeEngine();
    const results: { length: number; metrics: Readonly<Record<string, number>> }[] = [];
    for (const [name, files] of [
      ['few', short],
      ['more', long],
    ] as const) {
      const opened = open('transcription', await datasetOf(name, files), { longest: 4 });
      const model = modelOf('transcription', opened);
      const program = buildModel(model, 'evaluation', 1);
      const executable = await engine.compile(program, { threads: 1 });
      await executable.importState({ parameters: initialParameters(program, 5) });
      const feeds = opened.sampler.evaluationBatch('validation', 0, 1);
      const outputs = await executable.run(feeds);
      const evaluation = transcriptionEvaluation(['1', '2', '3'], 4, 8);
      evaluation.add(outputs, feeds);
      results.push({ length: feeds.mask!.length, metrics: evaluation.result().metrics });
      await executable.release();
      opened.sampler.close();
    }
    const [few, more] = results;
    expect(more!.length).toBeGreaterThan(few!.length * 2);
    expect(more!.metrics.loss).toBeCloseTo(few!.metrics.loss!, 5);
    expect(more!.metrics.loss).toBeGreaterThan(0);
    expect(more!.metrics.characterErrorRate).toBe(few!.metrics.characterErrorRate);
  });
});

describe('classification of recordings', () => {
  const files = Array.from({ length: 40 }, (_, index) => {
    const rising = ['12', '234', '13', '24', '1234'][index % 5]!;
    const isRising = index % 2 === 0;
    const notes = isRising ? rising : Array.from(rising).reverse().join('');
    return [`${notes}-${index}.wav`, isRising ? 'rising' : 'falling'] as const;
  });

  it.each(['vector', 'mean', 'max', 'last'])('tells melodies apart, pooled by %s', async (pooling) => {
    const folder = await datasetOf(`tones-${pooling}`, files);
    const opened = open('audio-classification', folder, { pooling, testFraction: 0.3 });
    const model = modelOf('audio-classification', opened);
    const program = buildModel(model, 'training', 8);
    const engine = createOnnxRuntimeEngine();
    const optimizer = { type: 'adamw', beta1: 0.9, beta2: 0.999, epsilon: 1e-6, weightDecay: 0, clipNorm: 1 } as const;
    const trainer = await engine.compile(program, { optimizer, threads: 1 });
    await trainer.importState({ parameters: initialParameters(program, 1) });
    for (let step = 0; step < 60; step++) {
      await trainer.step([opened.sampler.trainingBatch(1, step, 8)], { learningRate: 0.02, seed: 1, step });
    }
    const evaluator = await engine.compile(buildModel(model, 'evaluation', 4), { shareStateWith: trainer, threads: 1 });
    const { task, options, facts } = model;
    const evaluation = task.evaluation(options, facts);
    for (let index = 0; index < opened.sampler.evaluationBatchCount('test', 4); index++) {
      const feeds = opened.sampler.evaluationBatch('test', index, 4);
      evaluation.add(await evaluator.run(feeds), feeds);
    }
    expect(evaluation.result().metrics.accuracy).toBeGreaterThanOrEqual(0.95);

    if (pooling === 'vector') {
      const predictor = await engine.compile(buildModel(model, 'prediction', 1), {
        shareStateWith: trainer,
        threads: 1,
      });
      const question = join(root, 'question.wav');
      await writeFile(question, melody('14', 22_050)); // another sampling rate than those of the training
      const recording = await readQueryRecording(question, facts.audio!);
      const [answer] = await task.predict!(
        { ...facts, run: (feeds) => predictor.run(feeds) },
        { recording, top: 1 },
        options,
      );
      expect(answer!.choices[0]!.label).toBe('rising');
      await writeFile(question, melody('4444444444'));
      const tooLong = await readQueryRecording(question, facts.audio!);
      await expect(
        task.predict!({ ...facts, run: (feeds) => predictor.run(feeds) }, { recording: tooLong, top: 1 }, options),
      ).rejects.toMatchObject({ code: 'bad-input', message: expect.stringContaining('this model reads') });
      await writeFile(question, 'not a sound');
      await expect(readQueryRecording(question, facts.audio!)).rejects.toMatchObject({
        code: 'bad-input',
        message: expect.stringContaining('question.wav is not a WAV, FLAC'),
      });
      await predictor.release();
    }
    await evaluator.release();
    await trainer.release();
    opened.sampler.close();
  });

  it('says which stackings come out even', async () => {
    const opened = open('audio-classification', await datasetOf('uneven', files.slice(0, 8)), { pooling: 'mean' });
    expect(() => buildModel(modelOf('audio-classification', opened, { stacking: 5 }), 'training', 2)).toThrow(
      expect.objectContaining({ code: 'bad-spec', message: expect.stringContaining('stack 2, 3, 4, 6 or 12 frames') }),
    );
    opened.sampler.close();
  });
});
