/** A workspace in a temporary folder with a small text corpus, for tests that need real data but not much of it. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Experiment } from '../src/shared/spec/experiment/index.ts';
import { randomStream } from '../src/shared/random.ts';
import { importTextCorpus } from '../src/main/data/text/import-corpus.ts';
import { parseExperiment } from '../src/main/runs/experiment.ts';
import { parseSpecText } from '../src/main/runs/spec-file.ts';
import type { Workspace } from '../src/main/workspace/workspace.ts';
import { openWorkspace } from '../src/main/workspace/workspace.ts';

const subjects = ['the cat', 'the dog', 'a bird', 'my neighbour', 'the old man', 'a child'];
const verbs = ['sees', 'finds', 'likes', 'follows', 'forgets', 'wants'];
const objects = ['the house', 'a red ball', 'the river', 'an apple', 'the garden', 'some milk'];

/** Documents of simple sentences, always the same ones. */
export function tinyDocument(index: number): string {
  const random = randomStream(7, index);
  const pick = (words: readonly string[]): string => words[random.integer(words.length)] ?? '';
  const sentence = (): string => `${pick(subjects)} ${pick(verbs)} ${pick(objects)}.`;
  return Array.from({ length: 12 }, sentence).join(' ');
}

export async function writeTinyText(folder: string, documents = 40): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (let index = 0; index < documents; index++) await writeFile(join(folder, `${index}.txt`), tinyDocument(index));
}

export interface TinyWorkspace {
  readonly workspace: Workspace;
  readonly folder: string;
  remove(): Promise<void>;
}

/** Has the corpus `tiny`. */
export async function createTinyWorkspace(): Promise<TinyWorkspace> {
  const folder = await mkdtemp(join(tmpdir(), 'pretext-'));
  const workspace = await openWorkspace(join(folder, 'workspace'));
  await writeTinyText(join(folder, 'text'));
  await importTextCorpus({
    sources: [join(folder, 'text')],
    folder: join(workspace.corpora, 'tiny'),
    name: 'tiny',
    tokenizer: { vocabularySize: 100 },
  });
  return { workspace, folder, remove: () => rm(folder, { recursive: true, force: true }) };
}

/** A masked-words experiment on `tiny` that takes milliseconds a step; `more` is YAML that is appended. */
export function tinySpec(more = '', name = 'tiny-words'): string {
  return `
name: ${name}
task: {type: masked-words, length: 16, validationFraction: 0.1, testFraction: 0.1, evaluationExamples: 16}
data: tiny
pipeline: {preset: bert-tiny, options: {layers: 2, hiddenSize: 8, heads: 2, maximumLength: 16}}
engine: {threads: 1}
${more || 'training: {steps: 12, batchSize: 4, learningRate: 1e-2, evaluateEvery: 4, checkpointEvery: 5, logEvery: 2}'}
`;
}

export function tinyExperiment(more = '', name?: string): Experiment {
  return parseExperiment(parseSpecText(tinySpec(more, name), 'tiny.yaml'));
}
