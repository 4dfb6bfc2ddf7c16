/**
 * A trained network, loaded to answer: the one way from a checkpoint to an executable, for predictions, examples, embeddings and
 * probes. What it holds is released when it is disposed of, and at once when a later step of opening it throws.
 */
import type { Experiment } from '../../shared/spec/experiment/index.ts';
import type { CompileOptions, Executable, Feeds, Tensor } from '../engines/engine.ts';
import type { Program } from '../graph/program.ts';
import type { TensorData } from '../tasks/index.ts';
import { readCheckpointWeights } from '../training/checkpoints.ts';
import type { BucketModel, BucketOptions } from '../training/length-buckets.ts';
import { withLengthBuckets } from '../training/length-buckets.ts';
import { checkpointFolder } from '../workspace/checkpoint-folders.ts';
import type { RunFolder } from '../workspace/run-folder.ts';
import { loadEngine, placeOf } from './engines.ts';
import { checkpointStep } from './prepare.ts';

export type CheckpointChoice = 'best' | 'last' | number;

/** Weights and states by name. */
export interface StoredWeights {
  /** Updates that they have seen; 0 for an imported model. */
  readonly step: number;
  readonly weights: ReadonlyMap<string, Tensor>;
}

export interface TrainedModel extends AsyncDisposable {
  readonly program: Program;
  /** Updates that the weights have seen. */
  readonly step: number;
  /** Runs one batch; of the feeds, those that the program declares are taken. */
  run(feeds: Feeds): Promise<TensorData>;
  /** Other weights in place of those of the checkpoint, by name; parameters without one keep theirs. */
  load(parameters: ReadonlyMap<string, Tensor>): Promise<void>;
}

/**
 * The weights of a checkpoint, by name, compared with their checksum. Throws `LabError('not-found')` where there is none,
 * `LabError('corrupt')` where they are not what was written.
 */
export async function readWeights(run: RunFolder, checkpoint: CheckpointChoice): Promise<StoredWeights> {
  const step = await checkpointStep(run, checkpoint);
  return { step, weights: await readCheckpointWeights(checkpointFolder(run.checkpoints, step)) };
}

/**
 * `program` with the weights of a checkpoint, on the engine and device of the experiment, and as many of its threads as the program is
 * worth. Throws `LabError('not-found')` without a checkpoint, `LabError('engine-failed')` when the engine cannot compile the program.
 *
 * @param shorter how the program is built for a model of shorter texts, where short ones are to run in a short program
 */
export async function openTrained<Shown extends BucketModel>(
  run: RunFolder,
  { engine }: Pick<Experiment, 'engine'>,
  program: Program,
  checkpoint: CheckpointChoice,
  shorter?: Pick<BucketOptions<Shown>, 'model' | 'build'>,
): Promise<TrainedModel> {
  return openNetwork(await readWeights(run, checkpoint), engine, program, shorter);
}

/** The same with weights that have been read, of a run or of an imported model. Throws `LabError('engine-failed')`. */
export async function openNetwork<Shown extends BucketModel>(
  { step, weights }: StoredWeights,
  wanted: Partial<Experiment['engine']> & Pick<Experiment['engine'], 'name'>,
  program: Program,
  shorter?: Pick<BucketOptions<Shown>, 'model' | 'build'>,
): Promise<TrainedModel> {
  const engine = await loadEngine(wanted.name);
  const place: CompileOptions = { ...placeOf(wanted), forQuestions: true };
  const full = await engine.compile(program, place);
  const compile = (source: Program): Promise<Executable> => engine.compile(source, { ...place, shareStateWith: full });
  const executable = shorter ? withLengthBuckets(full, { ...shorter, compile }) : full;
  const load: TrainedModel['load'] = (parameters) =>
    executable.importState({
      parameters: new Map([...parameters].filter(([parameter]) => program.parameters.has(parameter))),
    });
  try {
    await load(weights);
  } catch (error) {
    await executable.release();
    throw error;
  }
  return {
    program,
    step,
    run: (feeds) => executable.run(declaredFeeds(program, feeds)),
    load,
    [Symbol.asyncDispose]: () => executable.release(),
  };
}

/** Batches have more than a prediction reads, such as the labels. */
export function declaredFeeds(program: Program, feeds: Feeds): Feeds {
  return Object.fromEntries(Object.entries(feeds).filter(([name]) => program.inputs.has(name)));
}
