/** Tasks, and options of anything, as pages and the design of studies need them. */
import { z } from 'zod';
import type { TaskInformation } from '../../shared/contract/registry.ts';
import type { LabelFormat } from '../../shared/spec/label-format.ts';
import { labelKinds } from '../../shared/spec/label-format.ts';
import type { TaskDefinition } from '../tasks/index.ts';
import { registeredTasks } from '../tasks/index.ts';

/** What trains small networks on few labels, for tasks that say nothing of it. */
const usualFewLabels = { steps: 120, batchSize: 16, learningRate: 5e-4, budget: 'total' } as const;

/** Every task with its options, metrics and kinds of data, in the order of the registry. */
export function taskInformation(): readonly TaskInformation[] {
  return registeredTasks().map((task) => ({
    type: task.type,
    title: task.title,
    summary: task.summary,
    kind: task.kind,
    data: [...task.data],
    ...describeForm(task.options),
    metrics: [...task.metrics],
    selection: task.selection,
    fewLabels: task.suggested?.fewLabels ?? usualFewLabels,
    labels: labelKinds.filter((kind) => suitsLabels(task, kind)),
    comparesMethods: (task.classical ?? task.bestClassical) !== undefined,
    hasLinearProbe: task.linear !== undefined,
    predicts: task.predict !== undefined,
  }));
}

/** Whether a task is suggested for data of the kind that it reads, with many examples and few classes, or other labels. */
function suitsLabels({ kind, data, suggested }: TaskDefinition<unknown>, labels: LabelFormat['kind']): boolean {
  const [read] = data;
  if (kind === 'pretext' || read === undefined) return false;
  return (
    suggested?.suits?.({
      ...{ name: '', kind: read, examples: 100, isSequences: false },
      labels: ['a', 'b'].map((name) => ({ name, count: 50 })),
      targets: labels === 'classes' ? undefined : labels,
    }) ?? true
  );
}

/** Options as a form needs them. Members without a default, which a person has to give, are missing among the defaults. */
export function describeForm(options: z.ZodType): {
  options: Record<string, unknown>;
  defaults: Record<string, unknown>;
} {
  const { $schema: _standard, ...schema } = z.toJSONSchema(options, { io: 'input', unrepresentable: 'any' });
  const defaults = Object.fromEntries(
    Object.entries(schema.properties ?? {}).flatMap(([name, property]) =>
      typeof property === 'object' && property.default !== undefined ? [[name, property.default]] : [],
    ),
  );
  return { options: schema, defaults };
}
