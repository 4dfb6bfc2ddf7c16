// What is tried on a file system that fails: the things that people have done to their workspaces, as small as they can be.
import { join } from 'node:path';
import { LabError } from '../../src/shared/errors.ts';
import { sha256Of } from '../../src/main/files/checksums.ts';
import { fileExists, namesIn, textOf } from '../../src/main/files/file-exists.ts';
import { reindex } from '../../src/main/lab/reindex.ts';
import { openArchive } from '../../src/main/runs/bundle/archive.ts';
import { createBundle } from '../../src/main/runs/bundle/create.ts';
import { openBundle } from '../../src/main/runs/bundle/open.ts';
import { planWork } from '../../src/main/runs/cluster/plan-work.ts';
import { work } from '../../src/main/runs/cluster/work.ts';
import { createRun } from '../../src/main/runs/create-run.ts';
import { exportRun } from '../../src/main/runs/export/index.ts';
import { parseSpecText } from '../../src/main/runs/spec-file.ts';
import { parseStudy } from '../../src/main/runs/study-plan.ts';
import { taskNotes } from '../../src/main/runs/task-notes.ts';
import { trainRun } from '../../src/main/runs/train-run.ts';
import { listCheckpoints } from '../../src/main/workspace/checkpoint-folders.ts';
import { readEvents, runFolder } from '../../src/main/workspace/run-folder.ts';
import { readFailure, readPlan, readWorkState, workFolderOf } from '../../src/main/workspace/work-folder.ts';
import { listRuns } from '../../src/main/workspace/runs.ts';
import type { Workspace } from '../../src/main/workspace/workspace.ts';
import { openWorkspace } from '../../src/main/workspace/workspace.ts';
import type { TinyWorkspace } from '../tiny-workspace.ts';
import { createTinyWorkspace, tinyExperiment, tinySpec } from '../tiny-workspace.ts';
import type { Operation } from './look-after.ts';
import { materialNames, materialOperations } from './materials.ts';
import { wholeFolder, withLab } from './outcome.ts';
import { wrongWith } from './wrong-with.ts';

const never = new AbortController().signal;
const onProgress = (): void => undefined;
const training =
  'training: {steps: 4, batchSize: 2, evaluateEvery: 2, checkpointEvery: 2, keepCheckpoints: 1, logEvery: 1}';

export const operationNames = [
  ...materialNames,
  'create a run',
  'train',
  'change the queue',
  'annotate',
  'reindex',
  'export',
  'write a bundle',
  'open a bundle',
  'lay out a study',
  'do the work of a study',
  'delete runs',
] as const;

export interface Prepared {
  readonly tiny: TinyWorkspace;
  readonly operations: Readonly<Record<(typeof operationNames)[number], Operation>>;
}

/** A workspace with a corpus, a finished run and three that wait, and what is done to it. Has to be removed. */
export async function prepareOperations(): Promise<Prepared> {
  const tiny = await createTinyWorkspace();
  const { workspace } = tiny;
  const finished = await createRun(workspace, tinyExperiment(training, 'finished'), 'finished-1');
  await trainRun(workspace, finished, { signal: never, prefetch: false });
  const waiting: string[] = [];
  for (const id of ['waiting-1', 'waiting-2', 'waiting-3']) {
    waiting.push((await createRun(workspace, tinyExperiment(training, 'waiting'), id)).id);
  }
  await withLab(workspace, () => undefined); // with its database
  const bundle = join(tiny.folder, 'bundle.zip');
  await createBundle(workspace, finished.id, { output: bundle, data: 'include', signal: never, onProgress });
  const study = `
name: question
experiment:${tinySpec(training)
    .replace(/^name:.*$/m, '')
    .replaceAll('\n', '\n  ')}
arms: [{name: fast, settings: {training.learningRate: 1e-2}}, {name: slow, settings: {training.learningRate: 1e-3}}]
seeds: [1]
`;
  const outside = ({ folder }: Workspace, name: string): string => join(folder, '..', name);
  const operations: Prepared['operations'] = {
    ...(await materialOperations(tiny)),
    'create a run': {
      async perform(its, say) {
        await createRun(its, tinyExperiment(training, 'new'), 'new-1');
        say('created');
      },
      async outcome(its, said, tell) {
        const run = runFolder(join(its.runs, 'new-1'));
        const [created] = await readEvents(run);
        if (said.length > 0 && created?.type !== 'created') tell('no event tells that it was created');
        return wholeFolder(run.folder, said, tell, ['events.jsonl', 'artifacts/origin.json']);
      },
    },
    train: {
      async perform(its, say) {
        await trainRun(its, runFolder(join(its.runs, 'waiting-1')), {
          signal: never,
          prefetch: false,
          onEvent: ({ type, step }) => {
            if (type === 'checkpoint') say(String(step));
          },
        });
        say('finished');
      },
      async outcome(its, said, tell) {
        const run = runFolder(join(its.runs, 'waiting-1'));
        const last = (await listCheckpoints(run.checkpoints)).at(-1) ?? 0;
        const acknowledged = Math.max(0, ...said.filter((one) => one !== 'finished').map(Number));
        if (last < acknowledged) tell(`the checkpoint of step ${acknowledged} is gone`);
        const hasResult = await fileExists(run.result);
        if (said.includes('finished') && !hasResult) tell('the result is gone');
        const events = (await readEvents(run)).map(({ type, step }) => `${type} ${step}`);
        if (acknowledged > 0 && !events.includes(`checkpoint ${acknowledged}`)) {
          tell(`no event tells of the checkpoint of step ${acknowledged}`);
        }
        if (said.includes('finished') && !events.includes('finished 4')) tell('no event tells of the end');
        return hasResult && sha256Of(join(run.checkpoints, 'step-4', 'model.safetensors'));
      },
    },
    'change the queue': {
      perform: (its, say) =>
        withLab(its, (lab) => {
          const { queue } = lab;
          const order = (): void => {
            say(queue.state().order.join());
          };
          const missing = waiting.filter((id) => !queue.state().order.includes(id));
          for (const id of missing) {
            queue.enqueue([id]);
            order();
          }
          queue.reorder([...waiting].reverse());
          order();
          queue.configure({ concurrency: 2 });
          queue.cancel('waiting-1', false);
          order();
        }),
      outcome: (its, said, tell) =>
        withLab(its, ({ queue }) => {
          const { order, concurrency } = queue.state();
          const acknowledged = said.at(-1);
          const reached = ['', 'waiting-1', 'waiting-1,waiting-2', 'waiting-1,waiting-2,waiting-3'];
          const orders = [...reached, 'waiting-3,waiting-2,waiting-1', 'waiting-3,waiting-2'];
          const [found, least] = [orders.indexOf(order.join()), orders.indexOf(acknowledged ?? '')];
          // The change that was under way may be there already.
          if (found < least || found > least + 1) tell(`the order is '${order.join()}', not '${acknowledged}'`);
          return { order, concurrency };
        }),
    },
    'delete runs': {
      perform: (its, say) =>
        withLab(its, async ({ runs, trash }) => {
          const deleted = ['finished-1', 'waiting-2'].filter((id) => runs.find(id));
          await trash.discard(
            deleted.map((id) => runs.folder(id).folder),
            { runs: deleted },
          );
          await runs.scan(() => false);
          say('deleted');
        }),
      outcome: (its, said, tell) =>
        withLab(its, ({ runs }) => {
          const left = runs
            .all()
            .map(({ id }) => id)
            .sort();
          if (said.length > 0 && left.length > 2) tell(`${left.join()} are there`);
          return left;
        }),
    },
    annotate: {
      perform: (its, say) =>
        withLab(its, async ({ runs }) => {
          await runs.annotate('finished-1', { notes: 'worth a look', tags: ['good'] });
          say('noted');
        }),
      outcome: (its, said, tell) =>
        withLab(its, ({ runs }) => {
          const { notes, tags } = runs.get('finished-1');
          if (said.length > 0 && notes !== 'worth a look') tell(`the notes are '${notes}'`);
          return { notes, tags };
        }),
    },
    reindex: {
      perform: (its) => reindex(its, taskNotes),
      outcome: (its) =>
        withLab(its, ({ runs }) => {
          const all = runs.all().map(({ id, state, number }) => [id, state, runs.points.metrics(number)]);
          return all.sort(([a], [b]) => (String(a) < String(b) ? -1 : 1));
        }),
    },
    export: {
      async perform(its, say) {
        const run = runFolder(join(its.runs, 'finished-1'));
        await exportRun(its, run, { folder: outside(its, 'exported'), format: 'safetensors' });
        say('exported');
      },
      outcome: (its, said, tell) => wholeFolder(outside(its, 'exported'), said, tell),
    },
    'write a bundle': {
      async perform(its, say) {
        const output = outside(its, 'written.zip');
        await createBundle(its, 'finished-1', { output, data: 'hashes', signal: never, onProgress });
        say('bundled');
      },
      async outcome(its, said, tell) {
        const file = outside(its, 'written.zip');
        if (!(await fileExists(file))) {
          if (said.length > 0) tell('the bundle is gone');
          return null;
        }
        using archive = await openArchive(file);
        return archive.manifest.files;
      },
    },
    'open a bundle': {
      async perform(its, say) {
        const other = await openWorkspace(outside(its, 'other'));
        await openBundle(other, bundle, { signal: never, onProgress });
        say('opened');
      },
      async outcome(its, said, tell) {
        const other = await openWorkspace(outside(its, 'other'));
        for await (const wrong of wrongWith(other)) tell(wrong);
        const { runs } = await listRuns(other);
        if (said.length > 0 && runs.length === 0) tell('the run is gone');
        return [runs.map(({ id }) => id), await namesIn(other.corpora)];
      },
    },
    'lay out a study': {
      async perform(its, say) {
        const source = parseSpecText(study, 'study.yaml');
        await planWork(its, parseStudy(source), source);
        say('laid out');
      },
      async outcome(its, said, tell) {
        const work = workFolderOf(its, 'question');
        if (said.length > 0 && !(await fileExists(work.plan))) tell('the plan is gone');
        if (!(await fileExists(work.plan))) return null;
        return [
          await readPlan(work),
          (await namesIn(join(its.folder, 'studies'))).filter((name) => !name.endsWith('.partial')),
          await textOf(join(its.folder, 'studies', 'question.spec.json')),
        ];
      },
    },
    'do the work of a study': {
      async perform(its, say) {
        const source = parseSpecText(study, 'study.yaml');
        const { folder } = await planWork(its, parseStudy(source), source);
        const report = await work({ workspace: its, folder, index: 0, count: 1, signal: never, pollMilliseconds: 10 });
        const [failed] = await namesIn(folder.failed);
        if (failed !== undefined) {
          const failure = await readFailure(folder, failed);
          throw new LabError('engine-failed', failure?.message ?? 'nobody knows');
        }
        say(String(report.trained));
      },
      async outcome(its, said, tell) {
        const folder = workFolderOf(its, 'question');
        if (!(await fileExists(folder.plan))) return null;
        const { cells } = await readPlan(folder);
        const { done } = await readWorkState(folder);
        const weights = cells.map(async ({ id, key }) => {
          const run = runFolder(join(its.runs, id));
          const hasResult = await fileExists(run.result);
          if (done.has(key) && !hasResult) tell(`${id} is done and has no result`);
          return hasResult && sha256Of(join(run.checkpoints, 'step-4', 'model.safetensors'));
        });
        if (said.length > 0 && done.size < cells.length) tell(`${done.size} of ${cells.length} cells are done`);
        return [[...done].sort(), await Promise.all(weights)];
      },
    },
  };
  return { tiny, operations };
}
