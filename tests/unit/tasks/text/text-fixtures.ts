/** Small corpora and datasets for the tests of the text tasks, made by the real importers in a temporary folder. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { importTextCorpus } from '../../../../src/main/data/text/import-corpus.ts';
import { importTextDataset } from '../../../../src/main/data/text/import-dataset.ts';
import { randomStream } from '../../../../src/shared/random.ts';

export interface TextFixture {
  readonly root: string;
  readonly corpus: string;
  readonly tokenizerFile: string;
  readonly remove: () => Promise<void>;
}

const subjects = ['the man', 'a woman', 'the old dog', 'my neighbour', 'the teacher', 'nobody'];
const verbs = ['went to', 'looked at', 'talked about', 'bought', 'forgot'];
const objects = ['the store', 'a gallon of milk', 'the garden', 'an unusual book', 'the river'];

/** A word that is in every sentence of one document and in no other document. */
export function markOf(document: number): string {
  const letter = (index: number): string => String.fromCharCode(97 + index);
  return `q${letter(Math.floor(document / 26))}${letter(document % 26)}q`;
}

/** The marks that occur in a text. */
export function marksIn(text: string): Set<string> {
  return new Set(text.match(/\bq[a-z]{2}q\b/g));
}

export function documentText(document: number, sentences: number): string {
  const stream = randomStream(document, 7);
  const pick = (list: readonly string[]): string => list[stream.integer(list.length)]!;
  return Array.from({ length: sentences }, () => {
    const text = `${pick(subjects)} ${markOf(document)} ${pick(verbs)} ${pick(objects)}.`;
    return text.charAt(0).toUpperCase() + text.slice(1);
  }).join(' ');
}

/** A corpus of texts, one document each. */
export async function corpusOf(texts: readonly string[], vocabularySize = 400): Promise<TextFixture> {
  const root = await mkdtemp(join(tmpdir(), 'pretext-text-tasks-'));
  const source = join(root, 'source');
  await mkdir(source);
  await Promise.all(texts.map((text, index) => writeFile(join(source, `${String(index).padStart(4, '0')}.txt`), text)));
  const corpus = join(root, 'corpus');
  await importTextCorpus({ sources: [source], folder: corpus, name: 'fixture', tokenizer: { vocabularySize } });
  return {
    root,
    corpus,
    tokenizerFile: join(corpus, 'tokenizer.json'),
    remove: () => rm(root, { recursive: true, force: true }),
  };
}

/** Sixty documents of 2 to 40 sentences. */
export function markedCorpus(): Promise<TextFixture> {
  return corpusOf(Array.from({ length: 60 }, (_, document) => documentText(document, 2 + ((document * 7) % 39))));
}

export interface LabelledRow {
  readonly text: string;
  readonly label: string;
  readonly pair?: string;
}

/** Imports rows as a dataset into `folder`. */
export async function datasetOf(folder: string, rows: readonly LabelledRow[]): Promise<string> {
  await mkdir(folder, { recursive: true });
  const file = join(folder, 'rows.jsonl');
  await writeFile(file, rows.map((row) => JSON.stringify(row)).join('\n'));
  const hasPairs = rows.some(({ pair }) => pair !== undefined);
  const dataset = join(folder, 'dataset');
  await importTextDataset({
    sources: [file],
    folder: dataset,
    name: 'fixture',
    ...(hasPairs && { pairColumn: 'pair' }),
  });
  return dataset;
}
