/**
 * From an experiment to everything a run needs: its material, the tokenizer and weights it builds on, the sampler, the
 * network and the plan. Nothing is trained or written here.
 */
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { groupOfKind } from '../../shared/spec/data-kind.ts';
import { LabError, reasonOf } from '../../shared/errors.ts';
import type { Experiment } from '../../shared/spec/experiment/index.ts';
import { networkImagesOf } from '../../shared/spec/network-images.ts';
import type { PipelineInput } from '../nn/index.ts';
import { dataWords, registeredPresets, resolvePipeline } from '../nn/index.ts';
import type { SamplerSetup, TaskDefinition, TaskSampler } from '../tasks/index.ts';
import { findTask } from '../tasks/index.ts';
import { readProgress } from '../training/checkpoints.ts';
import { scheduleOf } from '../training/optimizer-config.ts';
import { checkpointFolder, listCheckpoints } from '../workspace/checkpoint-folders.ts';
import type { TrainingPlan } from '../training/loop.ts';
import type { Model } from '../training/model.ts';
import { withInitialisation } from '../training/model.ts';
import { createSchedule } from '../training/schedules.ts';
import type { Material } from '../workspace/catalogue.ts';
import { findMaterial, listMaterials, materialGroups } from '../workspace/catalogue.ts';
import { fileExists } from '../files/file-exists.ts';
import type { ImportedModel } from '../workspace/models.ts';
import { findModel } from '../workspace/models.ts';
import { findTrainedRun } from '../workspace/runs.ts';
import type { RunFolder } from '../workspace/run-folder.ts';
import type { Workspace } from '../workspace/workspace.ts';

/** What a run builds on besides its material. */
export interface Foundations {
  readonly weights: { readonly label: string; readonly file: string } | undefined;
  readonly tokenizer: { readonly label: string; readonly file: string } | undefined;
}

export interface PreparedRun {
  readonly experiment: Experiment;
  readonly task: TaskDefinition<unknown>;
  readonly material: Material;
  readonly setup: SamplerSetup;
  readonly sampler: TaskSampler;
  readonly model: Model;
  readonly plan: TrainingPlan;
}

/** Throws `LabError('not-found')` naming what would suit the task, `LabError('bad-spec')` for material of another kind. */
export async function findMaterialOf(
  workspace: Workspace,
  { task: { type }, data: name }: Experiment,
): Promise<Material> {
  const { data: kinds } = findTask(type);
  const all = (await Promise.all(materialGroups.map((group) => listMaterials(workspace, group)))).flatMap(
    ({ materials }) => materials,
  );
  const named = all.filter((material) => material.name === name);
  const found = named.find(({ kind }) => kinds.includes(kind));
  if (found) return found;
  const suitable = all.filter(({ kind }) => kinds.includes(kind)).map((material) => material.name);
  const [other] = named;
  if (!other) return findMaterial(workspace, groupOfKind(kinds[0] ?? 'text-corpus'), name, suitable);
  const hint = suitable.length > 0 ? `There is: ${suitable.join(', ')}` : 'There is none yet';
  throw new LabError(
    'bad-spec',
    `data: ${type} needs ${kinds.map(withArticle).join(' or ')}, and '${name}' is ${withArticle(other.kind)}. ${hint}`,
  );
}

const withArticle = (kind: string): string => `${/^[aeiou]/u.test(kind) ? 'an' : 'a'} ${kind}`;

/**
 * Resolves `from` and `tokenizer`, but for one that is trained on the data (`own-tokenizer.ts`). Throws
 * `LabError('not-found' | 'bad-spec')`.
 */
export async function findFoundations(workspace: Workspace, { from, tokenizer }: Experiment): Promise<Foundations> {
  const source = from && 'run' in from ? await findTrainedRun(workspace, from.run) : undefined;
  const model = from && 'model' in from ? await findModel(workspace, from.model) : undefined;
  const inherited =
    source && (await fileExists(source.tokenizer))
      ? { label: `run ${source.id}`, file: source.tokenizer }
      : model?.tokenizer === undefined
        ? undefined
        : { label: modelLabel(model), file: model.tokenizer };
  return {
    weights: model
      ? { label: modelLabel(model), file: model.weights }
      : from &&
        ('file' in from
          ? fileWeights(from.file)
          : 'run' in from
            ? await runWeights(source, from.checkpoint)
            : undefined),
    tokenizer: !tokenizer ? inherited : 'trained' in tokenizer ? undefined : await findTokenizer(workspace, tokenizer),
  };
}

const modelLabel = ({ name }: ImportedModel): string => `model ${name}`;

/**
 * Opens the sampler and lays out network and plan; the caller closes the sampler. Throws what the task says about its data,
 * and `LabError('bad-spec')`.
 */
export function prepareRun(
  experiment: Experiment,
  material: Material,
  tokenizerFile: string | undefined,
  excludedFromTest: readonly number[] = [],
): PreparedRun {
  const task = findTask(experiment.task.type);
  const { type: _type, ...options } = experiment.task;
  const images = networkImagesOf(experiment);
  const setup: SamplerSetup = {
    options,
    dataFolder: material.folder,
    ...(tokenizerFile !== undefined && { tokenizerFile }),
    splitSeed: experiment.splitSeed,
    ...(experiment.labelSeed !== undefined && { labelSeed: experiment.labelSeed }),
    ...(images && { images }),
    ...(excludedFromTest.length > 0 && { excludedFromTest }),
  };
  const sampler = task.openSampler(setup);
  try {
    requireSuitedPreset(experiment, sampler.input.kind);
    const pipeline = withInitialisation(resolvePipeline(experiment.pipeline), experiment.initialisation);
    const { input, classes, targets, labelSet, tags, images: known, audio, speech } = sampler;
    const facts = {
      input,
      ...(classes && { classes }),
      ...(targets && { targets }),
      ...(labelSet && { labelSet }),
      ...(tags && { tags }),
      ...(known && { images: known }),
      ...(audio && { audio }),
      ...(speech && { speech }),
    };
    const fixedStatistics = experiment.training.batchStatistics === 'pretrained';
    if (fixedStatistics && !experiment.from) {
      throw new LabError(
        'bad-spec',
        "training.batchStatistics: a network that starts from scratch has no statistics yet. Leave it out, or name a pretrained run in 'from'",
      );
    }
    const recompute = experiment.training.gradientCheckpointing ?? false;
    const model: Model = { task, options, pipeline, facts, fixedStatistics, recompute };
    return { experiment, task, material, setup, sampler, model, plan: createPlan(experiment, task, sampler) };
  } catch (error) {
    sampler.close();
    throw error;
  }
}

/** A preset for other data would fail at its first block, which says little to whoever chose it by its name. */
function requireSuitedPreset({ pipeline, data }: Experiment, kind: PipelineInput['kind']): void {
  if (!('preset' in pipeline)) return;
  const presets = registeredPresets();
  const preset = presets.find(({ name }) => name === pipeline.preset);
  if (!preset || preset.input === kind) return;
  const suited = presets.filter(({ input }) => input === kind).map(({ name }) => name);
  throw new LabError(
    'bad-spec',
    `pipeline: ${preset.name} reads ${dataWords[preset.input]}, and '${data}' is ${dataWords[kind]}. Pipelines for it: ${suited.join(', ')}`,
  );
}

/** How often things happen when the experiment does not say: ten times in a run. */
const timesInRun = 10;

/** How many steps there are, and at which of them something happens, from the settings of the training. */
export function createPlan(
  { training, seed }: Experiment,
  { selection }: Pick<TaskDefinition<unknown>, 'selection'>,
  { trainingExamples }: Pick<TaskSampler, 'trainingExamples'>,
): TrainingPlan {
  const { batchSize, gradientAccumulationSteps, epochs, learningRate, earlyStopping } = training;
  const examplesPerStep = batchSize * gradientAccumulationSteps;
  const totalSteps = training.steps ?? Math.max(1, Math.ceil(((epochs ?? 1) * trainingExamples) / examplesPerStep));
  const regularly = Math.max(1, Math.ceil(totalSteps / timesInRun));
  return {
    totalSteps,
    batchSize,
    gradientAccumulationSteps,
    seed,
    schedule: createSchedule(scheduleOf(training), learningRate, totalSteps),
    evaluateEvery: training.evaluateEvery ?? regularly,
    checkpointEvery: training.checkpointEvery ?? regularly,
    logEvery: training.logEvery,
    patience: earlyStopping?.patience ?? Infinity,
    minimumDelta: earlyStopping?.minimumDelta ?? 0,
    mode: selection.direction === 'minimise' ? 'min' : 'max',
  };
}

function fileWeights(file: string): { label: string; file: string } {
  return { label: file, file: resolve(file) };
}

async function runWeights(
  run: RunFolder | undefined,
  which: 'best' | 'last',
): Promise<{ label: string; file: string }> {
  if (!run) throw new LabError('internal', 'weights of a run need a run');
  const step = await checkpointStep(run, which);
  return {
    label: `run ${run.id}, step ${step}`,
    file: join(checkpointFolder(run.checkpoints, step), 'model.safetensors'),
  };
}

/** The step of a run's best or last checkpoint, or of the one that is named; the last stands in where nothing was evaluated. Throws `LabError('not-found')`. */
export async function checkpointStep(run: RunFolder, which: 'best' | 'last' | number): Promise<number> {
  const steps = await listCheckpoints(run.checkpoints);
  if (typeof which === 'number') {
    if (steps.includes(which)) return which;
    throw new LabError(
      'not-found',
      `The run ${run.id} has no checkpoint of step ${which}. It has: ${steps.join(', ')}`,
      { run: run.id },
    );
  }
  const last = steps.at(-1);
  if (last === undefined) {
    throw new LabError('not-found', `The run ${run.id} has no checkpoint yet`, { run: run.id });
  }
  if (which === 'last') return last;
  const { selection } = await readProgress(checkpointFolder(run.checkpoints, last));
  return selection.bestStep ?? last;
}

async function findTokenizer(
  workspace: Workspace,
  tokenizer: Exclude<NonNullable<Experiment['tokenizer']>, { trained: unknown }>,
): Promise<{ label: string; file: string }> {
  if ('file' in tokenizer) {
    const file = resolve(tokenizer.file);
    await requireReadable(file, `tokenizer: ${tokenizer.file}`);
    return { label: tokenizer.file, file };
  }
  if ('model' in tokenizer) {
    const model = await findModel(workspace, tokenizer.model);
    if (model.tokenizer !== undefined) return { label: modelLabel(model), file: model.tokenizer };
    throw new LabError('not-found', `tokenizer: the model ${model.name} came without one`, { model: model.name });
  }
  if ('run' in tokenizer) {
    const run = await findTrainedRun(workspace, tokenizer.run);
    await requireReadable(run.tokenizer, `tokenizer: the run ${run.id}`);
    return { label: `run ${run.id}`, file: run.tokenizer };
  }
  const { folder } = await findMaterial(workspace, 'corpus', tokenizer.corpus);
  const file = join(folder, 'tokenizer.json');
  await requireReadable(file, `tokenizer: the corpus ${tokenizer.corpus}`);
  return { label: `corpus ${tokenizer.corpus}`, file };
}

async function requireReadable(file: string, what: string): Promise<void> {
  await readFile(file).catch((error: unknown) => {
    throw new LabError('not-found', `${what} has no tokenizer that can be read: ${reasonOf(error)}`, { file }, error);
  });
}
