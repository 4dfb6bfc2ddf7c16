/**
 * Studies that may stop for futility, on many computers: as soon as all runs of three or more seeds are there, whichever node comes next
 * asks whether further ones are expected to show anything, as `pretext study` does seed by seed. Nobody waits for the answer: what was
 * begun of later seeds meanwhile stops at a checkpoint, and does not count.
 */
import { join } from 'node:path';
import { isLabError, LabError } from '../../../shared/errors.ts';
import { runResult } from '../../../shared/spec/run/result.ts';
import type { Study } from '../../../shared/spec/study.ts';
import { replaceFile } from '../../files/durable-file.ts';
import { takeLock } from '../../files/process-lock.ts';
import { sealJson } from '../../files/sealed-json.ts';
import { readJson, runFolder } from '../../workspace/run-folder.ts';
import type { Futility, WorkCell, WorkFolder, WorkPlan } from '../../workspace/work-folder.ts';
import { readFutility, seedPlace } from '../../workspace/work-folder.ts';
import type { Workspace } from '../../workspace/workspace.ts';
import { readAnswers } from '../answers-file.ts';
import type { FinishedCell } from '../study-summary.ts';
import { fewestSeeds, isFutile } from '../study-summary.ts';

/** Seeds that are complete, from the first one on. */
function completeSeeds({ seeds }: Study, { cells }: WorkPlan, done: ReadonlySet<string>): number {
  const open = new Set(cells.filter(({ key }) => !done.has(key)).map(({ seed }) => seed));
  const place = seeds.findIndex((seed) => open.has(seed));
  return place === -1 ? seeds.length : place;
}

/**
 * Asks what has not been asked yet. Where a result cannot be read, or another node asks, the study goes on: what `pretext study` says in
 * the end does not depend on it.
 */
export async function judgeFutility(
  workspace: Workspace,
  folder: WorkFolder,
  plan: WorkPlan,
  done: ReadonlySet<string>,
): Promise<Futility | undefined> {
  const study = plan.question;
  if (!study) return undefined;
  const known = await readFutility(folder);
  const complete = completeSeeds(study, plan, done);
  const first = Math.max(fewestSeeds, (known?.seeds ?? 0) + 1);
  if (known?.stop === true || complete < first || complete === study.seeds.length) return known;
  let release: () => Promise<void>;
  try {
    release = await takeLock(join(folder.folder, 'futility.lock'), () => new LabError('conflict', 'another node asks'));
  } catch (error) {
    if (isLabError(error, 'conflict')) return known;
    throw error;
  }
  try {
    let answer = known;
    for (let seeds = first; seeds <= complete && answer?.stop !== true; seeds++) {
      const kept = plan.cells.filter((cell) => seedPlace(study, cell) < seeds);
      const results = await Promise.all(kept.map((cell) => resultOf(workspace, cell)));
      answer = { formatVersion: 1, seeds, stop: isFutile(study, results) };
    }
    if (answer) await replaceFile(folder.futility, sealJson(answer));
    return answer;
  } catch (error) {
    if (isLabError(error) && error.code !== 'disk-full') return known;
    throw error;
  } finally {
    await release();
  }
}

async function resultOf({ runs }: Workspace, { id, condition, arm, seed }: WorkCell): Promise<FinishedCell> {
  const run = runFolder(join(runs, id));
  const result = await readJson(run.result, runResult);
  return { cell: { condition, arm, seed }, result, answers: await readAnswers(run.answers) };
}
