/**
 * What a network makes of labelled examples before its head: its embeddings with pretrained or untrained weights, in evaluation
 * mode, of every example on each side.
 */
import { resolve } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { LabError } from '../../shared/errors.ts';
import type { RunResult } from '../../shared/spec/run/result.ts';
import type { Executable, Tensor } from '../engines/engine.ts';
import { requireSelfCheck } from '../engines/self-check.ts';
import { readSafetensors } from '../formats/safetensors.ts';
import type { Program } from '../graph/program.ts';
import { sizeAt } from '../graph/index.ts';
import { initialParameters } from '../nn/index.ts';
import type { DenseFeatures } from '../tasks/baselines/features.ts';
import { denseFeatures } from '../tasks/baselines/features.ts';
import type { Side } from '../tasks/labelled/sides.ts';
import { bySide } from '../tasks/labelled/sides.ts';
import type { LinearMethod, LinearTask, RowLabels } from '../tasks/linear/linear-method.ts';
import type { EvaluationSplit, Feeds } from '../tasks/task.ts';
import { matchParameters, requireTransfer, startingState } from '../training/fine-tuning.ts';
import { withLengthBuckets } from '../training/length-buckets.ts';
import { buildModel, countParameters, isUnder } from '../training/model.ts';
import { loadEngine, placeOf } from './engines.ts';
import { featuresOf, networkIdentity } from './kept-features.ts';
import type { PreparedRun } from './prepare.ts';
import type { RunFolder, RunOrigin } from '../workspace/run-folder.ts';
import { writeJson } from '../workspace/run-folder.ts';
import type { Workspace } from '../workspace/workspace.ts';

export interface FeatureOptions {
  readonly workspace: Workspace;
  readonly run: RunFolder;
  readonly origin: RunOrigin;
  readonly prepared: PreparedRun;
  readonly signal: AbortSignal;
  /** When the network stands and the examples are about to go through it. */
  readonly onStart: (engine: RunResult['engine'], parameters: number) => void;
}

interface LabelledSide {
  readonly features: DenseFeatures;
  readonly labels: RowLabels;
}

export interface FrozenFeatures {
  readonly features: Readonly<Record<Side, DenseFeatures>>;
  /** How the labels of these examples are learned from them. */
  readonly method: LinearMethod;
  readonly engine: RunResult['engine'];
  readonly parameters: number;
  readonly compilationSeconds: number;
}

/** Throws `LabError('bad-spec')` for a task without labels or weights that do not fit, `LabError('aborted')`. */
export async function computeFrozenFeatures(options: FeatureOptions): Promise<FrozenFeatures> {
  const { prepared, signal, onStart } = options;
  const { experiment, model, sampler } = prepared;
  const { labelledBatch } = sampler;
  const { linear } = model.task;
  const { name, threads } = experiment.engine;
  const batchSize = experiment.evaluation.batchSize ?? experiment.training.batchSize;
  const engine = await loadEngine(name);
  const place = placeOf(experiment.engine);
  await requireSelfCheck(engine, place);
  const started = performance.now();
  const program = buildModel(model, 'evaluation', batchSize);
  const embedded = program.outputs.get('embeddings');
  if (!linear || !labelledBatch || !embedded) {
    const what = `method: no linear method learns ${model.task.type} from frozen features. Leave the method out, and say freeze: [backbone]: its head is trained on them`;
    throw new LabError('bad-spec', what);
  }
  const full = await engine.compile(program, place);
  const executable = withLengthBuckets(full, {
    model,
    build: (shorter) => buildModel(shorter, 'evaluation', batchSize),
    compile: (shorter) => engine.compile(shorter, { ...place, shareStateWith: full }),
  });
  const compilationSeconds = (performance.now() - started) / 1000;
  try {
    const parameters = await importWeights(options, program, executable);
    const identity = identityOf(prepared, parameters, { engine: name, ...place, batchSize });
    const used: RunResult['engine'] = {
      name: engine.name,
      device: executable.device.device,
      deviceName: executable.device.description,
      threads: threads ?? null,
    };
    const count = countParameters(program).total;
    onStart(used, count);
    const embed = async (feeds: Feeds): Promise<Float32Array> => {
      const { embeddings } = await executable.run(feeds);
      if (!embeddings) throw new LabError('internal', "the evaluation program has no output 'embeddings'");
      return Float32Array.from(embeddings.data);
    };
    const collect = (batch: (index: number) => Feeds, batches: number): Promise<LabelledSide> =>
      collectFeatures((feeds) => featuresOf(identity, feeds, () => embed(feeds)), linear, {
        batch,
        batches,
        columns: sizeAt(embedded.shape, -1),
        signal,
      });
    const split = (side: EvaluationSplit): Promise<LabelledSide> =>
      collect(
        (index) => sampler.evaluationBatch(side, index, batchSize),
        sampler.evaluationBatchCount(side, batchSize),
      );
    const sides = {
      training: await collect(
        (index) => labelledBatch(index, batchSize),
        Math.ceil(sampler.trainingExamples / batchSize),
      ),
      validation: await split('validation'),
      test: experiment.evaluation.test ? await split('test') : noExamples(),
    };
    const labels = bySide((side) => sides[side].labels);
    return {
      features: bySide((side) => sides[side].features),
      method: linear.method(labels, model.facts),
      engine: used,
      parameters: count,
      compilationSeconds,
    };
  } finally {
    await executable.release();
  }
}

/**
 * What features depend on besides the examples. The head's weights, which each seed draws anew, are no part of it, and neither is
 * which of the examples have labels.
 */
function identityOf(
  { model: { task, options, pipeline, facts } }: PreparedRun,
  parameters: ReadonlyMap<string, Tensor>,
  place: object,
): string {
  const { labelBudget: _budget, ...building } = options as Readonly<Record<string, unknown>>; // a task's own, after its schema
  const backbone = new Map([...parameters].filter(([name]) => !isUnder(name, 'head')));
  return networkIdentity({ task: task.type, building, pipeline, facts, place }, backbone);
}

/**
 * Without weights of another run the network is as it was drawn: what it knows then is what its build gives.
 * Returns all parameters.
 */
async function importWeights(
  { workspace, run, origin: { weights }, prepared }: FeatureOptions,
  program: Program,
  executable: Executable,
): Promise<ReadonlyMap<string, Tensor>> {
  const initial = initialParameters(program, prepared.experiment.seed);
  if (!weights) {
    await executable.importState(startingState(initial));
    return initial;
  }
  const { tensors } = await readSafetensors(resolve(workspace.folder, weights.file));
  const { parameters, report } = matchParameters(program, tensors);
  await writeJson(run.transfer, { source: weights.label, ...report });
  requireTransfer(report, weights.label);
  await executable.importState(startingState(initial, parameters));
  return new Map([...initial, ...parameters]);
}

interface Collected {
  readonly batch: (index: number) => Feeds;
  readonly batches: number;
  /** Numbers of a row. */
  readonly columns: number;
  readonly signal: AbortSignal;
}

/** The embeddings and labels of all examples that are there, or of their words. */
async function collectFeatures(
  embed: (feeds: Feeds) => Promise<Float32Array>,
  linear: LinearTask,
  { batch, batches, columns, signal }: Collected,
): Promise<LabelledSide> {
  const found: Float32Array[] = [];
  const labels: number[] = [];
  const ends: number[] = [];
  let end = 0;
  for (let index = 0; index < batches; index += 1) {
    const feeds = batch(index);
    const embeddings = await embed(feeds);
    const { rows, values, words } = linear.rows(feeds);
    for (const row of rows) found.push(embeddings.subarray(row * columns, (row + 1) * columns));
    for (const value of values) labels.push(value);
    for (const count of words ?? []) ends.push((end += count));
    await setImmediate(); // a native call blocks the event loop
    if (signal.aborted) throw new LabError('aborted', 'The computation of features was stopped');
  }
  const all = new Float32Array(found.length * columns);
  for (const [row, features] of found.entries()) all.set(features, row * columns);
  return {
    features: denseFeatures(all, found.length, columns),
    labels: { values: Float64Array.from(labels), ends: Uint32Array.from(ends) },
  };
}

function noExamples(): LabelledSide {
  return { features: denseFeatures(new Float32Array(0), 0, 0), labels: { values: new Float64Array(0) } };
}
