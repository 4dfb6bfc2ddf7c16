/** Lays out a study for other computers: its cells, each with a key made of its content and the run that it is or will be. */
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Experiment } from '../../../shared/spec/experiment/index.ts';
import { storedExperiment } from '../../../shared/spec/experiment/index.ts';
import { runResult } from '../../../shared/spec/run/result.ts';
import type { Study } from '../../../shared/spec/study.ts';
import { listedSums } from '../../files/checksums.ts';
import { makeFolder, replaceFile, syncFolder } from '../../files/durable-file.ts';
import { fileExists, namesIn } from '../../files/file-exists.ts';
import { namesByBeginning, someAtOnce } from '../../files/many.ts';
import { sealJson } from '../../files/sealed-json.ts';
import { readEvents, readJson, runFolder, runOrigin, writeJson } from '../../workspace/run-folder.ts';
import type { CellContent, WorkCell, WorkFolder, WorkPlan } from '../../workspace/work-folder.ts';
import { isLeftOut, keyOf, seedPlace, workFolderOf } from '../../workspace/work-folder.ts';
import { studyFiles } from '../../workspace/studies.ts';
import type { Workspace } from '../../workspace/workspace.ts';
import { findFoundations, findMaterialOf } from '../prepare.ts';
import type { SpecSource } from '../spec-file.ts';
import type { StudyCell } from '../study-plan.ts';
import { planStudy } from '../study-plan.ts';
import { isRunOf } from '../find-runs.ts';
import { hasTrials } from '../tune-run.ts';
import { judgeFutility } from './futility.ts';

export interface PlannedWork {
  readonly folder: WorkFolder;
  readonly plan: WorkPlan;
  /** Cells that are not finished, and were not before; without those that a study leaves out which stops for futility. */
  readonly open: number;
}

/**
 * Writes the work folder of a study. What nodes have finished since an earlier plan stays finished, runs of this computer count as
 * well, and a cell that has failed gets a new run. Throws `LabError` for what is wrong with the study, its data or its weights.
 */
export async function planWork(workspace: Workspace, study: Study, source: SpecSource): Promise<PlannedWork> {
  const folder = workFolderOf(workspace, study.name);
  const foundations = foundationsOf(workspace);
  const namesOf = namesByBeginning(await namesIn(workspace.runs));
  const found = await someAtOnce(leadersFirst(study, planStudy(study, source)), async (cell) => {
    const content: CellContent = { experiment: cell.experiment, ...(await foundations(cell.experiment)) };
    const line = JSON.stringify(content);
    const key = keyOf(line);
    return { cell, line, key, ...(await runOf(workspace, content, key, namesOf)) };
  });
  const cells: WorkCell[] = [];
  const lines: string[] = [];
  const done = new Set<string>();
  let offset = 0;
  for (const { cell, line, key, id, isFinished } of found) {
    const length = Buffer.byteLength(line);
    if (isFinished) done.add(key);
    const { condition, arm, seed } = cell;
    const after = leaderOf(study, cell, cells);
    cells.push({ key, id, condition, arm, seed, ...(after !== undefined && { after }), at: [offset, length] });
    lines.push(line, '\n');
    offset += length + 1;
  }
  for (const part of [folder.folder, folder.claims, folder.done, folder.failed, folder.logs]) {
    await makeFolder(part);
  }
  const experiments = lines.join('');
  const file = `cells-${keyOf(experiments).slice(0, 16)}.jsonl`;
  const plan: WorkPlan = {
    formatVersion: 1,
    study: study.name,
    file,
    cells,
    ...(study.stopForFutility && { question: study }),
  };
  await rm(folder.cancelled, { force: true });
  await rm(folder.futility, { force: true }); // another number of seeds has another answer
  await forget(folder.failed, await namesIn(folder.failed));
  const marked = new Set(await namesIn(folder.done));
  await forget(
    folder.done,
    [...marked].filter((key) => !done.has(key)),
  );
  const unmarked = [...done].filter((key) => !marked.has(key));
  await markAll(folder.done, unmarked);
  await replaceFile(join(folder.folder, file), experiments);
  await replaceFile(folder.plan, sealJson(plan));
  await writeJson(studyFiles(workspace, study.name).spec, source.value);
  const answer = await judgeFutility(workspace, folder, plan, done);
  const open = cells.filter((cell) => !done.has(cell.key) && !isLeftOut(plan, answer, cell));
  return { folder, plan, open: open.length };
}

/** A mark says all by its name: of thousands the names are forced to the disk together. */
async function markAll(folder: string, names: readonly string[]): Promise<void> {
  if (names.length === 0) return;
  await someAtOnce(names, (name) => writeFile(join(folder, name), '{}\n'));
  await syncFolder(folder);
}

async function forget(folder: string, names: readonly string[]): Promise<void> {
  await someAtOnce(names, (name) => rm(join(folder, name), { force: true }));
}

/** What the experiment's `data` and `from` mean now. Looked up once for the same ones: studies have thousands of cells. */
function foundationsOf(workspace: Workspace): (experiment: Experiment) => Promise<Omit<CellContent, 'experiment'>> {
  const known = new Map<string, Promise<Omit<CellContent, 'experiment'>>>();
  const find = async (experiment: Experiment): Promise<Omit<CellContent, 'experiment'>> => {
    const { contentHash } = await findMaterialOf(workspace, experiment);
    const { weights } = await findFoundations(workspace, experiment);
    return { data: contentHash, weights: weights?.label ?? null };
  };
  return (experiment) => {
    const { task, data, from, tokenizer } = experiment;
    const key = JSON.stringify([task.type, data, from, tokenizer]);
    const found = known.get(key) ?? find(experiment);
    known.set(key, found);
    return found;
  };
}

/** Trials of the first seed choose the settings of all: the sooner they are done, the sooner the others can begin. */
function leadersFirst(study: Study, cells: readonly StudyCell[]): readonly StudyCell[] {
  const isLeader = ({ seed, experiment }: StudyCell): boolean => hasTrials(experiment) && seed === study.seeds[0];
  const others = cells.filter((cell) => !isLeader(cell));
  // Whether more seeds are of use is known seed by seed.
  if (study.stopForFutility) others.sort((a, b) => seedPlace(study, a) - seedPlace(study, b));
  return [...cells.filter(isLeader), ...others];
}

function leaderOf({ seeds }: Study, { experiment, seed, ...cell }: StudyCell, before: readonly WorkCell[]) {
  if (!hasTrials(experiment) || experiment.tune?.seed === undefined || seed === seeds[0]) return undefined;
  return before.find(({ condition, arm }) => condition === cell.condition && arm === cell.arm)?.key;
}

const keyLetters = 8;

/** The run of a cell: one that is there, or the name of the one that the first node to come will create. */
async function runOf(
  workspace: Workspace,
  { experiment, data, weights }: CellContent,
  key: string,
  namesOf: (beginning: string) => readonly string[],
): Promise<{ readonly id: string; readonly isFinished: boolean }> {
  const planned = `${experiment.name}-${key.slice(0, keyLetters)}`;
  const same: string[] = [];
  const taken = new Set<string>();
  for (const id of namesOf(`${experiment.name}-`)) {
    const run = runFolder(join(workspace.runs, id));
    const sums = await listedSums(run.folder).catch(() => undefined);
    const spec = await readJson(run.spec, storedExperiment, sums).catch(() => undefined);
    if (spec && isRunOf(spec, experiment)) {
      const result =
        (await fileExists(run.result)) && (await readJson(run.result, runResult, sums).catch(() => undefined));
      if (result) return { id, isFinished: true };
      const origin = await readJson(run.origin, runOrigin, sums).catch(() => undefined);
      const isSame = origin?.data.contentHash === data && (origin.weights?.label ?? null) === weights;
      if (isSame && (await readEvents(run)).at(-1)?.type !== 'failed') same.push(id);
    }
    taken.add(id);
  }
  const [open] = same;
  if (open !== undefined) return { id: open, isFinished: false };
  let id = planned;
  for (let attempt = 2; taken.has(id); attempt += 1) id = `${planned}-${attempt}`;
  return { id, isFinished: false };
}
