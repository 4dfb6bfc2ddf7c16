/** Runs: the queue, the list, and one of them at a time. */
import { availableParallelism, totalmem } from 'node:os';
import { z } from 'zod';
import type { Run, runsContract } from '../../../shared/contract/runs.ts';
import { activeStates } from '../../../shared/contract/runs.ts';
import { LabError } from '../../../shared/errors.ts';
import { listArtifacts, readArtifact } from '../../lab/artifacts.ts';
import { createRun } from '../../runs/create-run.ts';
import { parseExperiment } from '../../runs/experiment.ts';
import { readHistograms } from '../../workspace/histogram-records.ts';
import { readResources } from '../../workspace/resource-trace.ts';
import { readTrainingRecords } from '../../workspace/training-records.ts';
import type { Lab } from '../../lab/lab.ts';
import { describeCheckpoints, gradientNorms } from '../../lab/run-checkpoints.ts';
import type { RunWithSpec } from '../../lab/run-fields.ts';
import { compareFields, describeFields, fieldOf, groupRuns, passes } from '../../lab/run-fields.ts';
import { readLog } from '../../lab/run-log.ts';
import { fileExists } from '../../files/file-exists.ts';
import { readJson } from '../../workspace/run-folder.ts';
import { countPoints, readSeries } from '../../lab/run-series.ts';
import { countTags } from '../../lab/store/run-record.ts';
import { verdictsOf } from '../../lab/verdicts.ts';
import { viewRun } from '../../lab/run-view.ts';
import { goBackTo } from '../../training/going-back.ts';
import type { HandlersOf } from '../dispatcher.ts';
import { specSource } from './experiments.ts';
import { followRun, watchRuns } from './run-subscriptions.ts';

type Filter = Parameters<typeof passes>[1];

/** All runs, with their places in the queue; what pages see of one is made when it is asked for. */
export function entriesOf(lab: Lab): RunWithSpec[] {
  const { order } = lab.queue.state();
  return lab.runs.all().map((record) => {
    let view: Run | undefined;
    return {
      record,
      get run() {
        return (view ??= viewRun(lab, record, order));
      },
    };
  });
}

/** Throws `LabError('not-found')`. */
export function entry(lab: Lab, id: string): RunWithSpec {
  const record = lab.runs.get(id);
  return { record, run: viewRun(lab, record) };
}

/** Of a trace, on a page. */
const mostSamples = 1000;

export function runsHandlers(lab: Lab): HandlersOf<typeof runsContract> {
  const { runs, queue, workers, trash, workspace } = lab;
  const view = (ids: readonly string[]): Run[] => ids.map((id) => entry(lab, id).run);
  const filtered = (filter: Filter): RunWithSpec[] => entriesOf(lab).filter((candidate) => passes(candidate, filter));
  const eachOf = (ids: readonly string[], act: (id: string) => void): Run[] => {
    for (const id of ids) runs.get(id); // all of them are there, or nothing is done
    for (const id of ids) act(id);
    return view(ids);
  };
  const create = async (
    spec: unknown,
    start: boolean,
    tags: readonly string[],
    study: string | null = null,
  ): Promise<string> => {
    const { id } = await createRun(workspace, parseExperiment(specSource(spec)));
    await runs.scan(queue.isOurs);
    if (tags.length > 0 || study !== null) await runs.annotate(id, { tags, study });
    if (start) queue.enqueue([id]);
    return id;
  };
  return {
    list({ filter, sort, offset, limit, fields }) {
      const found = filtered(filter).sort(
        (a, b) =>
          compareFields(fieldOf(a, sort.field), fieldOf(b, sort.field), sort.descending) ||
          b.record.createdAt - a.record.createdAt ||
          a.record.id.localeCompare(b.record.id),
      );
      const shown = found.slice(offset, offset + limit);
      return {
        total: found.length,
        runs: shown.map(({ run }) => run),
        unread: lab.toCome,
        values: shown.map((one) => fields.map((field) => fieldOf(one, field))),
      };
    },
    fields: ({ filter }) => describeFields(filtered(filter)),
    groups: ({ filter, by }) =>
      groupRuns(filtered(filter), by).map(({ key, ids }) => ({ key: [...key], ids: [...ids] })),
    async get({ id }) {
      const { record, run } = entry(lab, id);
      const folder = runs.folder(id);
      const usedBy = runs.all().filter(({ origin }) => origin.weights?.label.startsWith(`run ${id},`));
      return {
        run,
        folder: folder.folder,
        spec: asObject(record.spec),
        origin: asObject(record.origin),
        result: record.result,
        transfer: asNullable(await readJsonFile(folder.transfer)),
        usedBy: usedBy.map((other) => other.id),
        output: queue.output(id),
      };
    },
    async create({ spec, seeds, tags, start }) {
      const specs = seeds ? seeds.map((seed) => ({ ...spec, seed })) : [spec];
      for (const one of specs) parseExperiment(specSource(one)); // all of them are right, or none is created
      const ids: string[] = [];
      for (const one of specs) ids.push(await create(one, start, tags));
      return { ids };
    },
    queue: () => queue.state(),
    reorder({ ids }) {
      queue.reorder(ids);
      return queue.state();
    },
    setQueue(input) {
      queue.configure(input);
      return queue.state();
    },
    pause: ({ ids }) =>
      eachOf(ids, (id) => {
        queue.pause(id);
      }),
    async resume({ ids, checkpoint, first }) {
      if (checkpoint !== undefined) {
        for (const id of ids) {
          queue.requireIdle(id);
          await goBackTo(id, runs.folder(id).checkpoints, checkpoint);
        }
      }
      queue.enqueue(ids);
      if (first) {
        const { order, held, reason } = queue.state();
        queue.reorder(ids.filter((id) => order.includes(id)));
        if (held && reason === null) queue.configure({ held: false });
      }
      return view(ids);
    },
    cancel: ({ ids, now }) =>
      eachOf(ids, (id) => {
        queue.cancel(id, now);
      }),
    async retry({ ids }) {
      const created: string[] = [];
      for (const id of ids) {
        const { spec, tags, study } = runs.get(id);
        created.push(await create(spec, true, tags, study));
      }
      return { ids: created };
    },
    clone: ({ id }) => ({ spec: asObject(runs.get(id).spec) }),
    async archive({ ids, archived }) {
      for (const id of ids) await runs.annotate(id, { archived });
      return view(ids);
    },
    async pin({ ids, pinned }) {
      for (const id of ids) await runs.annotate(id, { pinned });
      return view(ids);
    },
    async tag({ ids, add, remove }) {
      for (const id of ids) {
        const kept = runs.get(id).tags.filter((tag) => !remove.includes(tag));
        await runs.annotate(id, { tags: [...kept, ...add] });
      }
      return view(ids);
    },
    tags: () => countTags(runs.all()),
    async annotate({ id, notes }) {
      await runs.annotate(id, { notes });
      return entry(lab, id).run;
    },
    async delete({ ids }) {
      for (const id of ids) {
        const { state } = runs.get(id);
        if (activeStates.includes(state)) {
          throw new LabError('conflict', `The run ${id} is being trained. Stop it first`, { id });
        }
      }
      for (const id of ids) queue.cancel(id, false);
      const undo = await trash.discard(
        ids.map((id) => runs.folder(id).folder),
        { runs: ids },
      );
      await runs.scan(queue.isOurs);
      return { undo };
    },
    async restore({ undo }) {
      const { runs: ids } = z.object({ runs: z.array(z.string()) }).parse(await trash.restore(undo));
      await runs.scan(queue.isOurs);
      return view(ids);
    },
    metrics: ({ ids }) => countPoints(runs, ids),
    verdicts: ({ ids }) =>
      ids.flatMap((id) => {
        const record = runs.find(id);
        return record ? [{ id, verdicts: verdictsOf(runs, record) }] : [];
      }),
    series: (input, { signal }) => readSeries(runs, input, signal),
    log: ({ id, ...range }) => readLog(runs.folder(runs.get(id).id), range),
    checkpoints({ id }) {
      const { progress, result } = runs.get(id);
      return describeCheckpoints(runs.folder(id), result?.bestStep ?? progress.best?.step);
    },
    artifacts: ({ id }) => listArtifacts(runs.folder(runs.get(id).id)),
    artifact: ({ id, name }) => readArtifact(runs.folder(runs.get(id).id), name),
    async samples({ id, offset, limit }, { signal }) {
      const records = await readTrainingRecords(runs.folder(id));
      return workers.call('samples', { id: runs.get(id).id, records: records.samples, offset, limit }, { signal });
    },
    confusion({ id, split }) {
      const { result } = runs.get(id);
      return (split === 'test' ? result?.test : result?.validation)?.confusion ?? null;
    },
    tagErrors: (input, { signal }) => workers.call('tagErrors', { ...input, id: runs.get(input.id).id }, { signal }),
    confusionExamples: (input, { signal }) =>
      workers.call('confusionExamples', { ...input, id: runs.get(input.id).id }, { signal }),
    predictionTable(input, { signal }) {
      const { id, result, spec } = runs.get(input.id);
      const classes = result?.test?.confusion?.classes ?? [];
      return workers.call('predictionTable', { ...input, id, classes, data: spec.data }, { signal });
    },
    scores: (input, { signal }) => workers.call('scores', { ...input, id: runs.get(input.id).id }, { signal }),
    card: ({ id }) => workers.call('runCard', { id }),
    gradientFlow: async ({ id }) => gradientNorms((await readTrainingRecords(runs.folder(runs.get(id).id))).gradients),
    async histograms({ id, parameter = null, every, offset, limit }) {
      const found = await readHistograms(runs.folder(runs.get(id).id), parameter);
      const { damaged } = found;
      const parameters = [...found.parameters];
      if (parameter !== null && !parameters.includes(parameter)) {
        throw new LabError('not-found', `The run ${id} has no histograms of '${parameter}'`, { id, parameter });
      }
      const last = found.records.length - 1;
      const chosen = found.records.filter((_, index) => index % every === 0 || index === last);
      return {
        ...{ parameters, damaged, parameter: parameter ?? parameters[0] ?? null, total: found.records.length },
        records: chosen.slice(offset, offset + limit),
      };
    },
    async resources({ id }) {
      const samples = await readResources(runs.folder(runs.get(id).id));
      const every = Math.ceil(samples.length / mostSamples);
      return {
        cores: availableParallelism(),
        memory: totalmem(),
        samples: samples
          .filter((_, index) => index % every === 0 || index === samples.length - 1)
          .map(({ gpu = null, ...sample }) => ({ ...sample, gpu })),
      };
    },
    watch: (_input, emit) => watchRuns(lab, emit),
    follow: ({ id }, emit) => followRun(lab, id, emit),
  };
}

/** Specs and the like without undefined members. */
function asObject(value: object): Record<string, unknown> {
  return JSON.parse(JSON.stringify(value)) as Record<string, unknown>; // an object went in
}

function asNullable(value: unknown): Record<string, unknown> | null {
  return typeof value === 'object' && value !== null ? { ...value } : null;
}

/** Null where it is not there. Throws `LabError('corrupt')`. */
async function readJsonFile(file: string): Promise<unknown> {
  return (await fileExists(file)) ? readJson(file, z.unknown()) : null;
}
