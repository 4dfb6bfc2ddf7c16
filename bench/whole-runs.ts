/**
 * A whole run, from the start of a process to its end: reading the data, compiling, training, evaluating on the way, saving. Ours is
 * `pretext run` with the experiment of masked words on the demo's corpus; PyTorch's is a script with the same network, the same
 * sequences, the same recipe and evaluations, and as many files written. What else a run of ours finds out (baselines, audits, leaks)
 * is left out of it. They take turns; before that, loss and gradients of both are compared on one batch.
 */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { createOnnxRuntimeEngine } from '../src/main/engines/onnxruntime/engine.ts';
import { readSafetensors } from '../src/main/formats/safetensors.ts';
import type { Program } from '../src/main/graph/index.ts';
import { initialParameters, resolvePipeline } from '../src/main/nn/index.ts';
import type { TaskSampler } from '../src/main/tasks/task.ts';
import { findTask } from '../src/main/tasks/task.ts';
import { buildModel } from '../src/main/training/model.ts';
import { LabError, messageOf } from '../src/shared/errors.ts';
import type { Experiment } from '../src/shared/spec/experiment/index.ts';
import type { Bench, BenchOptions, BenchReport } from './lib/bench.ts';
import { median, roundTo, summariseTimes } from './lib/bench.ts';
import type { Comparison } from './lib/compare.ts';
import { compareSteps } from './lib/compare.ts';
import {
  importCorpus,
  openWords,
  pretext,
  readExperiment,
  recipeOf,
  seed,
  size,
  validationExamples,
  writeExamples,
} from './lib/demo-words.ts';
import { tensorFile, writeTensors } from './lib/exchange.ts';
import { candidatePythons, findTorchPythons } from './lib/pythons.ts';
import { measureQuietly } from './lib/quiet.ts';
import { learningRate, optimizer, optimizerOf } from './lib/torch-bench.ts';

const rounds = 3;
/** Between the losses that two runs end with, whose batches, masks and weights are drawn by different generators. */
const lossTolerance = 0.05;
const script = path.join(import.meta.dirname, 'torch/whole_runs.py');
const run = promisify(execFile);

const ranHere = z.object({
  seconds: z.object({ training: z.number() }),
  validation: z.object({ metrics: z.object({ loss: z.number() }) }),
});
const ranThere = z.object({ loss: z.number(), trainingSeconds: z.number() });
const checkedThere = z.object({ gradientError: z.number() });

interface WholeRun {
  readonly milliseconds: number;
  readonly trainingSeconds: number;
  readonly loss: number;
}

/** What both sides are told; steps that were asked for shorten the run and what is due in it. */
function planOf({ training }: Experiment, stepBudget: number | undefined) {
  const whole = training.steps ?? 1250;
  const steps = stepBudget ?? whole;
  const evaluateEvery = Math.max(1, Math.round((steps / whole) * (training.evaluateEvery ?? 250)));
  return { steps, evaluateEvery, batch: training.batchSize, rate: training.learningRate };
}

type Plan = ReturnType<typeof planOf>;

function programOf({ task: { type, ...options }, pipeline, training }: Experiment, { input }: TaskSampler): Program {
  const task = findTask(type);
  const model = { task, options: task.options.parse(options), pipeline: resolvePipeline(pipeline), facts: { input } };
  return buildModel(model, 'training', training.batchSize);
}

/** Weights, a batch, and what one step makes of them here. */
async function writeChecked(
  folder: string,
  program: Program,
  sampler: TaskSampler,
  { batch }: Plan,
  threads: number,
): Promise<void> {
  const feeds = sampler.trainingBatch(seed, 0, batch);
  const weights = initialParameters(program, seed);
  const read = ['tokens', 'maskedPositions', 'maskedLabels', 'maskedWeights'];
  const inputs = new Map(read.map((name) => [name, { shape: program.inputs.get(name)!.shape, data: feeds[name] }])); // of masked words
  await writeTensors(tensorFile(folder, 'inputs'), { weights, feeds: inputs });
  await using executable = await createOnnxRuntimeEngine().compile(program, { optimizer, threads });
  await executable.importState({ parameters: weights });
  const { outputs, gradients } = await executable.gradients(feeds);
  await executable.step([feeds], { learningRate, seed, step: 0 });
  const { parameters } = await executable.exportState();
  await writeTensors(tensorFile(folder, 'ours'), { gradients, updated: parameters }, { loss: outputs.loss! }); // a training program has one
}

async function checkThere(folder: string, python: string, label: string): Promise<Comparison> {
  const theirs = tensorFile(folder, 'theirs');
  const { gradientError } = checkedThere.parse(await ask(python, ['check', folder, theirs]));
  const files = await Promise.all(
    [tensorFile(folder, 'inputs'), tensorFile(folder, 'ours'), theirs].map(readSafetensors),
  );
  return compareSteps(files[0]!, files[1]!, files[2]!, label, gradientError); // three were read
}

/** What the script answers. Throws `LabError('engine-failed')` with the end of what it complains of. */
async function ask(python: string, words: readonly string[], env = process.env): Promise<unknown> {
  try {
    const { stdout } = await run(python, ['-B', script, ...words], { env });
    return JSON.parse(stdout);
  } catch (error) {
    const complaints = error instanceof Error && 'stderr' in error ? String(error.stderr).slice(-2000) : '';
    throw new LabError('engine-failed', `PyTorch's side failed: ${complaints || messageOf(error)}`, {}, error);
  }
}

async function timed(work: () => Promise<Omit<WholeRun, 'milliseconds'>>): Promise<WholeRun> {
  const begin = performance.now();
  const told = await work();
  return { milliseconds: performance.now() - begin, ...told };
}

function runHere(folder: string, file: string, { steps, evaluateEvery }: Plan, threads: number): Promise<WholeRun> {
  const settings = {
    'training.steps': steps,
    'training.evaluateEvery': evaluateEvery,
    'training.checkpointEvery': steps,
    'task.evaluationExamples': validationExamples,
    'evaluation.test': false,
    'evaluation.baselines': false,
    'evaluation.inspect': false,
    'training.histograms': false,
    'engine.threads': threads,
    seed,
  };
  const set = Object.entries(settings).flatMap(([name, value]) => ['--set', `${name}=${String(value)}`]);
  return timed(async () => {
    const result = ranHere.parse(JSON.parse(await pretext(folder, 'run', file, ...set, '--json')));
    return { trainingSeconds: result.seconds.training, loss: result.validation.metrics.loss };
  });
}

function runThere(folder: string, python: string, threads: number): Promise<WholeRun> {
  const count = String(threads);
  const env = { ...process.env, OMP_NUM_THREADS: count, MKL_NUM_THREADS: count };
  return timed(async () => ranThere.parse(await ask(python, ['run', folder], env)));
}

function requireSameLoss(ours: readonly WholeRun[], theirs: readonly WholeRun[], label: string): void {
  const [here, there] = [ours, theirs].map((runs) => median(runs.map(({ loss }) => loss))) as [number, number];
  if (Math.abs(here - there) <= lossTolerance * there) return;
  throw new LabError(
    'engine-failed',
    `the runs end with the losses ${here.toFixed(3)} here and ${there.toFixed(3)} in ${label}: their times say nothing`,
  );
}

function describe(runs: readonly WholeRun[]) {
  return {
    ...summariseTimes(runs.map(({ milliseconds }) => milliseconds)),
    trainingSeconds: roundTo(median(runs.map(({ trainingSeconds }) => trainingSeconds)), 2),
    otherSeconds: roundTo(median(runs.map((one) => one.milliseconds / 1000 - one.trainingSeconds)), 2),
    loss: roundTo(median(runs.map(({ loss }) => loss)), 4),
  };
}

async function wholeRuns(name: string, options: BenchOptions): Promise<BenchReport> {
  const { threads, progress } = options;
  const [python] = await findTorchPythons(candidatePythons(), options.torch);
  const label = `PyTorch ${python!.torchVersion}`; // at least one is found, or it throws
  const folder = await mkdtemp(path.join(tmpdir(), 'pretext-bench-'));
  try {
    await mkdir(path.join(folder, 'workspace'));
    progress('importing the corpus');
    const dataFolder = await importCorpus(folder);
    const { file, experiment } = await readExperiment();
    const plan = planOf(experiment, options.stepBudget);
    using held = new DisposableStack();
    const sampler = held.adopt(openWords(experiment, dataFolder), (one) => {
      one.close();
    });
    const program = programOf(experiment, sampler);
    const config = {
      ...{ size: { ...size, maximumLength: size.length }, threads, seed, settings: recipeOf(experiment) },
      ...plan,
      optimizer: optimizerOf(program),
    };
    await writeFile(path.join(folder, 'config.json'), JSON.stringify(config));
    await writeExamples(folder, sampler);
    await writeChecked(folder, program, sampler, plan, threads);
    const { gradientError, lossError } = await checkThere(folder, python!.command, label);
    progress(`gradients agree to ${gradientError.toExponential(1)}`);

    const [ours, theirs]: [WholeRun[], WholeRun[]] = [[], []];
    let loadedTurns = 0;
    const turn = async (who: string, runs: WholeRun[], measure: () => Promise<WholeRun>): Promise<void> => {
      const { result, isQuiet } = await measureQuietly(measure, {
        attempts: 3,
        onLoad: (busy, again) =>
          progress(
            `${who}: others use ${(100 * busy).toFixed(0)} % of the cores, ${again ? 'once more' : 'counted all the same'}`,
          ),
      });
      if (!isQuiet) loadedTurns += 1;
      runs.push(result);
      progress(`${who}: ${(result.milliseconds / 1000).toFixed(1)} s, loss ${result.loss.toFixed(3)}`);
    };
    for (let round = 0; round < rounds; round++) {
      await turn('ours', ours, () => runHere(folder, file, plan, threads));
      await turn(label, theirs, () => runThere(folder, python!.command, threads));
    }
    requireSameLoss(ours, theirs, label);
    const [here, there] = [describe(ours), describe(theirs)];
    return {
      name,
      ours: here,
      torch: there,
      ratio: roundTo(there.milliseconds / here.milliseconds, 3),
      torchVersion: python!.torchVersion,
      gradientError,
      lossError,
      threads,
      ...(loadedTurns > 0 && { loadedTurns }),
      size: { ...size, ...plan },
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

export const bench: Bench = {
  summary:
    'whole runs of masked words on the demo corpus, start-up, evaluations and checkpoints included, against PyTorch',
  comparesTrainings: true,
  run: wholeRuns,
};
