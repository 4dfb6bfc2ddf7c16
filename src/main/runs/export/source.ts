/** What is exported: a trained network with all that is known of it, read and checked once for every format. */
import { experimentSpec } from '../../../shared/spec/experiment/index.ts';
import type { Experiment } from '../../../shared/spec/experiment/index.ts';
import type { Tensor } from '../../engines/engine.ts';
import { verifyFile } from '../../files/checksums.ts';
import { fileExists } from '../../files/file-exists.ts';
import type { Model } from '../../training/model.ts';
import type { RunFolder } from '../../workspace/run-folder.ts';
import { readJson } from '../../workspace/run-folder.ts';
import type { Workspace } from '../../workspace/workspace.ts';
import { readWeights } from '../open-trained.ts';
import { readModel } from '../predict.ts';

/** All that is known without its weights: enough to say which formats can take it. */
export interface ExportSubject {
  readonly workspace: Workspace;
  readonly run: RunFolder;
  readonly experiment: Experiment;
  readonly model: Model;
  /** The tokenizer.json that it was trained with; undefined where it reads no text. */
  readonly tokenizerFile: string | undefined;
}

export interface ExportSource extends ExportSubject {
  /** Updates that the weights have seen. */
  readonly step: number;
  /** Weights and states by name, compared with their checksum. */
  readonly weights: ReadonlyMap<string, Tensor>;
}

/** Throws `LabError('not-found' | 'corrupt')`. */
export async function readSubject(workspace: Workspace, run: RunFolder): Promise<ExportSubject> {
  const experiment = await readJson(run.spec, experimentSpec);
  const model = await readModel(run, experiment);
  const tokenizerFile = (await fileExists(run.tokenizer)) ? run.tokenizer : undefined;
  return { workspace, run, experiment, model, tokenizerFile };
}

/** Throws `LabError('not-found')` without a checkpoint, `LabError('corrupt')` for files that are not what was written. */
export async function readSource(
  workspace: Workspace,
  run: RunFolder,
  checkpoint: 'best' | 'last',
): Promise<ExportSource> {
  const subject = await readSubject(workspace, run);
  if (subject.tokenizerFile !== undefined) await verifyFile(subject.tokenizerFile);
  return { ...subject, ...(await readWeights(run, checkpoint)) };
}
