/** A spec to begin with. The sizes are those that finish on a laptop within minutes; everything else is left to the defaults. */
import type { Experiment } from '../../shared/spec/experiment/index.ts';
import { kindFacts } from '../../shared/spec/data-kind.ts';
import { registeredPresets } from '../nn/index.ts';
import type { TaskDefinition } from '../tasks/index.ts';
import { findTask } from '../tasks/index.ts';
import type { ImportedModel } from '../workspace/models.ts';
import { findRecipe } from './recipes.ts';

/** A run whose network is to be fine-tuned. */
interface PretrainedRun {
  readonly id: string;
  readonly spec: Experiment;
}

/**
 * @param kind of the data, where it is known: some tasks learn from images as well as from recordings
 * @param corpus whose tokenizer labelled text is read with, from scratch: a dataset has none of its own
 */
export function suggestExperiment(
  type: string,
  data: string | undefined,
  kind: string | undefined,
  from: PretrainedRun | undefined,
  corpus: string | undefined,
): Record<string, unknown> {
  const task = findTask(type);
  const pipeline = from ? from.spec.pipeline : (smallestPreset(task, kind) ?? 'bert-tiny');
  const length = task.kind === 'pretext' ? { steps: 1000 } : { epochs: from ? 5 : 10 };
  const preset = typeof pipeline === 'string' ? pipeline : 'preset' in pipeline ? pipeline.preset : undefined;
  const hasRecipe = preset !== undefined && findRecipe(preset, type) !== undefined;
  return {
    name: [from?.spec.name, task.type].filter((part) => part !== undefined).join('-'),
    task: { type: task.type, ...sharedOptions(task, from) },
    ...(data !== undefined && { data }),
    ...(!from && corpus !== undefined && task.data.includes('text-dataset') && { tokenizer: { corpus } }),
    pipeline,
    ...(from && { from: { run: from.id } }),
    training: {
      ...length,
      ...(!hasRecipe && usualSettings(task, from !== undefined)),
      ...task.suggested?.training,
    },
  };
}

/** As `suggestExperiment`, from an imported model: its network and tokenizer come along unsaid. */
export function suggestFromModel(
  type: string,
  data: string | undefined,
  { name, manifest: { input } }: Pick<ImportedModel, 'name' | 'manifest'>,
): Record<string, unknown> {
  const task = findTask(type);
  const length = { length: input.kind === 'tokens' ? Math.min(usualLength, input.length) : undefined };
  return {
    name: `${name}-${task.type}`,
    task: { type: task.type, ...(length.length !== undefined && task.options.safeParse(length).success && length) },
    ...(data !== undefined && { data }),
    from: { model: name },
    training: {
      ...(task.kind === 'pretext' ? { steps: 1000 } : { epochs: 5 }),
      batchSize: 16,
      learningRate: 0.00005, // BERT's authors fine-tune with 2e-5 to 5e-5
      ...task.suggested?.training,
    },
  };
}

/** Of tokens: attention to more of them takes long on a laptop. */
const usualLength = 128;

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

/** Of the presets for this kind of data, the first that fits: presets are registered from small to large. */
function smallestPreset({ suggested, data }: TaskDefinition<unknown>, kind: string | undefined): string | undefined {
  const wanted = kindFacts(kind ?? data[0] ?? '')?.input;
  return registeredPresets().find(({ name, input }) => input === wanted && (suggested?.presets?.includes(name) ?? true))
    ?.name;
}
