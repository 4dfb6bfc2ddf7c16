/**
 * How many seconds of training it takes to reach a loss on masked words: here, in PyTorch with our recipe, and in PyTorch as
 * `run_mlm.py` trains BERT, its rate and batch tuned. All three read the same sequences of the demo's corpus and are evaluated on
 * the same masks. A loss counts at the end of its schedule alone, so each is trained for several lengths, each twice the one before.
 */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { brownWithoutPassages } from '../src/main/data/samples/brown-passages.ts';
import { spamAssassinMails } from '../src/main/data/samples/spam-assassin.ts';
import { writeSampleTexts } from '../src/main/data/samples/text-sample.ts';
import { parseExperiment } from '../src/main/runs/experiment.ts';
import { readSpecFile } from '../src/main/runs/spec-file.ts';
import { maskedWords } from '../src/main/tasks/masked-words.ts';
import type { TaskSampler } from '../src/main/tasks/task.ts';
import type { Experiment } from '../src/shared/spec/experiment/index.ts';
import type { Bench, BenchOptions, BenchReport } from './lib/bench.ts';
import { roundTo } from './lib/bench.ts';
import type { Contestant } from './lib/contestant.ts';
import { startContestant } from './lib/contestant.ts';
import { tensorFile, writeTensors } from './lib/exchange.ts';
import type { TrainingPoint } from './lib/loss-curve.ts';
import { secondsToLoss } from './lib/loss-curve.ts';
import { candidatePythons, findTorchPythons } from './lib/pythons.ts';

const targets = [6, 5.5, 5, 4.5] as const;
const lowest = Math.min(...targets);
/** The lengths below are those with `--steps 20`, the default; with other numbers they are longer or shorter in proportion. */
const fullLength = 20;
/** Lengths of the trainings with our recipe. */
const stepCounts = [80, 160, 320, 640, 1280];
/** BERT's recipe is tuned in short trainings, and then trained for longer and longer. */
const tuningSeconds = 20;
const tuned = [8, 32].flatMap((batch) => [3e-4, 1e-3, 3e-3].map((rate) => ({ batch, rate })));
const bertSeconds = [30, 60, 120, 240, 480];

const size = {
  layers: 2,
  features: 128,
  heads: 2,
  feedForward: 336,
  vocabulary: 4096,
  length: 64,
  rotaryBase: 500,
} as const;
const seed = 0;

const root = path.resolve(import.meta.dirname, '..');
const run = promisify(execFile);
const trainedHere = z.object({
  steps: z.number(),
  seconds: z.object({ training: z.number() }),
  validation: z.object({ metrics: z.object({ loss: z.number() }) }),
});
const trainedThere = z.object({ steps: z.number(), seconds: z.number(), loss: z.number() });

/** A `pretext` command in the bench's workspace; returns what it prints. */
async function pretext(folder: string, ...words: readonly string[]): Promise<string> {
  const cli = path.join(root, 'src/main/cli.ts');
  const given = ['--disable-warning=ExperimentalWarning', cli, '--workspace', path.join(folder, 'workspace'), ...words];
  const { stdout } = await run(process.execPath, given, { maxBuffer: 2 ** 26 });
  return stdout;
}

/** The demo's own corpus. */
async function importCorpus(folder: string): Promise<string> {
  const files = ['prose', 'mail'].map((name) => path.join(folder, `${name}.jsonl`)) as [string, string];
  await writeSampleTexts(brownWithoutPassages(), files[0]);
  await writeSampleTexts(spamAssassinMails(['easy-ham-2', 'spam-2']), files[1]);
  const vocabulary = ['--vocabulary-size', String(size.vocabulary)];
  await pretext(folder, 'corpus', 'import', 'prose-and-mail', ...files, ...vocabulary);
  return path.join(folder, 'workspace', 'corpora', 'prose-and-mail');
}

/** Masked words on the demo's corpus, with the recipe of its preset. */
async function readExperiment(): Promise<{ readonly file: string; readonly experiment: Experiment }> {
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

async function writeExamples(folder: string, sampler: TaskSampler): Promise<void> {
  const tokens = unmaskedSequences(sampler);
  const shape = [tokens.length / size.length, size.length];
  await writeTensors(tensorFile(folder, 'training'), {}, { tokens: { shape, data: tokens } });
  const batch = 1024;
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
function recipeOf({ task, training }: Experiment): Record<string, unknown> {
  return { ...training.schedule, ...training.optimizer, maskProbability: task.maskProbability };
}

async function trainHere(
  folder: string,
  file: string,
  steps: number,
  { threads }: BenchOptions,
): Promise<TrainingPoint> {
  const settings = {
    'training.steps': steps,
    'training.evaluateEvery': steps,
    'training.checkpointEvery': steps,
    'engine.threads': threads,
    seed,
  };
  const set = Object.entries(settings).flatMap(([name, value]) => ['--set', `${name}=${value}`]);
  const printed = await pretext(folder, 'run', file, ...set, '--json');
  const result = trainedHere.parse(JSON.parse(printed));
  return { steps, seconds: result.seconds.training, loss: result.validation.metrics.loss };
}

async function trainThere(contestant: Contestant, request: Readonly<Record<string, unknown>>): Promise<TrainingPoint> {
  return trainedThere.parse(await contestant.ask({ command: 'train', ...request }));
}

/** Trains for longer and longer, until the lowest of the targets is reached. */
async function trainUntilLowest(
  lengths: readonly number[],
  train: (length: number) => Promise<TrainingPoint>,
  report: (point: TrainingPoint) => void,
): Promise<readonly TrainingPoint[]> {
  const points: TrainingPoint[] = [];
  for (const length of lengths) {
    const point = await train(length);
    report(point);
    points.push(point);
    if (point.loss <= lowest) break;
  }
  return points;
}

async function bestSettings(contestant: Contestant, seconds: number, report: (what: string) => void) {
  const trials = [];
  for (const settings of tuned) {
    const { loss } = await trainThere(contestant, { recipe: 'bert', ...settings, seconds });
    report(`batch ${settings.batch}, rate ${settings.rate}: loss ${loss.toFixed(3)}`);
    trials.push({ ...settings, loss });
  }
  const best = trials.toSorted((a, b) => a.loss - b.loss)[0]!; // there are several
  return { batch: best.batch, rate: best.rate };
}

/** Rounded seconds to each target, and the trainings behind them. */
function describeCurve(points: readonly TrainingPoint[]): Record<string, unknown> {
  const longest = Math.max(...points.map(({ seconds }) => seconds));
  const secondsTo = targets.map((target) => {
    const seconds = secondsToLoss(points, target);
    return [target.toFixed(1), seconds === undefined ? `more than ${longest.toFixed(0)}` : roundTo(seconds, 1)];
  });
  const runs = points.map(({ steps, seconds, loss }) => `${steps} steps ${seconds.toFixed(1)} s ${loss.toFixed(3)}`);
  return { secondsTo: Object.fromEntries(secondsTo) as unknown, runs: runs.join('; ') };
}

/** How many times as long another takes to each target; left out where one of the two never reached it. */
function ratios(theirs: readonly TrainingPoint[], ours: readonly TrainingPoint[]): Record<string, number> {
  return Object.fromEntries(
    targets.flatMap((target) => {
      const [their, our] = [secondsToLoss(theirs, target), secondsToLoss(ours, target)];
      return their === undefined || our === undefined ? [] : [[target.toFixed(1), roundTo(their / our, 2)]];
    }),
  );
}

async function timeToLoss(name: string, options: BenchOptions): Promise<BenchReport> {
  const { threads, progress } = options;
  const [python] = await findTorchPythons(candidatePythons(), options.torch);
  const folder = await mkdtemp(path.join(tmpdir(), 'pretext-bench-'));
  const opened: Contestant[] = [];
  try {
    await mkdir(path.join(folder, 'workspace'));
    progress('importing the corpus');
    const dataFolder = await importCorpus(folder);
    const { file, experiment } = await readExperiment();
    const { type: _type, ...taskOptions } = experiment.task;
    const sampler = maskedWords.openSampler({
      options: maskedWords.options.parse(taskOptions),
      dataFolder,
      splitSeed: 0,
    });
    await writeExamples(folder, sampler);
    sampler.close();
    const config = { size: { ...size, maximumLength: size.length }, threads, seed, settings: recipeOf(experiment) };
    await writeFile(path.join(folder, 'config.json'), JSON.stringify(config));

    const script = path.join(root, 'bench/torch/time_to_loss.py');
    const threadCount = String(threads);
    const environment = { OMP_NUM_THREADS: threadCount, MKL_NUM_THREADS: threadCount };
    const torch = await startContestant(
      `PyTorch ${python!.torchVersion}`,
      python!.command,
      ['-B', script, folder],
      environment,
    );
    opened.push(torch);
    const told = (who: string) => (point: TrainingPoint) =>
      progress(`${who}: ${point.steps} steps, ${point.seconds.toFixed(1)} s, loss ${point.loss.toFixed(3)}`);

    const scale = options.steps / fullLength;
    const counts = stepCounts.map((count) => Math.max(1, Math.round(count * scale)));
    const ours = await trainUntilLowest(counts, (steps) => trainHere(folder, file, steps, options), told('ours'));
    const { batchSize: batch, learningRate: rate } = experiment.training;
    const modern = await trainUntilLowest(
      counts,
      (steps) => trainThere(torch, { recipe: 'modern', batch, rate, steps }),
      told('PyTorch, our recipe'),
    );
    const settings = await bestSettings(torch, tuningSeconds * scale, (what) =>
      progress(`PyTorch, BERT's recipe: ${what}`),
    );
    const bert = await trainUntilLowest(
      bertSeconds.map((seconds) => seconds * scale),
      (seconds) => trainThere(torch, { recipe: 'bert', ...settings, seconds }),
      told("PyTorch, BERT's recipe"),
    );
    return {
      name,
      threads,
      size,
      torchVersion: python!.torchVersion,
      pretextLab: describeCurve(ours),
      torchOurRecipe: describeCurve(modern),
      torchBertRecipe: { ...describeCurve(bert), ...settings },
      ratioToTorchWithOurRecipe: ratios(modern, ours),
      ratioToTorchWithBertRecipe: ratios(bert, ours),
    };
  } finally {
    await Promise.all(opened.map((contestant) => contestant.close()));
    await rm(folder, { recursive: true, force: true });
  }
}

export const bench: Bench = {
  summary: 'seconds to a loss on masked words, here and in PyTorch with our recipe and with that of BERT; half an hour',
  comparesTrainings: true,
  run: timeToLoss,
};
