/** Demos. */
import type { Demo, demosContract } from '../../../shared/contract/demos.ts';
import { demoFormOf } from '../../runs/demo-forms.ts';
import type { Lab } from '../../lab/lab.ts';
import { readModel } from '../../runs/predict.ts';
import type { RunRecord } from '../../lab/store/run-record.ts';
import type { PipelineInput } from '../../nn/index.ts';
import { findTask } from '../../tasks/index.ts';
import type { HandlersOf } from '../dispatcher.ts';

export function demosHandlers(lab: Lab): HandlersOf<typeof demosContract> {
  const { runs, workers, jobs } = lab;
  return {
    async list() {
      const candidates = runs.all().filter(({ archived, progress }) => !archived && progress.checkpoint !== null);
      const demos = await Promise.all(candidates.map((record) => describeDemo(lab, record).catch(() => undefined))); // of a lab that knows more tasks
      return demos.filter((demo) => demo !== undefined).sort((a, b) => (b.finishedAt ?? 0) - (a.finishedAt ?? 0));
    },
    ask: (input, { signal }) => workers.call('ask', input, { signal }),
    continue: (input, { signal }) => workers.call('continue', input, { signal }),
    quiz: (input, { signal }) => workers.call('quiz', input, { signal }),
    embeddings(input) {
      const { spec } = runs.get(input.run);
      const { id } = jobs.start('embeddings', `Projection of ${spec.name}`, async (signal, onProgress) => ({
        result: await workers.callAlone('embeddings', input, { signal, onProgress }),
      }));
      return { job: id };
    },
  };
}

async function describeDemo({ runs, tasks }: Lab, record: RunRecord): Promise<Demo | undefined> {
  const { id, spec, progress, result } = record;
  const task = findTask(spec.task.type);
  if (!task.predict) return undefined;
  const { facts } = await readModel(runs.folder(id), spec);
  const { metric } = tasks.selectionOf(spec.task.type);
  return {
    run: id,
    name: spec.name,
    task: task.type,
    title: task.title,
    form: demoFormOf(task, facts.input.kind),
    data: spec.data,
    classes: facts.classes ? [...facts.classes] : null,
    input: { kind: facts.input.kind, shape: shapeOf(facts.input) },
    finishedAt: result ? Date.parse(result.finishedAt) : progress.lastEventAt,
    metric: { name: metric, value: result?.test?.metrics[metric] ?? progress.best?.value ?? null },
    examples: [...(task.demo?.examples ?? [])],
  };
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
