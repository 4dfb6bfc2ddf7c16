/**
 * The same training step here and in PyTorch: same weights, same batch, same threads, the optimizer included. Both sides
 * are processes of their own. First each takes one step, and loss, gradients and updated weights must agree with those
 * of the PyTorch model in float64: PyTorch's own float32 may be further from them, and its error is reported beside ours. Then
 * they take turns, so that whatever else happens on the machine hits both alike.
 *
 * A bench of this kind is one TypeScript file, which says what we run, and one Python file of the same name in
 * `bench/torch` (with underscores for dashes), which says what PyTorch runs.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { formatPercent } from '../../src/shared/display.ts';
import { LabError } from '../../src/shared/errors.ts';
import type { Feeds } from '../../src/main/engines/engine.ts';
import { adamWDefaults } from '../../src/main/engines/optimizer.ts';
import { cacheFolder } from '../../src/main/files/cache-folder.ts';
import { trainerOptions } from '../../src/main/hosts/node/start-process.ts';
import { readSafetensors } from '../../src/main/formats/safetensors.ts';
import type { Program } from '../../src/main/graph/index.ts';
import { initialParameters } from '../../src/main/nn/initialisers.ts';
import { tensorFile, writeTensors } from './exchange.ts';
import type { Bench, BenchOptions, BenchReport, BenchSize, Measurement, Rival } from './bench.ts';
import { roundTo, summariseTimes } from './bench.ts';
import type { Comparison } from './compare.ts';
import { compareSteps } from './compare.ts';
import type { Contestant } from './contestant.ts';
import { startContestant } from './contestant.ts';
import type { TorchPython } from './pythons.ts';
import { candidatePythons, findTorchPythons } from './pythons.ts';
import { measureQuietly } from './quiet.ts';

export interface Workload {
  /** With gradients, and with dropout off: random numbers cannot be the same on both sides. */
  readonly program: Program;
  readonly feeds: Feeds;
  /** Makes the batch of a step as a run would; timed by itself, because a run does it while the step before computes. */
  readonly nextBatch?: (step: number) => void;
}

export interface TorchBench extends Bench {
  /** Passed on to the Python side as it is. */
  readonly size: BenchSize;
  workload(): Workload;
}

export const learningRate = 3e-4;
export const optimizer = adamWDefaults;

const rounds = 5;
const weightSeed = 1;
const pythonFolder = path.resolve(import.meta.dirname, '../torch');
const ourSide = path.join(import.meta.dirname, 'our-side.ts');

export function defineTorchBench(definition: Omit<TorchBench, 'run'>): TorchBench {
  return { ...definition, run: (name, options) => compareWithTorch(name, definition, options) };
}

async function compareWithTorch(
  name: string,
  { size, workload }: Omit<TorchBench, 'run'>,
  options: BenchOptions,
): Promise<BenchReport> {
  const pythons = await findTorchPythons(candidatePythons(), options.torch);
  const folder = await mkdtemp(path.join(tmpdir(), 'pretext-bench-'));
  const opponents = opponentsOf(name, pythons, options);
  const started: Contestant[] = [];
  try {
    await writeInputs(folder, size, workload(), options.threads);
    options.progress('compiling');
    started.push(await startOurs(name, folder, options.threads));
    for (const opponent of opponents) started.push(await startOpponent(name, folder, opponent, options.threads));
    const comparisons = await compareAll(folder, started, opponents, options);
    const { measurements, loadedTurns } = await measureAll(started, options);
    const [ours, ...theirs] = measurements;
    const others = theirs.map((theirTimes, index) =>
      describeOpponent(ours!, theirTimes, comparisons[index], opponents[index]!),
    );
    const [first, ...rest] = others;
    return {
      name,
      ...first!,
      ours: ours!,
      threads: options.threads,
      // A machine with other work to do: these numbers are not to be believed.
      ...(loadedTurns > 0 && { loadedTurns }),
      size,
      ...(rest.length > 0 && { others: rest }),
    };
  } finally {
    await Promise.all(started.map((contestant) => contestant.close()));
    await rm(folder, { recursive: true, force: true });
  }
}

/** The weights, the batch and the optimizer that both sides start from. */
async function writeInputs(
  folder: string,
  size: BenchSize,
  { program, feeds }: Workload,
  threads: number,
): Promise<void> {
  const all = initialParameters(program, weightSeed);
  const ofRole = (role: 'weight' | 'state') =>
    new Map([...all].filter(([name]) => program.parameters.get(name)?.role === role));
  const inputs = new Map([...program.inputs].map(([name, { shape }]) => [name, { shape, data: feeds[name] }]));
  await writeTensors(tensorFile(folder, 'inputs'), {
    weights: ofRole('weight'),
    states: ofRole('state'),
    feeds: inputs,
  });
  const config = { size, threads, optimizer: optimizerOf(program) };
  await writeFile(path.join(folder, 'config.json'), JSON.stringify(config));
}

/** What PyTorch's side is told of the optimizer, with the names of the weights that decay. */
export function optimizerOf(program: Program): Readonly<Record<string, unknown>> {
  const names = (decay: boolean): readonly string[] =>
    [...program.parameters.values()]
      .filter((parameter) => parameter.role === 'weight' && parameter.decay === decay)
      .map((parameter) => parameter.name);
  return { ...optimizer, learningRate, decayed: names(true), undecayed: names(false) };
}

function startOurs(name: string, folder: string, threads: number): Promise<Contestant> {
  const options = ['--disable-warning=ExperimentalWarning', ...trainerOptions];
  const commandArguments = [...options, ourSide, name, folder, String(threads)];
  // Compiled code is kept between starts, as the lab keeps it: stripping types takes memory that is not given back.
  const environment = { NODE_COMPILE_CACHE: path.join(cacheFolder(), 'compiled') };
  return startContestant('Pretext Lab', process.execPath, commandArguments, environment);
}

interface Opponent {
  readonly python: TorchPython;
  readonly rival: Rival;
}

/** Benches that transformers has a model for; see `bench/torch/hf_trainer.py`. */
const trainedByTransformers = ['masked-words', 'fine-tune'];

function opponentsOf(
  name: string,
  pythons: readonly TorchPython[],
  { against, progress }: BenchOptions,
): readonly Opponent[] {
  const kept = against.filter((rival) => rival !== 'hf-trainer' || trainedByTransformers.includes(name));
  if (kept.length < against.length) progress('hf-trainer: transformers has no such model, left out');
  if (kept.length === 0) {
    throw new LabError('bad-input', `${name} has nothing of ${against.join(', ')} to compare with`);
  }
  return pythons.flatMap((python) => kept.map((rival) => ({ python, rival })));
}

const titles: Readonly<Record<Rival, string>> = {
  torch: 'PyTorch',
  'torch-compile': 'torch.compile of PyTorch',
  'hf-trainer': "Hugging Face's Trainer on PyTorch",
};

function startOpponent(
  name: string,
  folder: string,
  { python, rival }: Opponent,
  threads: number,
): Promise<Contestant> {
  const isTrainer = rival === 'hf-trainer';
  const script = path.join(pythonFolder, isTrainer ? 'hf_trainer.py' : `${name.replaceAll('-', '_')}.py`);
  const threadCount = String(threads);
  const words = ['-B', script, folder, ...(isTrainer ? [name] : [])];
  return startContestant(`${titles[rival]} ${python.torchVersion}`, python.command, words, {
    OMP_NUM_THREADS: threadCount,
    OPENBLAS_NUM_THREADS: threadCount,
    MKL_NUM_THREADS: threadCount,
    ...(rival === 'torch-compile' && { BENCH_COMPILE: '1' }),
  });
}

/** Every contestant with our weights takes the checked step; ours is compared with each of the others'. */
async function compareAll(
  folder: string,
  contestants: readonly Contestant[],
  opponents: readonly Opponent[],
  options: BenchOptions,
): Promise<readonly (Comparison | undefined)[]> {
  const results = [];
  for (const [index, contestant] of contestants.entries()) {
    if (opponents[index - 1]?.rival === 'hf-trainer') {
      results.push(undefined);
      continue;
    }
    options.progress(`checking: ${contestant.label}`);
    const file = tensorFile(folder, `side-${index}`);
    const { gradientError } = await contestant.ask({ command: 'check', path: file });
    results.push({ label: contestant.label, gradientError, tensors: await readSafetensors(file) });
  }
  const inputs = await readSafetensors(tensorFile(folder, 'inputs'));
  const [ours, ...theirs] = results;
  return theirs.map((theirStep) => {
    if (!theirStep) return undefined;
    const { label, gradientError, tensors } = theirStep;
    return {
      ...compareSteps(inputs, ours!.tensors, tensors, label, typeof gradientError === 'number' ? gradientError : 0),
      ...(typeof gradientError === 'number' && { torchGradientError: gradientError }),
    };
  });
}

async function measureAll(
  contestants: readonly Contestant[],
  { steps, progress }: BenchOptions,
): Promise<{ readonly measurements: readonly Measurement[]; readonly loadedTurns: number }> {
  let loadedTurns = 0;
  const times = contestants.map((): number[] => []);
  const turns = Math.min(rounds, steps);
  for (let round = 0; round < turns; round++) {
    const count = Math.floor((steps * (round + 1)) / turns) - Math.floor((steps * round) / turns);
    for (const [index, contestant] of contestants.entries()) {
      progress(`round ${round + 1} of ${turns}: ${contestant.label}`);
      // The first step of a turn wakes the threads up and fills the caches; it is not counted.
      const { result, isQuiet } = await measureQuietly(() => contestant.ask({ command: 'steps', count: count + 1 }), {
        onLoad: (busy, again) => {
          const what = again ? 'once more' : 'counted all the same';
          progress(`other work takes ${formatPercent(busy, 0)} of the cores: ${what}`);
        },
      });
      if (!isQuiet) loadedTurns += 1;
      times[index]!.push(...numbersOf(contestant, result.milliseconds).slice(1));
    }
  }
  const measurements = await Promise.all(
    contestants.map(async (contestant, index) => {
      const { residentMegabytes, ...details } = await contestant.ask({ command: 'memory' });
      return {
        ...summariseTimes(times[index]!),
        residentMegabytes: Math.round(Number(residentMegabytes)),
        ...contestant.greeting,
        ...details,
      };
    }),
  );
  return { measurements, loadedTurns };
}

interface Against extends Partial<Comparison> {
  readonly against: Rival;
  readonly ratio: number;
  readonly fastestRatio: number;
  readonly torchVersion: string;
  readonly torch: Measurement;
}

function describeOpponent(
  ours: Measurement,
  { version, ...torch }: Measurement,
  comparison: Comparison | undefined,
  { python: { torchVersion }, rival }: Opponent,
): Against {
  if (version !== torchVersion) throw new LabError('internal', `${torchVersion} was found and ${String(version)} ran`);
  const ratio = roundTo(torch.milliseconds / ours.milliseconds, 3);
  const fastestRatio = roundTo(torch.fastestMilliseconds / ours.fastestMilliseconds, 3);
  return { against: rival, ratio, fastestRatio, ...comparison, torchVersion, torch };
}

function numbersOf({ label }: Contestant, value: unknown): readonly number[] {
  if (!Array.isArray(value) || !value.every((item) => typeof item === 'number')) {
    throw new LabError('internal', `${label} answered no times`);
  }
  return value;
}
