/**
 * Records how the trained weights and their gradients are distributed, at evaluations. The gradients are those of the batch whose norms
 * are recorded there, too, so that what this adds is one pass over the values.
 */
import type { ParameterHistograms } from '../../shared/histogram.ts';
import type { Executable, Tensor } from '../engines/engine.ts';
import type { Program } from '../graph/program.ts';
import type { TrainingProgress } from '../training/checkpoints.ts';
import { histogramOf } from '../training/histogram.ts';
import { countParameters } from '../training/model.ts';
import { appendHistograms, dropHistogramsFrom } from '../workspace/histogram-records.ts';
import type { RunFolder } from '../workspace/run-folder.ts';
import type { PreparedRun } from './prepare.ts';

/**
 * So many trained weights are counted unless the spec says otherwise: a tenth of a second or two at every evaluation, of which there are
 * ten in a run, while a step of networks of this size takes as long on its own.
 */
const mostByDefault = 20_000_000;

/** Every so manieth evaluation is recorded, by what the spec says and the number of trained weights; undefined for none. */
export function histogramInterval(setting: boolean | number | undefined, trained: number): number | undefined {
  const wanted = setting ?? trained <= mostByDefault;
  return wanted === false ? undefined : wanted === true ? 1 : wanted;
}

export interface HistogramRecorder {
  /** After the updates of `step`; without gradients before the first. */
  record(step: number, gradients: ReadonlyMap<string, Tensor> | undefined): Promise<void>;
}

export interface HistogramOptions {
  readonly run: RunFolder;
  readonly prepared: PreparedRun;
  readonly trainer: Executable;
  readonly program: Program;
  readonly progress: TrainingProgress;
  readonly onRecords?: ((records: readonly ParameterHistograms[]) => void) | undefined;
}

/** Takes back what was recorded after the point from which the run goes on. Undefined where nothing is to be recorded. */
export async function openHistograms(options: HistogramOptions): Promise<HistogramRecorder | undefined> {
  const { run, prepared, trainer, program, progress, onRecords } = options;
  const isRecorded = progress.step > 0 && progress.evaluationPending !== true;
  await dropHistogramsFrom(run, isRecorded ? progress.step + 1 : progress.step);
  const every = histogramInterval(prepared.experiment.training.histograms, countParameters(program).trainable);
  if (every === undefined) return undefined;
  const { evaluateEvery, totalSteps } = prepared.plan;
  const isDue = (step: number): boolean => step === totalSteps || Math.ceil(step / evaluateEvery) % every === 0;
  const trained = program.gradients.map(({ parameter }) => parameter.name);
  return {
    async record(step, gradients) {
      if (!isDue(step)) return;
      const parameters = await trainer.exportParameters();
      const records = trained.flatMap((name) => {
        const [weights, gradient] = [parameters.get(name)?.data, gradients?.get(name)?.data];
        if (!(weights instanceof Float32Array)) return [];
        const ofGradient = gradient instanceof Float32Array ? { gradients: histogramOf(gradient) } : {};
        return [{ step, parameter: name, weights: histogramOf(weights), ...ofGradient }];
      });
      await appendHistograms(run, records);
      onRecords?.(records);
    },
  };
}
