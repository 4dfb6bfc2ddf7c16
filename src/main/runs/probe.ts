/**
 * What the stages of a pretrained network know: a linear probe and the vote of nearest neighbours on their frozen features.
 * For transfer the last stage is often not the best one, so every stage is tried; the best is chosen on the validation
 * examples, and only that one is scored on the test examples. The same is done with untrained weights, because a network that
 * has seen nothing is a surprisingly good feature extractor.
 */
import { join } from 'node:path';
import { LabError } from '../../shared/errors.ts';
import type { DataKind } from '../../shared/spec/data-kind.ts';
import type { Interval } from '../../shared/stats.ts';
import { wilsonInterval } from '../../shared/stats.ts';
import type { Executable, Tensor } from '../engines/engine.ts';
import type { Program } from '../graph/program.ts';
import { dataWords, initialParameters } from '../nn/index.ts';
import type { DenseFeatures } from '../tasks/baselines/features.ts';
import { fitLinearProbe, probeProbabilities } from '../tasks/baselines/linear-probe.ts';
import { neighbourProbabilities } from '../tasks/baselines/nearest-neighbours.ts';
import { bestNeighbourCount } from '../tasks/images/pixel-baselines.ts';
import { findTask } from '../tasks/index.ts';
import { mostProbable } from '../tasks/metrics/probabilistic.ts';
import type { TaskSampler } from '../tasks/task.ts';
import type { Material } from '../workspace/catalogue.ts';
import { findMaterial } from '../workspace/catalogue.ts';
import { writeJson } from '../workspace/run-folder.ts';
import type { Workspace } from '../workspace/workspace.ts';
import { loadEngine, placeOf } from './engines.ts';
import type { Side, StageFeatures, StageProgram } from './probe-stages.ts';
import { extractFeatures, requireFit, stageProgram } from './probe-stages.ts';
import type { TrainedNetwork } from './trained-network.ts';

export interface ProbeOptions {
  readonly data: string;
  /** As the options of classification. */
  readonly labelsPerClass?: number | undefined;
  readonly splitSeed?: number;
  /** Feature maps are averaged to so many rows and columns. */
  readonly grid?: number;
  /** Tokens that are read of a text. */
  readonly length?: number | undefined;
  readonly signal: AbortSignal;
  readonly onProgress?: (phase: string, done: number, total: number) => void;
}

export type ProbeMethod = 'linear' | 'neighbours';

export interface StageScore {
  readonly stage: string;
  readonly features: number;
  /** Accuracy on the validation examples. */
  readonly linear: number;
  readonly neighbours: number;
}

export interface BestStage {
  readonly stage: string;
  readonly validation: number;
  readonly test: number;
  readonly interval: Interval | null;
}

export interface ProbedWeights {
  readonly stages: readonly StageScore[];
  readonly best: Readonly<Record<ProbeMethod, BestStage>>;
}

export interface ProbeResult {
  readonly formatVersion: 2;
  readonly run: string;
  readonly step: number;
  readonly data: string;
  readonly examples: Readonly<Record<'training' | 'validation' | 'test', number>>;
  readonly labelsPerClass: number | null;
  readonly splitSeed: number;
  readonly trained: ProbedWeights;
  readonly untrained: ProbedWeights;
}

const neighbourCandidates = [1, 5, 20];

/**
 * Probes a network on labelled texts, images or recordings. That of a run has the result in `artifacts/probe-<dataset>.json`, too.
 * Throws `LabError('bad-spec')` for a network that does not read what the dataset has.
 */
export async function probeNetwork(
  workspace: Workspace,
  network: TrainedNetwork,
  options: ProbeOptions,
): Promise<ProbeResult> {
  const { data, labelsPerClass, splitSeed = 0, grid = 2 } = options;
  const material = await findMaterial(workspace, 'dataset', data);
  const sampler = openExamples(material, network, options);
  try {
    const { step, weights } = await network.weights();
    const staged = stageProgram(network.backbone, sampler, grid);
    const { program } = staged;
    requireFit(program, weights, network.what, sampler.input.kind);
    await using executable = await compile(network.engine, program);
    const probe = async (title: string, parameters: ReadonlyMap<string, Tensor>): Promise<ProbedWeights> => {
      await executable.importState({ parameters });
      return probeStages(title, sampler, staged, executable, options);
    };
    const own = new Map([...weights].filter(([name]) => program.parameters.has(name)));
    const fresh = new Map([...initialParameters(program, network.seed)].filter(([name]) => isLearned(name)));
    const count = (side: Side): number => sampler.sides?.[side].length ?? 0;
    const result: ProbeResult = {
      formatVersion: 2,
      run: network.id,
      step,
      data,
      examples: { training: count('training'), validation: count('validation'), test: count('test') },
      labelsPerClass: labelsPerClass ?? null,
      splitSeed,
      trained: await probe('Trained', own),
      untrained: await probe('Untrained', fresh),
    };
    if (network.run) await writeJson(join(network.run.artifacts, `probe-${data}.json`), result);
    return result;
  } finally {
    sampler.close();
  }
}

/** The statistics of the input belong to the images, not to what was learned. */
const isLearned = (name: string): boolean => !name.startsWith('backbone/pixels/');

/** Tasks with classes, by what they read. */
const tasks: Readonly<Partial<Record<DataKind, string>>> = {
  'image-dataset': 'image-classification',
  'text-dataset': 'text-classification',
  'audio-dataset': 'audio-classification',
};

/** Tokens of a text that are read, unless told otherwise: the beginning of a text says mostly what it is about. */
const usualLength = 128;

/** Throws `LabError('bad-spec')` where the network reads something else, and what opening the data throws. */
function openExamples(
  { kind, folder }: Material,
  network: TrainedNetwork,
  { data, labelsPerClass, splitSeed = 0, length }: ProbeOptions,
): TaskSampler {
  const task = findTask(tasks[kind] ?? '');
  const { input } = network.backbone.facts;
  const wanted = length ?? (input.kind === 'tokens' ? Math.min(input.length, usualLength) : undefined);
  const options = task.options.parse({
    labelBudget: { perClass: labelsPerClass },
    ...(kind === 'text-dataset' && { length: wanted }),
  });
  const sampler = task.openSampler({
    dataFolder: folder,
    options,
    splitSeed,
    images: network.images,
    ...(network.tokenizerFile !== undefined && { tokenizerFile: network.tokenizerFile }),
  });
  if (sampler.input.kind === input.kind) return sampler;
  sampler.close();
  const message = `the ${network.what} reads ${dataWords[input.kind]}, and ${data} is ${dataWords[sampler.input.kind]}`;
  throw new LabError('bad-spec', message, { data });
}

async function compile(wanted: TrainedNetwork['engine'], program: Program): Promise<Executable> {
  const engine = await loadEngine(wanted.name);
  return engine.compile(program, placeOf(wanted));
}

async function probeStages(
  title: string,
  sampler: TaskSampler,
  staged: StageProgram,
  executable: Executable,
  { signal, onProgress }: ProbeOptions,
): Promise<ProbedWeights> {
  const { stages } = staged;
  const classCount = sampler.classes?.length ?? 0;
  const extract = (side: Side): Promise<StageFeatures> =>
    extractFeatures(sampler, side, staged, executable, signal, (done) => {
      onProgress?.(`${title}: features of the ${side} examples`, done, sampler.sides?.[side].length ?? done);
    });
  const features = { training: await extract('training'), validation: await extract('validation') };
  const test = await extract('test');
  const labels = {
    training: labelsOf(sampler, 'training'),
    validation: labelsOf(sampler, 'validation'),
    test: labelsOf(sampler, 'test'),
  };
  const scores: StageScore[] = [];
  const answers: Record<ProbeMethod, { validation: number; stage: string; predict: () => Promise<Int32Array> }[]> = {
    linear: [],
    neighbours: [],
  };
  for (const [index, stage] of stages.entries()) {
    onProgress?.(`${title}: probing the stages`, index, stages.length);
    const [own, held, unseen] = [features.training, features.validation, test].map((of) => of.get(stage)!);
    const probe = await fitLinearProbe(
      { features: own!, labels: labels.training },
      { features: held!, labels: labels.validation },
      classCount,
      { signal },
    );
    const vote = (queries: DenseFeatures, neighbours: number): Promise<Float64Array> =>
      neighbourProbabilities(own!, labels.training, queries, classCount, { neighbours, signal });
    const candidates = neighbourCandidates.filter((count) => count <= labels.training.length);
    const nearest = await bestNeighbourCount(candidates, labels.validation, classCount, (count) => vote(held!, count));
    scores.push({
      stage,
      features: own!.columns,
      linear: probe.validationAccuracy,
      neighbours: nearest.accuracy,
    });
    answers.linear.push({
      stage,
      validation: probe.validationAccuracy,
      predict: () => Promise.resolve(mostProbable(probeProbabilities(probe, unseen!), classCount)),
    });
    answers.neighbours.push({
      stage,
      validation: nearest.accuracy,
      predict: async () => mostProbable(await vote(unseen!, nearest.neighbours), classCount),
    });
  }
  const best = async (method: ProbeMethod): Promise<BestStage> => {
    const chosen = answers[method].reduce((a, b) => (b.validation > a.validation ? b : a));
    const predicted = await chosen.predict();
    const right = predicted.filter((label, row) => label === labels.test[row]).length;
    return {
      stage: chosen.stage,
      validation: chosen.validation,
      test: right / labels.test.length,
      interval: wilsonInterval(right, labels.test.length),
    };
  };
  return { stages: scores, best: { linear: await best('linear'), neighbours: await best('neighbours') } };
}

function labelsOf({ labels, sides }: TaskSampler, side: Side): Int32Array {
  if (!labels || !sides) throw new LabError('internal', 'a task with classes has no labels');
  return Int32Array.from(sides[side], (example) => labels[example]!);
}
