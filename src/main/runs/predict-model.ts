/** Asks an imported model through a head that came along, and finds what a name means: a run or a model. */
import { LabError, isLabError } from '../../shared/errors.ts';
import type { ModelHead } from '../../shared/spec/manifests/model.ts';
import { verifyFile } from '../files/checksums.ts';
import { readSafetensors } from '../formats/safetensors.ts';
import type { ImportedModel } from '../workspace/models.ts';
import { findModel, listModels } from '../workspace/models.ts';
import { findTrainedRun } from '../workspace/runs.ts';
import type { Workspace } from '../workspace/workspace.ts';
import { networkOfHead } from './model-network.ts';
import type { Predictor } from './predict.ts';
import { createPredictor, openPredictor } from './predict.ts';

/** Tokens that are read at once: programs for more take long to build, and questions are short. */
const longestQuestion = 512;

/**
 * @param wanted the task of the head that is to answer; the first that came along otherwise
 *
 * Throws `LabError('bad-input')` for a model without such a head, `LabError('corrupt')` where its weights are not what was written.
 */
export async function openModelPredictor(model: ImportedModel, wanted?: string): Promise<Predictor> {
  const { name, manifest } = model;
  const head = headOf(model, wanted);
  await verifyFile(model.weights);
  if (model.tokenizer !== undefined) await verifyFile(model.tokenizer);
  const { tensors } = await readSafetensors(model.weights);
  return createPredictor({
    name,
    what: `model ${name}`,
    network: networkOfHead(manifest, head, longestQuestion),
    engine: { name: 'onnxruntime', device: undefined },
    stored: { step: 0, weights: tensors },
    tokenizerFile: model.tokenizer,
  });
}

function headOf({ name, manifest: { heads } }: ImportedModel, wanted: string | undefined): ModelHead {
  const head = wanted === undefined ? heads[0] : heads.find(({ task }) => task === wanted);
  if (head) return head;
  const has = heads.length === 0 ? 'none' : heads.map(({ task }) => task).join(', ');
  const what =
    wanted === undefined ? 'no head, so there is nothing to ask it' : `no head for ${wanted} (heads: ${has})`;
  throw new LabError(
    'bad-input',
    `The model ${name} came with ${what}. Train one on it: an experiment with from: {model: ${name}}`,
    { model: name },
  );
}

export interface AskedNetwork {
  /** The run's id or the model's name. */
  readonly id: string;
  readonly predictor: Predictor;
}

export interface AskedHow {
  readonly checkpoint: 'best' | 'last';
  /** Of a model, the task of the head that is to answer. */
  readonly head?: string | undefined;
  /** Told of a later run that is not taken. */
  readonly onPassedOver?: ((message: string) => void) | undefined;
}

/** What a person names to ask it: a run where there is one, an imported model otherwise. Throws `LabError('not-found')`. */
export async function openAsked(
  workspace: Workspace,
  reference: string,
  { checkpoint, head, onPassedOver }: AskedHow,
): Promise<AskedNetwork> {
  const run = await findTrainedRun(workspace, reference, onPassedOver).catch(async (error: unknown) => {
    if (!isLabError(error, 'not-found')) throw error;
    const { models } = await listModels(workspace);
    if (models.some(({ name }) => name === reference)) return undefined;
    throw error;
  });
  if (run) return { id: run.id, predictor: await openPredictor(run, checkpoint) };
  const model = await findModel(workspace, reference);
  return { id: model.name, predictor: await openModelPredictor(model, head) };
}
