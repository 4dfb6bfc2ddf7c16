/** Asks an imported model through a head that came along, and finds what a name means: a run or a model. */
import { verifyFile } from '../files/checksums.ts';
import { readSafetensors } from '../formats/safetensors.ts';
import type { ImportedModel } from '../workspace/models.ts';
import type { Workspace } from '../workspace/workspace.ts';
import { findNetwork } from './find-network.ts';
import { chooseHead, networkOfHead } from './model-network.ts';
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
  const head = chooseHead(model, wanted);
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

/** Opens a run where there is one of that name, an imported model otherwise. Throws `LabError('not-found')`. */
export async function openAsked(
  workspace: Workspace,
  reference: string,
  { checkpoint, head, onPassedOver }: AskedHow,
): Promise<AskedNetwork> {
  const found = await findNetwork(workspace, reference, onPassedOver);
  if (found.kind === 'run') return { id: found.run.id, predictor: await openPredictor(found.run, checkpoint) };
  return { id: found.model.name, predictor: await openModelPredictor(found.model, head) };
}
