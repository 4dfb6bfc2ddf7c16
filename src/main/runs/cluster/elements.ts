/** How many elements a study is dealt out to: a short run is not worth the start of a job of its own. */
import { join } from 'node:path';
import { median } from '../../../shared/stats.ts';
import { readEvents, runFolder } from '../../workspace/run-folder.ts';
import type { WorkPlan } from '../../workspace/work-folder.ts';
import type { Workspace } from '../../workspace/workspace.ts';
import { namesIn } from '../../files/file-exists.ts';

export type RunsPerJob = number | 'auto';

/** What an element should take at least, so that its wait and its start are little of it. */
const worthwhileSeconds = 600;
/** Before any run of the study is known. */
const assumedSeconds = 120;
const consulted = 10;

export interface Elements {
  readonly count: number;
  readonly atOnce: number;
}

/** How many elements, and how many of them at a time, for the `open` cells of a plan. */
export async function elementsOf(
  workspace: Workspace,
  plan: WorkPlan,
  open: number,
  options: { readonly parallel: number | undefined; readonly runsPerJob: RunsPerJob; readonly fewest: number },
): Promise<Elements> {
  const { parallel, runsPerJob, fewest } = options;
  const each = runsPerJob === 'auto' ? await runsWorthwhile(workspace, plan) : runsPerJob;
  // As many as may run at a time, at least: packing must not leave nodes idle.
  const most = runsPerJob === 'auto' ? Math.max(1, Math.ceil(open / (parallel ?? 1))) : open;
  const count = Math.max(fewest, Math.ceil(open / Math.min(each, most)));
  return { count, atOnce: Math.min(parallel ?? count, count) };
}

/** From how long runs of the study took that are finished. */
async function runsWorthwhile(workspace: Workspace, plan: WorkPlan): Promise<number> {
  const there = new Set(await namesIn(workspace.runs));
  const seconds: number[] = [];
  for (const { id } of plan.cells) {
    if (!there.has(id) || seconds.length >= consulted) continue;
    const events = await readEvents(runFolder(join(workspace.runs, id)));
    const [begun, ended] = [events.find(({ type }) => type === 'started'), events.at(-1)];
    if (begun && ended?.type === 'finished') seconds.push((ended.time - begun.time) / 1000);
  }
  const typical = seconds.length > 0 ? median(seconds) : assumedSeconds;
  return Math.max(1, Math.round(worthwhileSeconds / Math.max(1, typical)));
}
