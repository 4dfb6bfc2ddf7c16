/** A run's experiment with its data as it was, and without the test examples that its network has seen elsewhere. */
import { LabError, isLabError } from '../../shared/errors.ts';
import { storedExperiment } from '../../shared/spec/experiment/index.ts';
import { describeLeaks } from '../../shared/spec/leaks.ts';
import { fileExists } from '../files/file-exists.ts';
import type { RunFolder } from '../workspace/run-folder.ts';
import { readJson, runOrigin } from '../workspace/run-folder.ts';
import { readRunLeaks, writeRunLeaks } from '../workspace/run-leaks.ts';
import type { Workspace } from '../workspace/workspace.ts';
import { describeChange } from './changed-data.ts';
import type { PreparedRun } from './prepare.ts';
import { takesTokenizerOfModel } from './basis.ts';
import type { Waiting } from './encoded-corpus.ts';
import { encodedWith, waitingWith } from './encoded-corpus.ts';
import { findMaterialOf, prepareRun } from './prepare.ts';
import { verifyDataOf } from './verify-material.ts';
import { checkRunLeaks } from './run-leaks.ts';

/**
 * Opens a run as it was when its leaks were last checked; the caller closes the sampler. Throws `LabError('conflict')` when its
 * material is another one by now, `LabError('not-found')` when it is gone.
 */
export async function openRun(workspace: Workspace, run: RunFolder, waiting: Waiting = {}): Promise<PreparedRun> {
  const experiment = await readJson(run.spec, storedExperiment);
  const origin = await readJson(run.origin, runOrigin);
  const material = await findMaterialOf(workspace, experiment);
  const change = await describeChange(material, origin.data);
  if (change !== undefined) {
    const message = `'${origin.data.name}' is not what it was when this run was created: it ${change}. Or start a new run`;
    throw new LabError('conflict', message, { data: origin.data.name });
  }
  const tokenizerFile = (await fileExists(run.tokenizer)) ? run.tokenizer : undefined;
  const excluded = (await readRunLeaks(run))?.excluded;
  const encoded =
    tokenizerFile !== undefined && takesTokenizerOfModel(experiment)
      ? await encodedWith(workspace, material, tokenizerFile, waiting)
      : material;
  return prepareRun(experiment, encoded, tokenizerFile, excluded);
}

export interface LeakCheck {
  readonly signal: AbortSignal;
  readonly onPhase?: ((phase: string) => void) | undefined;
  /** For the run's log. */
  readonly notice: (message: string) => void;
}

/**
 * Opens a run for training: the first time, its test examples are checked for leaks, and taken out where the experiment says so.
 * Undefined when it was stopped meanwhile.
 */
export async function openCheckedRun(
  workspace: Workspace,
  run: RunFolder,
  { signal, onPhase, notice }: LeakCheck,
): Promise<PreparedRun | undefined> {
  onPhase?.('Checking the data');
  await verifyDataOf(workspace, run);
  const prepared = await openRun(workspace, run, waitingWith(signal, onPhase)).catch((error: unknown) => {
    if (isLabError(error, 'aborted')) return undefined;
    throw error;
  });
  if (!prepared) return undefined;
  const { experiment, material, sampler } = prepared;
  const { sides } = sampler;
  if (!sides || !experiment.evaluation.test) return prepared;
  try {
    if (await readRunLeaks(run)) return prepared;
    onPhase?.('Checking for leaks');
    const { weights } = await readJson(run.origin, runOrigin);
    const leaks = await checkRunLeaks(workspace, { experiment, material, test: sides.test, weights }, { signal });
    if (!leaks) return prepared;
    await writeRunLeaks(run, leaks);
    if (leaks.leaked > 0) notice(`Warning: ${describeLeaks(leaks)}`);
    if (leaks.excluded.length === 0) return prepared;
  } catch (error) {
    sampler.close();
    if (signal.aborted) return undefined;
    throw error;
  }
  sampler.close();
  return openRun(workspace, run);
}
