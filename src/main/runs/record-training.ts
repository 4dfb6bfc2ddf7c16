/**
 * Looks at a model while it is trained, after every evaluation: how the gradient is distributed over its parts, how weights
 * and gradients are distributed in each parameter, and what it answers to the same few validation examples. Nothing of it changes what
 * is trained; what fails is told once and left out, and the others go on.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../../shared/errors.ts';
import { partOf } from '../../shared/parameter-part.ts';
import type { NewRunEvent } from '../../shared/spec/run/events.ts';
import { loadTokenizer } from '../data/tokenizer/tokenizer.ts';
import type { TextTokenizer } from '../data/tokenizer/tokenizer.ts';
import type { Engine, Executable, Tensor } from '../engines/engine.ts';
import type { Program } from '../graph/program.ts';
import { questionFeeds } from '../tasks/index.ts';
import type { TrainingProgress } from '../training/checkpoints.ts';
import { buildModel } from '../training/model.ts';
import { fileExists } from '../files/file-exists.ts';
import { placeOf } from './engines.ts';
import type { PreparedRun } from './prepare.ts';
import type { HistogramOptions, HistogramRecorder } from './record-histograms.ts';
import { openHistograms } from './record-histograms.ts';
import type { RunFolder } from '../workspace/run-folder.ts';
import { appendGradients, appendSamples } from '../workspace/training-records.ts';

/** Examples whose answers are kept, and how many answers to a question. */
const examples = 8;
const choices = 3;
/** Examples that are spoken at every evaluation. */
const heard = 2;

/** Characters of what was said that the name of a file holds. */
const nameLength = 60;

type Recorded = 'Gradients' | 'Gradient norms' | 'Histograms' | 'Samples';

interface OpenPredictor {
  readonly program: Program;
  readonly executable: Executable;
}

export interface TrainingRecorder extends AsyncDisposable {
  record(step: number): Promise<void>;
}

export interface RecorderOptions {
  readonly run: RunFolder;
  readonly prepared: PreparedRun;
  readonly engine: Engine;
  readonly trainer: Executable;
  readonly program: Program;
  /** Where the training begins, or goes on. */
  readonly progress: TrainingProgress;
  readonly onHistograms?: HistogramOptions['onRecords'];
  readonly emit: (event: NewRunEvent) => void;
}

/** Records into the run's artifacts at every evaluation; the weights are those that `trainer` has at that moment. */
export async function createTrainingRecorder(options: RecorderOptions): Promise<TrainingRecorder> {
  const { run, prepared, engine, trainer, progress, emit } = options;
  const { experiment, model, sampler, plan } = prepared;
  const tokenizer = (await fileExists(run.tokenizer)) ? loadTokenizer(run.tokenizer) : undefined;
  let predictor: OpenPredictor | undefined;
  const failed = new Set<string>();

  const answer = async (step: number): Promise<void> => {
    const count = Math.min(examples, sampler.evaluationBatchCount('validation', 1));
    if (count === 0 || !(model.task.answers ?? model.task.sound)) return;
    predictor ??= await openPredictor(prepared, engine, trainer);
    if (model.task.sound) await recordSounds(run, prepared, predictor, step, Math.min(heard, count));
    if (!model.task.answers) return;
    const answers = [];
    for (let index = 0; index < count; index++) {
      answers.push(await answersTo(prepared, predictor, index, tokenizer));
    }
    if (answers.some((one) => one.length > 0)) await appendSamples(run, { step, answers });
  };

  /** What fails is not tried again; the others go on. */
  const attempt = async <Result>(
    what: Recorded,
    step: number,
    work: () => Promise<Result>,
  ): Promise<Result | undefined> => {
    if (failed.has(what)) return undefined;
    try {
      return await work();
    } catch (error) {
      failed.add(what);
      emit({ type: 'notice', step, message: `${what} are not recorded any more: ${messageOf(error)}` });
      return undefined;
    }
  };
  let histograms: HistogramRecorder | undefined;
  await attempt('Histograms', progress.step, async () => {
    histograms = await openHistograms({ ...options, onRecords: options.onHistograms });
    if (progress.step === 0) await histograms?.record(0, undefined);
  });

  return {
    async record(step) {
      const gradients = await attempt('Gradients', step, async () => {
        const feeds = sampler.trainingBatch(experiment.seed, step * plan.gradientAccumulationSteps, plan.batchSize);
        return (await trainer.gradients(feeds, { seed: experiment.seed, step })).gradients;
      });
      if (gradients) {
        await attempt('Gradient norms', step, () => appendGradients(run, { step, norms: normsByPart(gradients) }));
      }
      await attempt('Histograms', step, async () => histograms?.record(step, gradients));
      await attempt('Samples', step, () => answer(step));
    },
    [Symbol.asyncDispose]: async () => predictor?.executable.release(),
  };
}

async function openPredictor({ model, experiment }: PreparedRun, engine: Engine, trainer: Executable) {
  const program = buildModel(model, 'prediction', 1);
  const executable = await engine.compile(program, { ...placeOf(experiment.engine), shareStateWith: trainer });
  return { program, executable };
}

/** `spoken-three-seven-step-200.wav`: what was said, as far as names of files can say it, and when. */
async function recordSounds(
  { artifacts }: RunFolder,
  prepared: PreparedRun,
  predictor: OpenPredictor,
  step: number,
  count: number,
): Promise<void> {
  const { task, options, facts } = prepared.model;
  await mkdir(artifacts, { recursive: true });
  for (let index = 0; index < count; index++) {
    const { outputs, feeds } = await predict(prepared, predictor, index);
    const sound = task.sound?.({ outputs, feeds, facts, tokenizer: undefined, top: 1 }, options);
    if (!sound) continue;
    const said = sound.text.toLowerCase().replaceAll(/[^\p{L}\p{N}]+/gu, '-');
    await writeFile(join(artifacts, `spoken-${said.slice(0, nameLength)}-step-${String(step)}.wav`), sound.wav);
  }
}

async function answersTo(
  prepared: PreparedRun,
  predictor: OpenPredictor,
  index: number,
  tokenizer: TextTokenizer | undefined,
) {
  const { model, setup } = prepared;
  const { outputs, feeds } = await predict(prepared, predictor, index);
  const example = { outputs, feeds, facts: model.facts, tokenizer, top: choices };
  const answers = model.task.answers?.(example, setup.options) ?? [];
  return answers.map(({ question, kind, choices: found, truth }) => ({ question, kind, choices: found, truth }));
}

async function predict({ sampler }: PreparedRun, { program, executable }: OpenPredictor, index: number) {
  const feeds = questionFeeds(sampler, 'validation', index);
  const wanted = Object.fromEntries(Object.entries(feeds).filter(([name]) => program.inputs.has(name)));
  return { outputs: await executable.run(wanted), feeds };
}

/** L2 norms by block, and by layer within one: `backbone/encoder/layer.0`, `head`. */
export function normsByPart(gradients: ReadonlyMap<string, Tensor>): Record<string, number | null> {
  const squares = new Map<string, number>();
  for (const [name, { data }] of gradients) {
    let sum = 0;
    for (const value of data) sum += value * value;
    const part = partOf(name);
    squares.set(part, (squares.get(part) ?? 0) + sum);
  }
  return Object.fromEntries([...squares].map(([part, sum]) => [part, Number.isFinite(sum) ? Math.sqrt(sum) : null]));
}
