// Suggested experiments train as they stand: every task that any kind of data is offered, on small material of every kind.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { importAudioDataset } from '../../../src/main/data/audio/import-audio.ts';
import { importImageCorpus, importImageDataset } from '../../../src/main/data/images/import.ts';
import type { ImageSource } from '../../../src/main/data/images/source.ts';
import { importTextCorpus } from '../../../src/main/data/text/import-corpus.ts';
import { importTextDataset } from '../../../src/main/data/text/import-dataset.ts';
import { createRun } from '../../../src/main/runs/create-run.ts';
import { describeData } from '../../../src/main/runs/describe-data.ts';
import { parseExperiment } from '../../../src/main/runs/experiment.ts';
import { parseSpecText } from '../../../src/main/runs/spec-file.ts';
import { suggestData, suggestExperiment, suggestTask } from '../../../src/main/runs/suggest-experiment.ts';
import { planOf } from '../../../src/main/work/plan.ts';
import { trainRun } from '../../../src/main/runs/train-run.ts';
import type { DataDescription } from '../../../src/main/tasks/index.ts';
import { registeredTasks } from '../../../src/main/tasks/index.ts';
import { listMaterials } from '../../../src/main/workspace/catalogue.ts';
import type { Workspace } from '../../../src/main/workspace/workspace.ts';
import { openWorkspace } from '../../../src/main/workspace/workspace.ts';
import type { LabelFormat } from '../../../src/shared/spec/label-format.ts';
import { randomStream } from '../../../src/shared/random.ts';
import { tinyImages } from '../../tiny-images.ts';
import { tinyDocument } from '../../tiny-workspace.ts';
import { tone, wavFile } from '../audio-fixtures.ts';

let folder: string;
let workspace: Workspace;
let materials: readonly DataDescription[];

async function written(name: string, text: string | Uint8Array): Promise<string> {
  const file = join(folder, name);
  await writeFile(file, text);
  return file;
}

const bases = (seed: number, length: number): string => {
  const random = randomStream(3, seed);
  return Array.from({ length }, () => 'ACGT'[random.integer(4)]).join('');
};

/** Sentences as people write them: with capitals, by which they are told apart. */
const story = (index: number): string =>
  `${tinyDocument(index)} ${tinyDocument(50 + index)}`.replaceAll(/(^|\. )([a-z])/gu, (found) => found.toUpperCase());

/** Images of lines whose labels all differ. */
function lines(count: number): ImageSource {
  const pictures = tinyImages(count, 64);
  return {
    ...pictures,
    async *entries(signal) {
      let index = 0;
      for await (const entry of pictures.entries(signal)) yield { ...entry, label: String(1000 + 37 * index++) };
    },
  };
}

/** Images with numbers, or with several labels. */
function labelledImages(count: number, labelOf: (index: number) => string): ImageSource {
  const pictures = tinyImages(count, 32);
  return {
    ...pictures,
    async *entries(signal) {
      let index = 0;
      for await (const entry of pictures.entries(signal)) yield { ...entry, label: labelOf(index++) };
    },
  };
}

const severalOf = (index: number): string => [...(index % 2 ? ['round'] : []), ...(index % 3 ? ['red'] : [])].join(';');

async function recordings(name: string, labelOf: (index: number) => string, labels?: LabelFormat): Promise<void> {
  const rows = ['path,label'];
  for (let index = 0; index < 24; index++) {
    await written(`${name}-${index}.wav`, wavFile([tone(300 + 40 * index, 0.4, 16_000)], 16_000, { bits: 16 }));
    rows.push(`${name}-${index}.wav,${labelOf(index)}`);
  }
  const list = await written(`${name}.csv`, `${rows.join('\n')}\n`);
  await importAudioDataset({ sources: [list], destination: join(workspace.datasets, name), name, labels });
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pretext-suggested-'));
  workspace = await openWorkspace(join(folder, 'workspace'));
  const { corpora, datasets } = workspace;
  for (const place of [corpora, datasets]) await mkdir(place, { recursive: true });
  await mkdir(join(folder, 'text'));
  for (let index = 0; index < 12; index++) await written(join('text', `${index}.txt`), story(index));
  const fasta = Array.from({ length: 16 }, (_, index) => `>gene${index}\n${bases(index, 120)}\n`).join('');
  await importTextCorpus({
    sources: [await written('genes.fasta', fasta)],
    folder: join(corpora, 'genes'),
    name: 'genes',
    tokenizer: { kind: 'characters' },
  });
  await importTextCorpus({
    sources: [join(folder, 'text')],
    folder: join(corpora, 'stories'),
    name: 'stories',
    tokenizer: { vocabularySize: 60 },
  });
  const rows = Array.from({ length: 40 }, (_, index) => ({
    text: tinyDocument(index),
    other: tinyDocument(100 + index),
    label: ['good', 'bad'][index % 2],
  }));
  const table = await written('mails.jsonl', rows.map((row) => JSON.stringify(row)).join('\n'));
  const dataset = (name: string) => ({ folder: join(datasets, name), name });
  await importTextDataset({ sources: [table], ...dataset('mails') });
  await importTextDataset({ sources: [table], ...dataset('pairs'), pairColumn: 'other' });
  const labelled = Array.from(
    { length: 40 },
    (_, index) => `>s${index} label=${'ab'[index % 2]}\n${bases(index, 90)}\n`,
  );
  const sites = await written('sites.fasta', labelled.join(''));
  await importTextDataset({ sources: [sites], ...dataset('sites') });
  const images = (group: string, name: string) => ({ destination: join(group, name), name, options: { size: 32 } });
  await importImageCorpus({ source: tinyImages(30, 32), ...images(corpora, 'photos') });
  await importImageDataset({ source: tinyImages(45, 32, true), ...images(datasets, 'colours') });
  await importImageDataset({ source: lines(24), ...images(datasets, 'lines') });
  await recordings('words', (index) => ['yes', 'no'][index % 2]!);
  await recordings('sayings', (index) => `word ${index}`);
  const numbered = await written(
    'prices.csv',
    ['text,label', ...rows.map(({ text }, index) => `${text},${index % 7}.5`)].join('\n'),
  );
  await importTextDataset({ sources: [numbered], ...dataset('prices'), labels: { kind: 'numbers' } });
  const many = await written(
    'topics.csv',
    ['text,label', ...rows.map(({ text }, index) => `${text},${severalOf(index)}`)].join('\n'),
  );
  await importTextDataset({ sources: [many], ...dataset('topics'), labels: { kind: 'several' } });
  const conll = rows.map(({ text }) =>
    text
      .split(' ')
      .map((word) => `${word}\t${/^the$/iu.test(word) ? 'O' : 'B-X'}`)
      .join('\n'),
  );
  const tagged = await written('tagged.conll', conll.join('\n\n'));
  await importTextDataset({ sources: [tagged], ...dataset('tagged'), labels: { kind: 'tags' } });
  const ages = labelledImages(30, (index) => `${20 + index}`);
  await importImageDataset({
    source: ages,
    ...images(datasets, 'ages'),
    labels: { format: { kind: 'numbers' }, column: 'label' },
  });
  await importImageDataset({
    source: labelledImages(30, severalOf),
    ...images(datasets, 'things'),
    labels: { format: { kind: 'several' }, column: 'label' },
  });
  await recordings('lengths', (index) => `${index / 10}`, { kind: 'numbers' });
  await recordings('sounds', (index) => severalOf(index), { kind: 'several' });
  const found = [await listMaterials(workspace, 'corpus'), await listMaterials(workspace, 'dataset')];
  materials = found.flatMap((list) => list.materials.map(describeData));
}, 60_000);

afterAll(() => rm(folder, { recursive: true, force: true }));

const named = (name: string): DataDescription => materials.find((material) => material.name === name)!;

describe('the task that is suggested', () => {
  it.each([
    ['stories', 'masked-words'],
    ['genes', 'masked-words'],
    ['mails', 'text-classification'],
    ['pairs', 'text-classification'],
    ['sites', 'text-classification'],
    ['photos', 'patch-position'],
    ['colours', 'image-classification'],
    ['lines', 'transcription'],
    ['words', 'audio-classification'],
    ['sayings', 'transcription'],
    ['prices', 'regression'],
    ['topics', 'multi-label'],
    ['tagged', 'token-classification'],
    ['ages', 'regression'],
    ['things', 'multi-label'],
    ['lengths', 'regression'],
    ['sounds', 'multi-label'],
  ])('for %s is %s', (data, task) => {
    expect(suggestTask(materials, { data })).toMatchObject({ task, data: { name: data } });
  });

  it('is of the wanted kind, and reads what the network reads that it begins from', () => {
    expect(suggestTask(materials, { kind: 'pretext', reads: 'image' })).toMatchObject({
      task: 'patch-position',
      data: { name: 'photos' },
    });
    expect(() => suggestTask(materials, { data: 'photos', kind: 'supervised' })).toThrow("uses 'photos'");
    expect(() => suggestTask(materials, { data: 'phots' })).toThrow("no data 'phots'");
  });

  it('tells a corpus from a dataset of the same name', () => {
    const both = [named('photos'), { ...named('colours'), name: 'photos' }];
    const taskOf = (group: 'corpus' | 'dataset') => suggestTask(both, { data: 'photos', group }).task;
    expect([taskOf('corpus'), taskOf('dataset')]).toEqual(['patch-position', 'image-classification']);
  });

  it('gets data that it suits: transcripts for transcription', () => {
    expect(suggestData('transcription', materials)?.name).toBe('lines');
    expect(suggestData('image-classification', materials)?.name).toBe('colours');
  });
});

const parsed = (spec: Record<string, unknown>) => parseExperiment(parseSpecText(JSON.stringify(spec), 'suggested'));

/** Plans it as it stands, which draws a whole batch, and trains two steps of small batches. */
async function train(spec: Record<string, unknown>): Promise<number> {
  const signal = new AbortController().signal;
  await planOf({ workspace, signal, progress: () => undefined }, { spec: parsed(spec) });
  const short = {
    ...spec,
    training: { ...(spec.training as object), epochs: undefined, steps: 2, batchSize: 2 },
    evaluation: { inspect: false, leaks: 'ignore', maximumBatches: 1 },
    engine: { threads: 1 },
  };
  const run = await createRun(workspace, parsed(short));
  const result = await trainRun(workspace, run, { signal });
  return result?.steps ?? 0;
}

describe('a suggested experiment trains as it stands', () => {
  const kinds = ['stories', 'genes', 'mails', 'pairs', 'sites', 'photos', 'colours', 'lines', 'words', 'sayings'];
  const labelled = ['prices', 'topics', 'tagged', 'ages', 'things', 'lengths', 'sounds'];
  it.each([...kinds, ...labelled])(
    'on %s, with every task that is offered for it',
    { timeout: 120_000 },
    async (data) => {
      const material = named(data);
      const offered = registeredTasks().filter(
        ({ data: read, suggested }) => read.includes(material.kind) && (suggested?.suits?.(material) ?? true),
      );
      expect(offered.length).toBeGreaterThan(0);
      for (const { type } of offered) {
        const spec = suggestExperiment(type, { data: material, corpora: materials });
        expect(await train(spec), `${type} on ${data}`).toBe(2);
      }
    },
  );

  it('on labelled text without any corpus, with a tokenizer of its own', { timeout: 60_000 }, async () => {
    for (const data of [named('mails'), named('sites')]) {
      expect(await train(suggestExperiment('text-classification', { data })), data.name).toBe(2);
    }
  });
});
