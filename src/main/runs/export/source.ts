/** What is exported: a network with all that is known of it, read and checked once for every format. */
import { storedExperiment } from '../../../shared/spec/experiment/index.ts';
import type { Experiment } from '../../../shared/spec/experiment/index.ts';
import type { ModelManifest } from '../../../shared/spec/manifests/model.ts';
import type { Tensor } from '../../engines/engine.ts';
import { verifyFile } from '../../files/checksums.ts';
import { fileExists } from '../../files/file-exists.ts';
import { readSafetensors } from '../../formats/safetensors.ts';
import type { Model } from '../../training/model.ts';
import type { ImportedModel } from '../../workspace/models.ts';
import { verifyModelFile } from '../../workspace/models.ts';
import type { RunFolder } from '../../workspace/run-folder.ts';
import { readJson } from '../../workspace/run-folder.ts';
import type { Workspace } from '../../workspace/workspace.ts';
import { chooseHead, networkOfHead } from '../model-network.ts';
import { readWeights } from '../open-trained.ts';
import { readModel } from '../read-model.ts';
import { networkOfFeatures } from './features-task.ts';

/** Where a network is from: a run of the lab, or a model of others that was imported. */
export type ExportOrigin =
  | { readonly kind: 'run'; readonly run: RunFolder; readonly checkpoint?: 'best' | 'last' | undefined }
  /** `head` is the task of the head that is exported; the first that came along otherwise. */
  | { readonly kind: 'model'; readonly model: ImportedModel; readonly head?: string | undefined };

/** All that is known without its weights: enough to say which formats can take it. */
export interface ExportSubject {
  readonly workspace: Workspace;
  /** A run's id, or a model's name. */
  readonly id: string;
  /** What people call it: the experiment's name, or the model's. */
  readonly name: string;
  /** As in an experiment, with its type. */
  readonly task: { readonly type: string } & Readonly<Record<string, unknown>>;
  readonly model: Model;
  /** The tokenizer.json that it was trained with; undefined where it reads no text. */
  readonly tokenizerFile: string | undefined;
  /** Undefined for a model of others. */
  readonly trained: { readonly run: RunFolder; readonly experiment: Experiment } | undefined;
  /** Undefined for a run. */
  readonly imported: ModelManifest | undefined;
}

/** What tells whether a network has a counterpart elsewhere. */
export type NetworkSubject = Pick<ExportSubject, 'model'>;

export interface ExportSource extends ExportSubject {
  /** Updates that the weights have seen in this lab. */
  readonly step: number;
  /** Weights and states by name, compared with their checksum. */
  readonly weights: ReadonlyMap<string, Tensor>;
}

/** Programs for long texts are large; exported networks take any length that they were trained for where that can be chosen. */
const longestText = 512;

/** Throws `LabError('not-found' | 'corrupt')`, and `'bad-input'` for a model without the head that was asked for. */
export async function readSubject(workspace: Workspace, origin: ExportOrigin): Promise<ExportSubject> {
  if (origin.kind === 'model') {
    const { model, head: wanted } = origin;
    const { manifest } = model;
    // Without a head, what the backbone makes of its input is what others want of it.
    const network =
      manifest.heads.length === 0 && wanted === undefined
        ? networkOfFeatures(manifest)
        : networkOfHead(manifest, chooseHead(model, wanted), longestText);
    return {
      workspace,
      id: model.name,
      name: model.name,
      task: { ...(network.options as object), type: network.task.type }, // options of tasks are objects
      model: network,
      tokenizerFile: model.tokenizer,
      trained: undefined,
      imported: manifest,
    };
  }
  const { run } = origin;
  const experiment = await readJson(run.spec, storedExperiment);
  return {
    workspace,
    id: run.id,
    name: experiment.name,
    task: experiment.task,
    model: await readModel(run, experiment),
    tokenizerFile: (await fileExists(run.tokenizer)) ? run.tokenizer : undefined,
    trained: { run, experiment },
    imported: undefined,
  };
}

/** Throws `LabError('not-found')` without a checkpoint, `LabError('corrupt')` for files that are not what was written. */
export async function readSource(workspace: Workspace, origin: ExportOrigin): Promise<ExportSource> {
  const subject = await readSubject(workspace, origin);
  if (subject.tokenizerFile !== undefined) await verifyFile(subject.tokenizerFile);
  if (origin.kind === 'run') return { ...subject, ...(await readWeights(origin.run, origin.checkpoint ?? 'best')) };
  await verifyModelFile(origin.model.weights);
  const { tensors } = await readSafetensors(origin.model.weights);
  return { ...subject, step: 0, weights: tensors };
}
