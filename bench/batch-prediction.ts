/**
 * Answers and embeddings of 2,000 short texts: one question at a time, as a person asks, against a whole file. The texts are
 * sentences of the Brown corpus; the network has seen two steps of training, which changes nothing about the time.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brownTexts } from '../src/main/data/samples/brown.ts';
import { createSentenceSplitter } from '../src/main/data/text/sentences.ts';
import { createProgram, input, matmul, mean, output } from '../src/main/graph/index.ts';
import { flopsOf } from '../src/main/graph/op.ts';
import { batchLengths, textsOfLength } from '../src/main/runs/batch/batch-sizes.ts';
import { predictFile } from '../src/main/runs/batch/predict-file.ts';
import { createRun } from '../src/main/runs/create-run.ts';
import { openEmbedder } from '../src/main/runs/embedder.ts';
import { loadEngine } from '../src/main/runs/engines.ts';
import { parseExperiment } from '../src/main/runs/experiment.ts';
import { openNetwork } from '../src/main/runs/open-trained.ts';
import { openNetworkPredictor } from '../src/main/runs/predict.ts';
import type { TrainedNetwork } from '../src/main/runs/trained-network.ts';
import { networkOfRun } from '../src/main/runs/trained-network.ts';
import { parseSpecText } from '../src/main/runs/spec-file.ts';
import { trainRun } from '../src/main/runs/train-run.ts';
import { encodeQuery } from '../src/main/tasks/encode-query.ts';
import { atLength } from '../src/main/training/length-buckets.ts';
import { buildModel } from '../src/main/training/model.ts';
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

async function makeRun(folder: string, preset: string, threads: number): Promise<Material> {
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
training: {steps: 2, batchSize: 8, evaluateEvery: 2}
engine: {name: onnxruntime, threads: ${threads}}`,
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

type Ask = (text: string) => Promise<unknown>;

/** Without the compilation of the programs that short texts run in: every length has been seen before. */
async function oneByOne(sentences: readonly string[], ask: Ask): Promise<Spent> {
  for (const text of sentences.slice(0, 200)) await ask(text);
  return timed(async () => {
    for (const text of sentences) await ask(text);
  });
}

/** Answers in one program of the model's whole length, which every text is padded to. */
async function atFullLength(network: TrainedNetwork, sentences: readonly string[]): Promise<Spent> {
  await using trained = await openNetwork(
    await network.weights(),
    network.engine,
    buildModel(network.whole(), 'prediction', 1),
  );
  const read = readingOf(network);
  return await oneByOne(sentences, (text) => trained.run(encodeQuery(read, { text }).feeds));
}

const readingOf = ({ backbone, tokenizerFile }: TrainedNetwork): Parameters<typeof encodeQuery>[0] => ({
  ...backbone.facts,
  ...(tokenizerFile !== undefined && { tokenizerFile }),
});

const together = 1024;
/** The feed-forward sublayer of modern-mini for a batch: there and back, several times in one call. */
const product = [768, 256, 672] as const;
const pairs = 8;

/** What the matrix products of the file's batches take where nothing else is done: no batching can be faster. */
async function productsAlone(network: TrainedNetwork, sentences: readonly string[], threads: number): Promise<Spent> {
  const model = network.whole();
  const { input: kind } = model.facts;
  if (kind.kind !== 'tokens') throw new Error('the bench reads texts');
  const read = readingOf(network);
  const lengths = sentences.map((text) => {
    const { mask = [] } = encodeQuery(read, { text }).feeds;
    return Array.from<number>(mask).reduce((sum, one) => sum + one, 0);
  });
  const programLengths = batchLengths(kind.length);
  const flopsOfLength = new Map(
    programLengths.map((length) => {
      const { nodes } = buildModel(atLength(model, length), 'prediction', textsOfLength(length));
      const products = nodes.filter(({ op }) => op.name === 'dense' || op.name === 'matmul');
      return [length, products.reduce((sum, node) => sum + flopsOf(node), 0)];
    }),
  );
  let flops = 0;
  for (let start = 0; start < lengths.length; start += together) {
    const sorted = lengths.slice(start, start + together).sort((a, b) => b - a);
    while (sorted.length > 0) {
      const length = programLengths.find((candidate) => candidate >= (sorted[0] ?? 0)) ?? kind.length;
      flops += flopsOfLength.get(length) ?? 0;
      sorted.splice(0, textsOfLength(length));
    }
  }
  const [height, inner, width] = product;
  const program = createProgram('products');
  let value = input(program, 'left', 'float32', [height, inner]);
  const up = input(program, 'up', 'float32', [inner, width]);
  const down = input(program, 'down', 'float32', [width, inner]);
  for (let pair = 0; pair < pairs; pair += 1) value = matmul(matmul(value, up), down);
  output(program, 'mean', mean(value, [0, 1]));
  await using executable = await (await loadEngine(network.engine.name)).compile(program, { threads });
  const filled = (size: number, one: number): Float32Array => new Float32Array(size).fill(one);
  const feeds = {
    left: filled(height * inner, 1),
    up: filled(inner * width, 1 / inner),
    down: filled(width * inner, 1 / width),
  };
  const times = Math.ceil(flops / (pairs * 4 * height * inner * width));
  await executable.run(feeds);
  return await timed(async () => {
    for (let time = 0; time < times; time += 1) await executable.run(feeds);
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
      const material = await makeRun(folder, preset, threads);
      const { run, sentences } = material;
      const network = await networkOfRun(run, 'last');
      progress('answers');
      await using predictor = await openNetworkPredictor(network);
      const answersOneByOne = await oneByOne(sentences, (text) => predictor.ask({ text, top: 2 }));
      const answersOfFile = await wholeFile(material, join(folder, 'answers.csv'), false);
      progress('answers at the full length');
      const answersAtFullLength = await atFullLength(network, sentences);
      progress('embeddings');
      await using embedder = await openEmbedder(network, 1);
      const read = readingOf(network);
      const embeddingsOneByOne = await oneByOne(sentences, (text) => embedder.embed(encodeQuery(read, { text }).feeds));
      const embeddingsOfFile = await wholeFile(material, join(folder, 'vectors.parquet'), true);
      progress('products');
      return {
        name,
        threads,
        size: { texts: sentences.length, length: 128 },
        preset,
        answersOneByOne,
        answersOfFile,
        answersRatio: ratio(answersOneByOne, answersOfFile),
        answersAtFullLength,
        fullLengthRatio: ratio(answersAtFullLength, answersOfFile),
        embeddingsOneByOne,
        embeddingsOfFile,
        embeddingsRatio: ratio(embeddingsOneByOne, embeddingsOfFile),
        productsOfFile: await productsAlone(network, sentences, threads),
      };
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
};
