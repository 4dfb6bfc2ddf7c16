/** Masked words on the corpus of `npm run demo`, for benches of whole trainings: both sides read the same sequences. */
import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { brownWithoutPassages } from '../../src/main/data/samples/brown-passages.ts';
import { spamAssassinMails } from '../../src/main/data/samples/spam-assassin.ts';
import { writeSampleTexts } from '../../src/main/data/samples/text-sample.ts';
import { parseExperiment } from '../../src/main/runs/experiment.ts';
import { readSpecFile } from '../../src/main/runs/spec-file.ts';
import { maskedWords } from '../../src/main/tasks/masked-words.ts';
import type { TaskSampler } from '../../src/main/tasks/task.ts';
import type { Experiment } from '../../src/shared/spec/experiment/index.ts';
import { tensorFile, writeTensors } from './exchange.ts';

const root = path.resolve(import.meta.dirname, '../..');
const run = promisify(execFile);

export const size = {
  layers: 2,
  features: 128,
  heads: 2,
  feedForward: 336,
  vocabulary: 4096,
  length: 64,
  rotaryBase: 500,
} as const;
export const seed = 0;
/** Of the validation split, which both sides evaluate. */
export const validationExamples = 1024;

/** A `pretext` command in the bench's workspace; returns what it prints. */
export async function pretext(folder: string, ...words: readonly string[]): Promise<string> {
  const cli = path.join(root, 'src/main/cli.ts');
  const given = ['--disable-warning=ExperimentalWarning', cli, '--workspace', path.join(folder, 'workspace'), ...words];
  const { stdout } = await run(process.execPath, given, { maxBuffer: 2 ** 26 });
  return stdout;
}

/** The demo's own corpus. */
export async function importCorpus(folder: string): Promise<string> {
  const files = ['prose', 'mail'].map((name) => path.join(folder, `${name}.jsonl`)) as [string, string];
  await writeSampleTexts(brownWithoutPassages(), files[0]);
  await writeSampleTexts(spamAssassinMails(['easy-ham-2', 'spam-2']), files[1]);
  const vocabulary = ['--vocabulary-size', String(size.vocabulary)];
  await pretext(folder, 'corpus', 'import', 'prose-and-mail', ...files, ...vocabulary);
  return path.join(folder, 'workspace', 'corpora', 'prose-and-mail');
}

/** Masked words on the demo's corpus, with the recipe of its preset. */
export async function readExperiment(): Promise<{ readonly file: string; readonly experiment: Experiment }> {
  const file = path.join(root, 'resources/examples/masked-words.yaml');
  return { file, experiment: parseExperiment(await readSpecFile(file)) };
}

/** Every training sequence as it is before it is masked. */
function unmaskedSequences(sampler: TaskSampler): Int32Array {
  const batch = 512;
  const tokens = new Int32Array(sampler.trainingExamples * size.length);
  for (let step = 0; step * batch < sampler.trainingExamples; step++) {
    const feeds = sampler.trainingBatch(seed, step, batch);
    const shown = Int32Array.from(feeds.tokens!);
    const places = feeds.maskedPositions!.length / batch;
    feeds.maskedPositions!.forEach((position, place) => {
      if (feeds.maskedWeights![place] !== 1) return;
      shown[Math.floor(place / places) * size.length + position] = feeds.maskedLabels![place]!;
    });
    const start = step * batch * size.length;
    tokens.set(shown.subarray(0, tokens.length - start), start);
  }
  return tokens;
}

export async function writeExamples(folder: string, sampler: TaskSampler): Promise<void> {
  const tokens = unmaskedSequences(sampler);
  const shape = [tokens.length / size.length, size.length];
  await writeTensors(tensorFile(folder, 'training'), {}, { tokens: { shape, data: tokens } });
  const batch = validationExamples;
  const feeds = sampler.evaluationBatch('validation', 0, batch);
  const names = ['tokens', 'maskedPositions', 'maskedLabels', 'maskedWeights'];
  const validation = names.map((name) => [name, { shape: [batch, feeds[name]!.length / batch], data: feeds[name] }]);
  await writeTensors(
    tensorFile(folder, 'validation'),
    {},
    Object.fromEntries(validation) as Parameters<typeof writeTensors>[2],
  );
}

/** What the PyTorch side needs to know of our recipe. */
export function recipeOf({ task, training }: Experiment): Record<string, unknown> {
  return { ...training.schedule, ...training.optimizer, maskProbability: task.maskProbability };
}

/** The sampler of the experiment's own task. */
export function openWords({ task }: Experiment, dataFolder: string): TaskSampler {
  const { type: _type, ...taskOptions } = task;
  return maskedWords.openSampler({ options: maskedWords.options.parse(taskOptions), dataFolder, splitSeed: 0 });
}
