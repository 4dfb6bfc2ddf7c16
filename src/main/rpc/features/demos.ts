/** Demos. */
import type { ImageFrame } from '../../../shared/contract/common.ts';
import type { Demo, demosContract } from '../../../shared/contract/demos.ts';
import { demoFormOf } from '../../tasks/demo-form.ts';
import type { Lab } from '../../lab/lab.ts';
import { backboneFacts, networkOfHead } from '../../runs/model-network.ts';
import { readModel } from '../../runs/read-model.ts';
import { referenceOfModel } from '../../runs/find-network.ts';
import type { RunRecord } from '../../lab/store/run-record.ts';
import type { PipelineInput } from '../../nn/index.ts';
import type { TaskDefinition, TaskFacts } from '../../tasks/index.ts';
import { findTask } from '../../tasks/index.ts';
import type { ImportedModel } from '../../workspace/models.ts';
import { listModels } from '../../workspace/models.ts';
import { nameOf } from './asked-name.ts';
import type { HandlersOf } from '../dispatcher.ts';

export function demosHandlers(lab: Lab): HandlersOf<typeof demosContract> {
  const { runs, workers, jobs } = lab;
  return {
    async list() {
      const candidates = runs.all().filter(({ archived, progress }) => !archived && progress.checkpoint !== null);
      const { models } = await listModels(lab.workspace);
      const ofRuns = candidates.map((record) => describeDemo(lab, record).catch(() => undefined)); // of a lab that knows more tasks
      const demos = [...(await Promise.all(ofRuns)), ...models.flatMap(describeModel)];
      return demos.filter((demo) => demo !== undefined).sort((a, b) => (b.finishedAt ?? 0) - (a.finishedAt ?? 0));
    },
    ask: (input, { signal }) => workers.call('ask', input, { signal }),
    continue: (input, { signal }) => workers.call('continue', input, { signal }),
    quiz: (input, { signal }) => workers.call('quiz', input, { signal }),
    embeddings(input) {
      const { id } = jobs.start(
        'embeddings',
        `Projection of ${nameOf(lab, input.run)}`,
        async (signal, onProgress) => ({
          result: await workers.callAlone('embeddings', input, { signal, onProgress }),
        }),
      );
      return { job: id };
    },
  };
}

/** An imported model through each of its heads; one that can be asked nothing makes vectors. */
function describeModel({ name, manifest, tokenizer }: ImportedModel): Demo[] {
  const about = {
    kind: 'model' as const,
    name,
    data: manifest.title,
    finishedAt: Date.parse(manifest.createdAt),
    metric: null,
  };
  const asked = manifest.heads.flatMap((head) => {
    const { task, facts } = networkOfHead(manifest, head, Infinity);
    return task.predict ? { ...about, ...describeAsked(task, facts), run: referenceOfModel(name, head.task) } : [];
  });
  const { input, images } = backboneFacts(manifest, Infinity);
  if (asked.length > 0 || (input.kind === 'tokens' && tokenizer === undefined)) return asked;
  const frame = images ? frameOf(images) : null;
  const shape = { kind: input.kind, shape: shapeOf(input) };
  const none = { classes: null, examples: [], input: shape, frame };
  return [{ ...about, ...none, run: referenceOfModel(name), task: 'vectors', title: 'Vectors alone', form: 'vectors' }];
}

/** What of a demo follows from its task and what it reads. */
function describeAsked(task: TaskDefinition<unknown>, { input, classes, images }: TaskFacts) {
  return {
    task: task.type,
    title: task.title,
    form: demoFormOf(task, input.kind),
    classes: classes ? [...classes] : null,
    input: { kind: input.kind, shape: shapeOf(input) },
    frame: images ? frameOf(images) : null,
    examples: [...(task.demo?.examples ?? [])],
  };
}

function frameOf({ height, width, fit, resizeShorter, background }: NonNullable<TaskFacts['images']>): ImageFrame {
  const hex = background.map((value) => value.toString(16).padStart(2, '0')).join('');
  return { height, width, fit, resizeShorter, background: `#${hex}` };
}

async function describeDemo({ runs, tasks }: Lab, record: RunRecord): Promise<Demo | undefined> {
  const { id, spec, progress, result } = record;
  const task = findTask(spec.task.type);
  if (!task.predict) return undefined;
  const { facts } = await readModel(runs.folder(id), spec);
  const metric = firstMeasured(task, result?.test?.metrics ?? result?.validation.metrics);
  const { metric: selected } = tasks.selectionOf(spec.task.type);
  return {
    ...describeAsked(task, facts),
    run: id,
    kind: 'run',
    name: spec.name,
    data: spec.data,
    finishedAt: result ? Date.parse(result.finishedAt) : progress.lastEventAt,
    metric: metric ?? { name: selected, value: progress.best?.value ?? null },
  };
}

/** The most telling metric of a task that a run has; none before it has ended. */
function firstMeasured({ metrics }: TaskDefinition<unknown>, measured: Readonly<Record<string, number | null>> = {}) {
  const name = metrics.find((one) => measured[one] !== undefined);
  return name === undefined ? undefined : { name, value: measured[name] ?? null };
}

function shapeOf(input: PipelineInput): number[] {
  switch (input.kind) {
    case 'tokens':
      return [input.length];
    case 'image':
      return [input.height, input.width, input.channels];
    case 'frames':
      return [input.length, input.features];
  }
}
