/** A spec to begin with. The sizes are those that finish on a laptop within minutes; everything else is left to the defaults. */
import type { TaskDefinition } from '../tasks/index.ts';
import { findTask } from '../tasks/index.ts';
import { registeredPresets } from '../nn/index.ts';
import type { RunRecord } from './store/run-record.ts';

/** @param corpus whose tokenizer labelled text is read with, from scratch: a dataset has none of its own */
export function suggestExperiment(
  type: string,
  data: string | undefined,
  from: RunRecord | undefined,
  corpus: string | undefined,
): Record<string, unknown> {
  const task = findTask(type);
  const pipeline = from ? from.spec.pipeline : (smallestPreset(task) ?? 'bert-tiny');
  const isPretext = task.kind === 'pretext';
  return {
    name: [from?.spec.name, task.type].filter((part) => part !== undefined).join('-'),
    task: { type: task.type, ...sharedOptions(task, from) },
    ...(data !== undefined && { data }),
    ...(!from && corpus !== undefined && task.data.includes('text-dataset') && { tokenizer: { corpus } }),
    pipeline,
    ...(from && { from: { run: from.id } }),
    training: isPretext
      ? { steps: 1000, batchSize: 32, learningRate: 0.0005 }
      : { epochs: from ? 5 : 10, batchSize: 16, learningRate: from ? 0.0001 : 0.0003 },
  };
}

/** What the network was trained with it has to be used with: the length of sequences, the size of images. */
function sharedOptions({ options }: TaskDefinition<unknown>, from: RunRecord | undefined): Record<string, unknown> {
  if (!from) return {};
  const { type: _type, ...known } = from.spec.task;
  const names = ['length', 'size', 'patchSize', 'height', 'width'].filter((name) => name in known);
  const shared = Object.fromEntries(names.map((name) => [name, known[name]]));
  return options.safeParse(shared).success ? shared : {};
}

/** Of the presets for this kind of data, the first: presets are registered from small to large. */
function smallestPreset({ data }: TaskDefinition<unknown>): string | undefined {
  const wanted = data.some((kind) => kind.startsWith('image'))
    ? 'image'
    : data.some((kind) => kind.startsWith('text'))
      ? 'tokens'
      : 'frames';
  return registeredPresets().find(({ input }) => input === wanted)?.name;
}
