/**
 * What the stages of a pretrained network know: a linear probe and the vote of nearest neighbours on their frozen features.
 * For transfer the last stage is often not the best one, so every stage is tried; the best is chosen on the validation
 * images, and only that one is scored on the test images. The same is done with untrained weights, because a network that
 * has seen nothing is a surprisingly good feature extractor.
 */
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { LabError } from '../../shared/errors.ts';
import type { Interval } from '../../shared/stats.ts';
import { wilsonInterval } from '../../shared/stats.ts';
import type { Executable, Tensor } from '../engines/engine.ts';
import { createProgram, output, reshape, sizeAt, withScope } from '../graph/index.ts';
import type { Program, Value } from '../graph/program.ts';
import { sameShape } from '../graph/shape.ts';
import { poolToGrid } from '../nn/blocks/pooling.ts';
import { buildPipeline, declareInputs, initialParameters } from '../nn/index.ts';
import type { DenseFeatures } from '../tasks/baselines/features.ts';
import { denseFeatures } from '../tasks/baselines/features.ts';
import { fitLinearProbe, probeProbabilities } from '../tasks/baselines/linear-probe.ts';
import { neighbourProbabilities } from '../tasks/baselines/nearest-neighbours.ts';
import { imageClassification } from '../tasks/image-classification.ts';
import type { LabelledImages } from '../tasks/images/labelled-images.ts';
import { imageBatch, openLabelledImages } from '../tasks/images/labelled-images.ts';
import { bestNeighbourCount } from '../tasks/images/pixel-baselines.ts';
import { mostProbable } from '../tasks/metrics/probabilistic.ts';
import { findMaterial } from '../workspace/catalogue.ts';
import { loadEngine } from './engines.ts';
import type { Backbone, TrainedNetwork } from './trained-network.ts';
import { writeJson } from '../workspace/run-folder.ts';
import type { Workspace } from '../workspace/workspace.ts';

export interface ProbeOptions {
  readonly data: string;
  /** As the options of image classification. */
  readonly labelsPerClass?: number | undefined;
  readonly splitSeed?: number;
  /** Feature maps are averaged to so many rows and columns. */
  readonly grid?: number;
  readonly signal: AbortSignal;
  readonly onProgress?: (phase: string, done: number, total: number) => void;
}

export type ProbeMethod = 'linear' | 'neighbours';

export interface StageScore {
  readonly stage: string;
  readonly features: number;
  /** Accuracy on the validation images. */
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
  readonly formatVersion: 1;
  readonly run: string;
  readonly step: number;
  readonly data: string;
  readonly images: Readonly<Record<'training' | 'validation' | 'test', number>>;
  readonly labelsPerClass: number | null;
  readonly splitSeed: number;
  readonly trained: ProbedWeights;
  readonly untrained: ProbedWeights;
}

const batchSize = 64;
const neighbourCandidates = [1, 5, 20];

/**
 * Probes a network on a labelled image dataset. That of a run has the result in `artifacts/probe-<dataset>.json`, too.
 * Throws `LabError('bad-spec')` for a network that does not read images, or not those of the dataset.
 */
export async function probeNetwork(
  workspace: Workspace,
  network: TrainedNetwork,
  options: ProbeOptions,
): Promise<ProbeResult> {
  const { data, labelsPerClass, splitSeed = 0, grid = 2 } = options;
  const material = await findMaterial(workspace, 'dataset', data);
  const settings = imageClassification.options.parse({ labelBudget: { perClass: labelsPerClass } });
  const images = openLabelledImages({
    dataFolder: material.folder,
    options: settings,
    splitSeed,
    images: network.images,
  });
  try {
    const { step, weights } = await network.weights();
    const { program, stages } = stageProgram(network.backbone, images, grid);
    requireFit(program, weights, network.what);
    await using executable = await compile(network.engine, program);
    const probe = async (title: string, parameters: ReadonlyMap<string, Tensor>): Promise<ProbedWeights> => {
      await executable.importState({ parameters });
      return probeStages(title, images, stages, executable, options);
    };
    const own = new Map([...weights].filter(([name]) => program.parameters.has(name)));
    const fresh = new Map([...initialParameters(program, network.seed)].filter(([name]) => isLearned(name)));
    const { training, validation, test } = images.sides;
    const result: ProbeResult = {
      formatVersion: 1,
      run: network.id,
      step,
      data,
      images: { training: training.length, validation: validation.length, test: test.length },
      labelsPerClass: labelsPerClass ?? null,
      splitSeed,
      trained: await probe('Trained', own),
      untrained: await probe('Untrained', fresh),
    };
    if (network.run) await writeJson(join(network.run.artifacts, `probe-${data}.json`), result);
    return result;
  } finally {
    images.dataset.close();
  }
}

/** The statistics of the input belong to the images, not to what was learned. */
const isLearned = (name: string): boolean => !name.startsWith('backbone/pixels/');

/** The pipeline on images of the dataset; every stage is an output, feature maps averaged to a grid. */
function stageProgram(
  { pipeline }: Backbone,
  { dataset }: LabelledImages,
  grid: number,
): { readonly program: Program; readonly stages: readonly string[] } {
  const program = createProgram('stages');
  const context = {
    program,
    mode: 'evaluation' as const,
    batchSize,
    input: { kind: 'image' as const, ...dataset.shape },
  };
  const built = withScope(program, 'backbone', () => buildPipeline(context, pipeline, declareInputs(context)));
  const stages: string[] = [];
  const flattened = new Set(pipeline.blocks.filter(({ type }) => type === 'flatten').map(({ id }) => id));
  for (const { id } of pipeline.blocks) {
    if (flattened.has(id)) continue; // the same numbers as before
    const entry = Object.entries(built.stages).find(([name]) => name.startsWith(`${id}.`));
    const vector = entry && toVector(entry[1], grid);
    if (!vector) continue;
    output(program, id, vector);
    stages.push(id);
  }
  if (stages.length === 0) throw new LabError('bad-spec', 'no stage of this network gives feature maps or vectors');
  return { program, stages };
}

function toVector(stage: Value, grid: number): Value | undefined {
  if (stage.shape.length === 2) return stage;
  if (stage.shape.length !== 4) return undefined;
  const cells = [Math.min(grid, sizeAt(stage.shape, 2)), Math.min(grid, sizeAt(stage.shape, 3))] as const;
  return reshape(poolToGrid(stage, cells, 'average'), [batchSize, -1]);
}

function requireFit(program: Program, tensors: ReadonlyMap<string, Tensor>, what: string): void {
  for (const { name, shape } of program.parameters.values()) {
    const found = tensors.get(name);
    if (found && sameShape(found.shape, shape)) continue;
    const problem = found ? `is [${found.shape.join(', ')}] there and would be [${shape.join(', ')}]` : 'is not there';
    throw new LabError(
      'bad-spec',
      `the network of the ${what} cannot read these images: ${name} ${problem}. Import the dataset with as many channels as the corpus, and use a pipeline that pools to a fixed grid`,
      { name },
    );
  }
}

async function compile(wanted: TrainedNetwork['engine'], program: Program): Promise<Executable> {
  const engine = await loadEngine(wanted.name);
  return engine.compile(program, {
    ...(wanted.device !== undefined && { device: wanted.device }),
    ...(wanted.threads !== undefined && { threads: wanted.threads }),
  });
}

type StageFeatures = ReadonlyMap<string, DenseFeatures>;

async function probeStages(
  title: string,
  images: LabelledImages,
  stages: readonly string[],
  executable: Executable,
  { signal, onProgress }: ProbeOptions,
): Promise<ProbedWeights> {
  const { dataset, sides } = images;
  const classCount = dataset.classes.length;
  const extract = (side: keyof typeof sides): Promise<StageFeatures> =>
    extractFeatures(images, sides[side], stages, executable, signal, (done) => {
      onProgress?.(`${title}: features of the ${side} images`, done, sides[side].length);
    });
  const features = { training: await extract('training'), validation: await extract('validation') };
  const test = await extract('test');
  const labels = {
    training: labelsOf(images, sides.training),
    validation: labelsOf(images, sides.validation),
    test: labelsOf(images, sides.test),
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

function labelsOf({ dataset }: LabelledImages, images: Uint32Array): Int32Array {
  return Int32Array.from(images, (image) => dataset.labels[image]!);
}

async function extractFeatures(
  { dataset }: LabelledImages,
  images: Uint32Array,
  stages: readonly string[],
  executable: Executable,
  signal: AbortSignal,
  onBatch: (done: number) => void,
): Promise<StageFeatures> {
  const values = new Map<string, Float32Array>();
  for (let first = 0; first < images.length; first += batchSize) {
    if (signal.aborted) throw new LabError('aborted', 'the probe was stopped');
    const rows = Array.from({ length: batchSize }, (_, row) => images[first + row]);
    const { image } = imageBatch(dataset, rows);
    const outputs = await executable.run({ image: image! }); // always among the feeds
    const used = Math.min(batchSize, images.length - first);
    for (const stage of stages) {
      const data = outputs[stage]!.data as Float32Array; // the program's own float output
      const columns = data.length / batchSize;
      const all = values.get(stage) ?? new Float32Array(images.length * columns);
      values.set(stage, all);
      all.set(data.subarray(0, used * columns), first * columns);
    }
    onBatch(first + used);
    await setImmediate(); // a native call blocks the event loop
  }
  return new Map(
    [...values].map(([stage, all]) => [stage, denseFeatures(all, images.length, all.length / images.length)]),
  );
}
