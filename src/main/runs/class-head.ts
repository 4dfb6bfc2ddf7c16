/**
 * The head of classes that came along with an imported model goes on with it where it can: the classes of the data are among those that it
 * tells apart, and the experiment's head is built as the model's is. Its outputs are put in the order of the data's classes.
 */
import type { Experiment } from '../../shared/spec/experiment/index.ts';
import type { ModelHead, ModelManifest } from '../../shared/spec/manifests/model.ts';
import type { Tensor } from '../engines/engine.ts';
import { sizeAt } from '../graph/shape.ts';
import type { Material } from '../workspace/catalogue.ts';

/** The layer to the classes, in tasks that imported heads answer. */
const scopes: Readonly<Record<string, string>> = {
  'text-classification': 'head/text-classes',
  'image-classification': 'head/image-classes',
};

/** Values of options that nobody chose. */
const unchosen: Readonly<Record<string, unknown>> = { pooling: 'mean', hidden: 'none', separators: 1 };

/**
 * The task with the form of the model's head, where the data have its classes and the experiment leaves the form open. A head that is
 * fitted as a linear probe first, or not trained at all, is a new one.
 */
export function withHeadOf(
  { heads }: Pick<ModelManifest, 'heads'>,
  { task, method, training }: Experiment,
  { manifest: { classes } }: Pick<Material, 'manifest'>,
): Experiment['task'] {
  const head = headFor(heads, task.type, namesOf(classes));
  if (!head || (method ?? 'training') !== 'training' || training.linearProbeFirst) return task;
  const isOpen = Object.entries(head.options).every(([name, value]) => [value, unchosen[name]].includes(task[name]));
  return isOpen ? { ...task, ...head.options } : task;
}

export interface ClassHead {
  /** Where its weights are. */
  readonly scope: string;
  /** All that came with the model, the layer to the classes with those of the data alone, in their order. */
  readonly tensors: ReadonlyMap<string, Tensor>;
}

/** Undefined where the head of the experiment is another one. */
export function classHeadOf(
  { heads }: ModelManifest,
  { task, training }: Pick<Experiment, 'task' | 'training'>,
  classes: readonly string[] | undefined,
  tensors: ReadonlyMap<string, Tensor>,
): ClassHead | undefined {
  const head = headFor(heads, task.type, classes ?? []);
  const scope = scopes[task.type];
  if (!head?.labels || !classes || scope === undefined || training.linearProbeFirst) return undefined;
  if (Object.entries(head.options).some(([name, value]) => task[name] !== value)) return undefined;
  const chosen = new Map(tensors);
  const columns = classes.map((name) => head.labels!.indexOf(name));
  for (const name of [`${scope}/output/weight`, `${scope}/output/bias`]) {
    const found = tensors.get(name);
    if (found) chosen.set(name, withColumns(found, columns));
  }
  return { scope, tensors: chosen };
}

/** One that tells at least two classes apart, all of the data among its own. */
function headFor(heads: readonly ModelHead[], task: string, classes: readonly string[]): ModelHead | undefined {
  return heads.find(
    (head) => head.task === task && classes.length > 1 && classes.every((name) => head.labels?.includes(name)),
  );
}

function namesOf(classes: unknown): readonly string[] {
  if (!Array.isArray(classes)) return [];
  return classes.flatMap((one: { readonly name?: unknown }) => (typeof one.name === 'string' ? [one.name] : []));
}

/** Of the last axis. */
function withColumns({ shape, data }: Tensor, columns: readonly number[]): Tensor {
  const all = sizeAt(shape, -1);
  const rows = data.length / all;
  const chosen = new Float32Array(rows * columns.length);
  for (let row = 0; row < rows; row++) {
    for (const [place, column] of columns.entries()) chosen[row * columns.length + place] = data[row * all + column]!;
  }
  return { shape: [...shape.slice(0, -1), columns.length], data: chosen };
}
