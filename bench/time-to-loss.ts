/**
 * How many seconds of training it takes to reach a loss on masked words: here, in PyTorch with our recipe, and in PyTorch as
 * `run_mlm.py` trains BERT, its rate and batch tuned. All three read the same sequences of the demo's corpus and are evaluated on
 * the same masks. A loss counts at the end of its schedule alone, so each is trained for several lengths, each twice the one before.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import type { Bench, BenchOptions, BenchReport } from './lib/bench.ts';
import { roundTo } from './lib/bench.ts';
import type { Contestant } from './lib/contestant.ts';
import { startContestant } from './lib/contestant.ts';
import {
  importCorpus,
  openWords,
  pretext,
  readExperiment,
  recipeOf,
  seed,
  size,
  writeExamples,
} from './lib/demo-words.ts';
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

const root = path.resolve(import.meta.dirname, '..');
const trainedHere = z.object({
  steps: z.number(),
  seconds: z.object({ training: z.number() }),
  validation: z.object({ metrics: z.object({ loss: z.number() }) }),
});
const trainedThere = z.object({ steps: z.number(), seconds: z.number(), loss: z.number() });

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
    const sampler = openWords(experiment, dataFolder);
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
