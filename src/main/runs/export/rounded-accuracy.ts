/** What rounding the weights costs: the task's metrics on the test split, with the weights as trained and as rounded. */
import { LabError, isLabError } from '../../../shared/errors.ts';
import type { Tensor } from '../../engines/engine.ts';
import { evaluateSplit } from '../../training/evaluate.ts';
import { buildModel } from '../../training/model.ts';
import { loadEngine } from '../engines.ts';
import { openRun } from '../open-run.ts';
import type { ExportSource } from './source.ts';

export interface RoundedAccuracy {
  readonly split: 'test' | 'validation';
  readonly before: Readonly<Record<string, number>>;
  readonly after: Readonly<Record<string, number>>;
}

/**
 * Undefined where the data of the run is no longer as it was, and for models of others, so that nothing can be measured. The validation split stands in
 * where there is no test split.
 *
 * @param rounded weights by name; the others stay as they are
 */
export async function measureRounding(
  { workspace, trained, weights }: ExportSource,
  rounded: ReadonlyMap<string, Float32Array>,
  signal: AbortSignal,
): Promise<RoundedAccuracy | undefined> {
  if (!trained) return undefined;
  const { run, experiment } = trained;
  const prepared = await openRun(workspace, run).catch((error: unknown) => {
    if (isLabError(error, 'not-found') || isLabError(error, 'conflict')) return undefined;
    throw error;
  });
  if (!prepared) return undefined;
  const { model, sampler } = prepared;
  const batchSize = experiment.evaluation.batchSize ?? experiment.training.batchSize;
  try {
    const engine = await loadEngine(experiment.engine.name);
    const executable = await engine.compile(buildModel(model, 'evaluation', batchSize), {});
    try {
      const split = sampler.evaluationBatchCount('test', batchSize) > 0 ? 'test' : 'validation';
      const measure = async (parameters: ReadonlyMap<string, Tensor>): Promise<Readonly<Record<string, number>>> => {
        await executable.importState({ parameters });
        const options = { split, batchSize, maximumBatches: experiment.evaluation.maximumBatches, signal } as const;
        const result = await evaluateSplit(model, executable, sampler, options);
        if (!result) throw new LabError('bad-input', `The ${split} split has no examples to measure the rounding on`);
        return result.metrics;
      };
      const replaced = [...weights].map(([name, tensor]): [string, Tensor] => {
        const data = rounded.get(name);
        return [name, data ? { ...tensor, data } : tensor];
      });
      return { split, before: await measure(weights), after: await measure(new Map(replaced)) };
    } finally {
      await executable.release();
    }
  } finally {
    sampler.close();
  }
}
