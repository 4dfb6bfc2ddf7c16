/**
 * A spec to begin with, that trains as it stands: a task that fits the data, a network that the task can be learned with, a tokenizer
 * that reads the texts. The sizes are those that finish on a laptop within minutes; everything else is left to the defaults.
 */
import { LabError } from '../../shared/errors.ts';
import type { Experiment } from '../../shared/spec/experiment/index.ts';
import { groupOfKind, kindFacts } from '../../shared/spec/data-kind.ts';
import { registeredPresets } from '../nn/index.ts';
import type { DataDescription, TaskDefinition } from '../tasks/index.ts';
import { findTask, registeredTasks } from '../tasks/index.ts';
import type { MaterialGroup } from '../workspace/catalogue.ts';
import type { ImportedModel } from '../workspace/models.ts';
import { findRecipe } from './recipes.ts';

/** A run whose network is to be fine-tuned. */
interface PretrainedRun {
  readonly id: string;
  readonly spec: Experiment;
}

export interface Starting {
  readonly data?: DataDescription | undefined;
  readonly from?: PretrainedRun | undefined;
  /** Those of the workspace: labelled text from scratch is read with the tokenizer of one, if it was made for such text. */
  readonly corpora?: readonly DataDescription[];
}

export interface Wish {
  /** Name of a material. */
  readonly data?: string | undefined;
  /** Which of a corpus and a dataset of this name. */
  readonly group?: MaterialGroup | undefined;
  readonly kind?: 'pretext' | 'supervised' | undefined;
  /** What the network that is begun from reads. */
  readonly reads?: 'tokens' | 'image' | 'frames' | undefined;
}

/**
 * The task that suits the data that is named, or the first that suits any data there is; and that data. Throws
 * `LabError('not-found')` for data that is not there, `LabError('bad-spec')` where no task can use it.
 */
export function suggestTask(
  materials: readonly DataDescription[],
  { data, group, kind, reads }: Wish,
): { readonly task: string; readonly data: DataDescription | undefined } {
  const named = materials.filter(
    ({ name, kind: is }) => (data === undefined || name === data) && (group === undefined || groupOfKind(is) === group),
  );
  if (data !== undefined && named.length === 0) throw new LabError('not-found', `There is no data '${data}'`, { data });
  const tasks = registeredTasks().filter(
    (task) =>
      (kind === undefined || task.kind === kind) &&
      (reads === undefined || task.data.some((one) => kindFacts(one)?.input === reads)),
  );
  const fitting = named.filter((material) => reads === undefined || kindFacts(material.kind)?.input === reads);
  for (const task of tasks) {
    const found = fitting.find((material) => task.data.includes(material.kind) && suits(task, material));
    if (found) return { task: task.type, data: found };
  }
  // Nothing suits: what can at least be chosen.
  for (const task of tasks) {
    const found = fitting.find((material) => task.data.includes(material.kind));
    if (found) return { task: task.type, data: found };
  }
  const [first] = tasks;
  if (data === undefined && first) return { task: first.type, data: undefined };
  throw new LabError('bad-spec', `No task of this kind uses '${data ?? ''}'`, { data, kind });
}

/** The material that a task suits best, for a task that was chosen before its data. */
export function suggestData(type: string, materials: readonly DataDescription[]): DataDescription | undefined {
  const task = findTask(type);
  const fitting = materials.filter(({ kind }) => task.data.includes(kind));
  return fitting.find((material) => suits(task, material)) ?? fitting[0];
}

function suits({ suggested }: TaskDefinition<unknown>, data: DataDescription): boolean {
  return suggested?.suits?.(data) ?? true;
}

/**
 * An experiment file of a few lines, as data: what is not said has the defaults of its recipe. Throws `LabError('bad-spec')` for an
 * unknown task.
 */
export function suggestExperiment(type: string, { data, from, corpora = [] }: Starting = {}): Record<string, unknown> {
  const task = findTask(type);
  const pipeline = from ? from.spec.pipeline : (smallestPreset(task, data?.kind) ?? 'bert-tiny');
  const length = task.kind === 'pretext' ? { steps: 1000 } : { epochs: from ? 5 : 10 };
  const preset = typeof pipeline === 'string' ? pipeline : 'preset' in pipeline ? pipeline.preset : undefined;
  const hasRecipe = preset !== undefined && findRecipe(preset, type) !== undefined;
  return {
    name: [from?.spec.name, task.type].filter((part) => part !== undefined).join('-'),
    task: { type: task.type, ...(data && task.suggested?.options?.(data)), ...sharedOptions(task, from) },
    ...(data && { data: data.name }),
    ...(!from && (data?.kind ?? task.data[0]) === 'text-dataset' && { tokenizer: tokenizerFor(data, corpora) }),
    pipeline,
    ...(from && { from: { run: from.id } }),
    training: {
      ...length,
      ...(!hasRecipe && usualSettings(task, from !== undefined)),
      ...task.suggested?.training,
      ...(data && task.suggested?.trainingOn?.(data)),
    },
  };
}

/** As `suggestExperiment`, from an imported model: its network and tokenizer come along unsaid. */
export function suggestFromModel(
  type: string,
  data: DataDescription | undefined,
  { name, manifest: { input } }: Pick<ImportedModel, 'name' | 'manifest'>,
): Record<string, unknown> {
  const task = findTask(type);
  const length = { length: input.kind === 'tokens' ? Math.min(usualLength, input.length) : undefined };
  return {
    name: `${name}-${task.type}`,
    task: {
      type: task.type,
      ...(data && task.suggested?.options?.(data)),
      ...(length.length !== undefined && task.options.safeParse(length).success && length),
    },
    ...(data && { data: data.name }),
    from: { model: name },
    training: {
      ...(task.kind === 'pretext' ? { steps: 1000 } : { epochs: 5 }),
      batchSize: 16,
      learningRate: 0.00005, // BERT's authors fine-tune with 2e-5 to 5e-5
      ...task.suggested?.training,
      ...(data && task.suggested?.trainingOn?.(data)),
    },
  };
}

/** Of tokens: attention to more of them takes long on a laptop. */
const usualLength = 128;

/** That of a corpus of the same sort, words or symbols; else one that is trained on the labelled texts alone. */
function tokenizerFor(
  data: DataDescription | undefined,
  corpora: readonly DataDescription[],
): NonNullable<Experiment['tokenizer']> {
  const areSymbols = data?.isSequences === true;
  const corpus = corpora.find(({ kind, isSequences }) => kind === 'text-corpus' && isSequences === areSymbols);
  if (corpus) return { corpus: corpus.name };
  return { trained: areSymbols ? { kind: 'characters' } : {} };
}

/** For networks without a recipe: rates that small ones take. */
function usualSettings({ kind }: TaskDefinition<unknown>, isPretrained: boolean): Record<string, number> {
  if (kind === 'pretext') return { batchSize: 32, learningRate: 0.0005 };
  return { batchSize: 16, learningRate: isPretrained ? 0.0001 : 0.0003 };
}

/** What the network was trained with it has to be used with: the length of sequences, the size of images. */
function sharedOptions({ options }: TaskDefinition<unknown>, from: PretrainedRun | undefined): Record<string, unknown> {
  if (!from) return {};
  const { type: _type, ...known } = from.spec.task;
  const names = ['length', 'size', 'patchSize', 'height', 'width'].filter((name) => name in known);
  const shared = Object.fromEntries(names.map((name) => [name, known[name]]));
  return options.safeParse(shared).success ? shared : {};
}

/** Of the presets for this kind of data, the first that the task names; where it names none, the first there is. */
function smallestPreset({ suggested, data }: TaskDefinition<unknown>, kind: string | undefined): string | undefined {
  const wanted = kindFacts(kind ?? data[0] ?? '')?.input;
  return registeredPresets().find(({ name, input }) => input === wanted && (suggested?.presets?.includes(name) ?? true))
    ?.name;
}
