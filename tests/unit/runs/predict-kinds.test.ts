// Answers to whole files of every other kind: recordings, transcripts of lines, next words and pairs are those to each alone.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { importAudioDataset } from '../../../src/main/data/audio/import-audio.ts';
import { importImageDataset } from '../../../src/main/data/images/import.ts';
import { digitLineShape, digitLineSource } from '../../../src/main/data/samples/digit-lines.ts';
import { importTextCorpus } from '../../../src/main/data/text/import-corpus.ts';
import type { PredictFileOptions, PredictFileResult } from '../../../src/main/runs/batch/predict-file.ts';
import { predictFile } from '../../../src/main/runs/batch/predict-file.ts';
import { createRun } from '../../../src/main/runs/create-run.ts';
import { parseExperiment } from '../../../src/main/runs/experiment.ts';
import type { Predictor } from '../../../src/main/runs/predict.ts';
import { openPredictor } from '../../../src/main/runs/predict.ts';
import { readQueryImage } from '../../../src/main/runs/query-image.ts';
import { readQueryRecording } from '../../../src/main/runs/query-recording.ts';
import { parseSpecText } from '../../../src/main/runs/spec-file.ts';
import { trainRun } from '../../../src/main/runs/train-run.ts';
import { networkOfRun } from '../../../src/main/runs/trained-network.ts';
import type { PredictionQuery } from '../../../src/main/tasks/index.ts';
import type { RunFolder } from '../../../src/main/workspace/run-folder.ts';
import sharp from 'sharp';
import type { TinyWorkspace } from '../../tiny-workspace.ts';
import { createTinyWorkspace } from '../../tiny-workspace.ts';
import { tone, wavFile } from '../audio-fixtures.ts';
import { picturePixels } from '../data-images-fixtures.ts';

const { signal } = new AbortController();
let tiny: TinyWorkspace;

const place = (name: string): string => join(tiny.folder, name);

beforeAll(async () => {
  tiny = await createTinyWorkspace();
});
afterAll(() => tiny.remove());

async function trained(spec: string): Promise<RunFolder> {
  const text = `{${spec}, engine: {threads: 1}, training: {steps: 2, batchSize: 4, evaluateEvery: 2}}`;
  const run = await createRun(tiny.workspace, parseExperiment(parseSpecText(text, 'kinds.yaml')));
  await trainRun(tiny.workspace, run, { signal, prefetch: false });
  return run;
}

interface Answered {
  readonly result: PredictFileResult;
  readonly rows: readonly Readonly<Record<string, unknown>>[];
}

async function answersOf(run: RunFolder, name: string, more: Partial<PredictFileOptions> = {}): Promise<Answered> {
  const output = place(`${name}.answers-${more.embeddings ? 'vectors' : 'words'}.jsonl`);
  const asked = { input: place(name), output, signal, onProgress: () => undefined, ...more };
  const result = await predictFile(await networkOfRun(run), asked);
  const lines = (await readFile(output, 'utf8')).trimEnd().split('\n');
  return { result, rows: lines.map((line) => JSON.parse(line) as Record<string, unknown>) }; // as it was written
}

/** The likeliest answer to a question that is asked alone, beside what a row says. */
async function expectAlone({ ask }: Predictor, query: PredictionQuery, row: Answered['rows'][number]): Promise<void> {
  const [answer] = await ask(query);
  const [choice] = answer!.choices;
  expect(row.prediction).toBe(choice!.label);
  expect(row.probability).toBeCloseTo(choice!.probability, 5);
}

it('recordings of a folder, and their embeddings; what is none is named', async () => {
  const folder = place('sounds');
  await mkdir(folder);
  const list = ['path,label'];
  for (let index = 0; index < 12; index += 1) {
    const samples = tone(300 + 200 * (index % 2) + index, 0.3, 16_000);
    await writeFile(join(folder, `${String(index)}.wav`), wavFile([samples], 16_000, { bits: 16 }));
    list.push(`${String(index)}.wav,${index % 2 === 0 ? 'low' : 'high'}`);
  }
  await writeFile(place('list.csv'), `${list.map((row) => row.replace(/^(?=\d)/u, 'sounds/')).join('\n')}\n`);
  const destination = join(tiny.workspace.datasets, 'sounds');
  await importAudioDataset({ sources: [place('list.csv')], destination, name: 'sounds', options: { bands: 16 } });
  const run = await trained(
    'name: sounds, task: {type: audio-classification}, data: sounds, pipeline: {preset: speech-lstm, options: {hiddenSize: 8}}',
  );
  await writeFile(join(folder, '99.wav'), 'no recording');
  const { result, rows } = await answersOf(run, 'sounds');
  expect(result).toMatchObject({ answered: 12, failed: 1, truncated: 0 });
  expect(result.failures).toEqual([expect.objectContaining({ file: '99.wav', line: null })]);
  await using predictor = await openPredictor(run);
  const { audio } = predictor.facts;
  for (const row of rows.filter(({ problem }) => problem === null)) {
    const recording = await readQueryRecording(join(folder, String(row.file)), audio!);
    await expectAlone(predictor, { recording, top: 2 }, row);
  }
  const vectors = await answersOf(run, 'sounds', { embeddings: true });
  expect(vectors.result).toMatchObject({ answered: 12, failed: 1 });
  expect(new Set(vectors.rows.map(({ embedding }) => (Array.isArray(embedding) ? embedding.length : 0)))).toEqual(
    new Set([16, 0]),
  );
});

it('lines of digits', async () => {
  await importImageDataset({
    source: digitLineSource({ lines: { train: 12, validation: 4, test: 4 }, imagesPerDigit: 4 }),
    destination: join(tiny.workspace.datasets, 'lines'),
    name: 'lines',
    options: { size: digitLineShape, channels: 1, fit: 'stretch', nearDistance: 0 },
  });
  const run = await trained(
    'name: lines, task: {type: transcription, longest: 8}, data: lines, pipeline: {preset: crnn, options: {hiddenSize: 8}}',
  );
  const { height, width } = digitLineShape;
  await mkdir(place('pictures'));
  for (let index = 0; index < 5; index += 1) {
    const raw = { width, height, channels: 3 as const };
    await sharp(picturePixels(index, height, width), { raw })
      .png()
      .toFile(join(place('pictures'), `${String(index)}.png`));
  }
  const { result, rows } = await answersOf(run, 'pictures');
  expect(result).toMatchObject({ answered: 5, failed: 0 });
  await using predictor = await openPredictor(run);
  for (const row of rows) {
    const image = await readQueryImage(join(place('pictures'), String(row.file)), predictor.facts.images!);
    await expectAlone(predictor, { image, top: 1 }, row);
  }
});

it('next words, after texts that are longer than the model reads, too', async () => {
  const run = await trained(
    'name: words, task: {type: next-word, length: 16, evaluationExamples: 8}, data: tiny, pipeline: {preset: lstm-lm, options: {hiddenSize: 8}}',
  );
  const long = Array.from({ length: 30 }, () => 'the cat').join(' ');
  const texts = ['the cat sees', 'a bird', long, 'my neighbour likes the'];
  await writeFile(place('beginnings.txt'), `${texts.join('\n')}\n`);
  const { result, rows } = await answersOf(run, 'beginnings.txt', { top: 3 });
  expect(result).toMatchObject({ answered: 4, truncated: 1, failed: 0 });
  expect(rows.map(({ line, text, truncated }) => [line, text, truncated])).toEqual(
    texts.map((text, index) => [index + 1, text, text === long]),
  );
  await using predictor = await openPredictor(run);
  for (const [index, row] of rows.entries()) {
    await expectAlone(predictor, { text: texts[index]!, top: 3 }, row);
    expect(Number(row.probability)).toBeGreaterThanOrEqual(Number(row.probability_3));
  }
});

it('pairs of texts from two columns, of which a row without the second is named', async () => {
  const folder = place('sentences');
  await mkdir(folder);
  for (let index = 0; index < 24; index += 1) {
    const name = index % 2 === 0 ? 'cat' : 'bird';
    const text = `The ${name} ${String(index)} sees the house. The ${name} likes milk ${String(index)}. The man ${String(index)} has a ${name}. It sleeps in garden ${String(index)}.`;
    await writeFile(join(folder, `${String(index)}.txt`), text);
  }
  await importTextCorpus({
    sources: [folder],
    folder: join(tiny.workspace.corpora, 'sentences'),
    name: 'sentences',
    tokenizer: { vocabularySize: 60 },
  });
  const run = await trained(
    'name: pairs, task: {type: next-sentence, length: 24}, data: sentences, pipeline: {preset: bert-tiny, options: {layers: 1, hiddenSize: 8, heads: 2, maximumLength: 24}}',
  );
  const pairs = [
    ['the cat sees the house.', 'the cat likes milk.'],
    ['a bird sleeps.', 'it sees the man.'],
    ['the man has a bird.', ''],
  ] as const;
  const table = ['id,first,second', ...pairs.map(([a, b], index) => `${String(index)},${a},${b}`)];
  await writeFile(place('pairs.csv'), `${table.join('\n')}\n`);
  const { result, rows } = await answersOf(run, 'pairs.csv', {
    textColumn: 'first',
    pairColumn: 'second',
    keep: ['id'],
  });
  expect(result).toMatchObject({ answered: 2, failed: 1 });
  expect(result.columns).not.toContain('first');
  expect(rows[2]).toMatchObject({ id: '2', problem: 'has no second text' });
  await using predictor = await openPredictor(run);
  for (const [index, [text, textPair]] of pairs.slice(0, 2).entries()) {
    expect(rows[index]).toMatchObject({ id: String(index), problem: null, truncated: false });
    await expectAlone(predictor, { text, textPair, top: 2 }, rows[index]!);
  }
});
