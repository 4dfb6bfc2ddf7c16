/**
 * Answers and embeddings of 2,000 short texts: one question at a time, as a person asks, against a whole file. The texts are
 * sentences of the Brown corpus; the network has seen two steps of training, which changes nothing about the time.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brownTexts } from '../src/main/data/samples/brown.ts';
import { createSentenceSplitter } from '../src/main/data/text/sentences.ts';
import { predictFile } from '../src/main/runs/batch/predict-file.ts';
import { createRun } from '../src/main/runs/create-run.ts';
import { openEmbedder } from '../src/main/runs/embedder.ts';
import { parseExperiment } from '../src/main/runs/experiment.ts';
import { openPredictor } from '../src/main/runs/predict.ts';
import { networkOfRun } from '../src/main/runs/trained-network.ts';
import { parseSpecText } from '../src/main/runs/spec-file.ts';
import { trainRun } from '../src/main/runs/train-run.ts';
import { encodeQuery } from '../src/main/tasks/encode-query.ts';
import { importCorpus, importDataset } from '../src/main/work/import-material.ts';
import type { RunFolder } from '../src/main/workspace/run-folder.ts';
import { openWorkspace } from '../src/main/workspace/workspace.ts';
import type { Bench } from './lib/bench.ts';
import { roundTo } from './lib/bench.ts';

const texts = 2000;
const documents = 40;
const signal = new AbortController().signal;

interface Material {
  readonly run: RunFolder;
  readonly sentences: readonly string[];
  readonly file: string;
}

async function makeRun(folder: string, preset: string): Promise<Material> {
  const split = createSentenceSplitter('en');
  const written = [...brownTexts()].slice(0, documents).map(({ text }) => text);
  const sentences = written.flatMap((text) => [...split(text)]).slice(0, texts);
  const workspace = await openWorkspace(join(folder, 'workspace'));
  const sources = join(folder, 'text');
  await mkdir(sources);
  for (const [index, text] of written.entries()) await writeFile(join(sources, `${index}.txt`), text);
  await importCorpus(workspace, 'brown', { sources: [sources], tokenizer: { vocabularySize: 8192 } });
  const rows = sentences.map((text, index) => JSON.stringify({ text, label: index % 2 === 0 ? 'even' : 'odd' }));
  await writeFile(join(folder, 'labelled.jsonl'), rows.join('\n'));
  await importDataset(workspace, 'parity', { sources: [join(folder, 'labelled.jsonl')] });
  const experiment = parseExperiment(
    parseSpecText(
      `
name: parity
task: {type: text-classification, length: 128}
data: parity
tokenizer: {corpus: brown}
pipeline: {preset: ${preset}}
training: {steps: 2, batchSize: 8, evaluateEvery: 2}`,
      'parity.yaml',
    ),
  );
  const run = await createRun(workspace, experiment);
  await trainRun(workspace, run, { signal, prefetch: false });
  const file = join(folder, 'texts.jsonl');
  await writeFile(file, sentences.map((text) => JSON.stringify({ text })).join('\n'));
  return { run, sentences, file };
}

interface Spent {
  readonly seconds: number;
  /** Of all threads: says more than the clock where other programs use the processors too. */
  readonly processorSeconds: number;
}

async function timed(work: () => Promise<unknown>): Promise<Spent> {
  const processor = process.cpuUsage();
  const started = performance.now();
  await work();
  const seconds = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(processor);
  return { seconds: roundTo(seconds, 2), processorSeconds: roundTo((user + system) / 1e6, 2) };
}

/** Without the compilation of the programs that short texts run in: every length has been seen before. */
async function oneByOne(sentences: readonly string[], ask: (text: string) => Promise<unknown>): Promise<Spent> {
  for (const text of sentences.slice(0, 200)) await ask(text);
  return timed(async () => {
    for (const text of sentences) await ask(text);
  });
}

/** From the file to the file of answers, with opening and compiling. */
function wholeFile({ run, file }: Material, output: string, embeddings: boolean): Promise<Spent> {
  const rest = { signal, onProgress: () => undefined };
  return timed(async () => predictFile(await networkOfRun(run, 'last'), { input: file, output, embeddings, ...rest }));
}

/** How many times as long the first takes. */
function ratio(one: Spent, other: Spent): Spent {
  return {
    seconds: roundTo(one.seconds / other.seconds, 1),
    processorSeconds: roundTo(one.processorSeconds / other.processorSeconds, 1),
  };
}

export const bench: Bench = {
  summary: 'answers and embeddings of 2,000 texts: one at a time, and as a file',
  async run(name, { threads, progress, only }) {
    const [preset = 'modern-mini'] = only ?? [];
    const folder = await mkdtemp(join(tmpdir(), 'pretext-bench-'));
    try {
      progress(`training two steps of ${preset}`);
      const material = await makeRun(folder, preset);
      const { run, sentences } = material;
      progress('answers');
      await using predictor = await openPredictor(run, 'last');
      const answersOneByOne = await oneByOne(sentences, (text) => predictor.ask({ text, top: 2 }));
      const answersOfFile = await wholeFile(material, join(folder, 'answers.csv'), false);
      progress('embeddings');
      const network = await networkOfRun(run, 'last');
      await using embedder = await openEmbedder(network, 1);
      const read = { ...network.backbone.facts, tokenizerFile: run.tokenizer };
      const embeddingsOneByOne = await oneByOne(sentences, (text) => embedder.embed(encodeQuery(read, { text }).feeds));
      const embeddingsOfFile = await wholeFile(material, join(folder, 'vectors.parquet'), true);
      return {
        name,
        threads,
        size: { texts: sentences.length, length: 128 },
        preset,
        answersOneByOne,
        answersOfFile,
        answersRatio: ratio(answersOneByOne, answersOfFile),
        embeddingsOneByOne,
        embeddingsOfFile,
        embeddingsRatio: ratio(embeddingsOneByOne, embeddingsOfFile),
      };
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
};
