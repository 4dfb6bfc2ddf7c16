/** Asks a trained network: rebuilds it for a batch of one, with the weights of a checkpoint or of an imported model. */
import { LabError } from '../../shared/errors.ts';
import type { GeneratedToken, GenerationQuery, PredictionAnswer, PredictionQuery, TaskFacts } from '../tasks/index.ts';
import type { Model } from '../training/model.ts';
import { buildModel } from '../training/model.ts';
import type { RunFolder } from '../workspace/run-folder.ts';
import type { RunFeeds } from './batch/in-batches.ts';
import { openBatches } from './batch/open-batches.ts';
import type { CheckpointChoice, StoredWeights } from './open-trained.ts';
import { openNetwork } from './open-trained.ts';
import type { TrainedNetwork } from './trained-network.ts';
import { networkOfRun } from './trained-network.ts';

export interface Predictor extends AsyncDisposable {
  /** The run's id or the imported model's name. */
  readonly id: string;
  /** Of the experiment, or of the imported model. */
  readonly name: string;
  /** The type of task that it answers. */
  readonly task: string;
  readonly engine: { readonly name: string; readonly device: string | undefined };
  readonly step: number;
  /** What the network was trained on: images, for one, must be brought to the same size. */
  readonly facts: TaskFacts;
  /** Whether it is a language model, which can continue texts. */
  readonly generates: boolean;
  /** Throws `LabError('bad-input')` for a question that the task cannot answer. */
  ask(query: PredictionQuery): Promise<readonly PredictionAnswer[]>;
  /** Continues a text. Throws `LabError('bad-input')` for a task that cannot. */
  generate(query: GenerationQuery): AsyncIterable<GeneratedToken>;
  close(): Promise<void>;
}

/**
 * As `openNetworkPredictor`, of a run.
 *
 * @public
 */
export async function openPredictor(
  run: RunFolder,
  checkpoint: CheckpointChoice = 'best',
  batchSize = 1,
): Promise<Predictor> {
  return openNetworkPredictor(await networkOfRun(run, checkpoint), batchSize);
}

/**
 * Throws `LabError('not-found')` without a checkpoint, `LabError('bad-input')` for a task that predicts nothing and a model without a
 * head, `LabError('engine-failed')`.
 *
 * @param batchSize with more than one, questions that are asked at the same time are answered together: texts by their lengths, others
 * up to so many of them
 */
export async function openNetworkPredictor(
  { id, name, what, engine, whole, weights, tokenizerFile }: TrainedNetwork,
  batchSize = 1,
): Promise<Predictor> {
  const network = whole();
  const { task, options, facts } = network;
  const predict = requirePrediction(network, what);
  const stored = await weights();
  const build = (shown: Model, size: number) => buildModel(shown, 'prediction', size);
  const { run, release: close } =
    batchSize === 1 || task.predictsOneByOne
      ? await openSingly(stored, engine, network)
      : await openBatches(stored, engine, { model: network, build, batchSize });
  const predictionModel = { ...facts, ...(tokenizerFile !== undefined && { tokenizerFile }), run };
  const generate = task.generate?.bind(task);
  return {
    id,
    name,
    task: task.type,
    engine: { name: engine.name, device: engine.device },
    step: stored.step,
    facts,
    generates: generate !== undefined,
    ask: (query) => predict(predictionModel, query, options),
    generate(query) {
      if (!generate) {
        throw new LabError('bad-input', `The ${what} is not a language model: its task is ${task.type}`);
      }
      return generate(predictionModel, query, options);
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

async function openSingly(
  stored: StoredWeights,
  engine: TrainedNetwork['engine'],
  network: Model,
): Promise<{ run: RunFeeds; release: () => Promise<void> }> {
  const build = (shown: Model) => buildModel(shown, 'prediction', 1);
  const trained = await openNetwork(stored, engine, build(network), { model: network, build });
  return { run: trained.run, release: async () => trained[Symbol.asyncDispose]() };
}

function requirePrediction({ task }: Model, what: string): NonNullable<Model['task']['predict']> {
  if (task.predict) return task.predict.bind(task);
  throw new LabError('bad-input', `The task ${task.type} of the ${what} predicts nothing that could be shown`);
}
