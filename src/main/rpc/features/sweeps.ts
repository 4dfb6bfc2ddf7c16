/** Sweeps: their trials are queued like any runs; when a rung of successive halving is over, the next one is queued here. */
import { isDeepStrictEqual } from 'node:util';
import type { SweepSummary, sweepsContract } from '../../../shared/contract/sweeps.ts';
import { LabError, messageOf } from '../../../shared/errors.ts';
import type { Experiment } from '../../../shared/spec/experiment/index.ts';
import type { FieldImportance } from '../../../shared/spec/sweep.ts';
import { sweepSpec } from '../../../shared/spec/sweep.ts';
import type { Lab } from '../../lab/lab.ts';
import type { RunRecord } from '../../lab/store/run-record.ts';
import { pinReferences } from '../../runs/pin-references.ts';
import type { SweepCell, SweepPlan } from '../../runs/sweep-plan.ts';
import { planSweep } from '../../runs/sweep-plan.ts';
import type { Outcome, SweepStanding } from '../../runs/sweep-standing.ts';
import {
  divergedOutcome,
  importanceQuestion,
  outcomeOf,
  standingOf,
  summariseSweep,
} from '../../runs/sweep-standing.ts';
import { keepSweep, listSweeps, readSweep, sweepFiles } from '../../runs/sweep.ts';
import type { HandlersOf } from '../dispatcher.ts';
import { discardWork, restoreWork } from './discard-work.ts';
import { knownRun, specSource, tryParse } from './experiments.ts';
import { currentRuns, isUnderWay, queueNew, readable, rememberParsed, runsMadeFor, runsOf } from './runs-of.ts';

interface Standing {
  readonly plan: SweepPlan;
  readonly standing: SweepStanding;
  /** Of the cells that are open, the runs that there are. */
  readonly runsOf: (cell: SweepCell) => readonly RunRecord[];
}

export function sweepsHandlers(lab: Lab): HandlersOf<typeof sweepsContract> {
  const { runs, queue, workspace } = lab;
  /** A thousand trials take a second to check, and pages ask for them with every run that changes. */
  const parse = rememberParsed((spec) => planSweep(specSource(spec)));
  const stand = (plan: SweepPlan): Standing => {
    const records = currentRuns(lab);
    const found = (cell: SweepCell): readonly RunRecord[] => runsOf(cell.experiment, records);
    return { plan, standing: standingOf(plan, (cell) => outcomeIn(plan, found(cell))), runsOf: found };
  };
  /** Throws `LabError('not-found' | 'corrupt')`. */
  const readPlan = async (name: string): Promise<SweepPlan> => {
    const spec = await readSweep(workspace, name);
    try {
      return parse(spec);
    } catch (error) {
      const { spec: file } = sweepFiles(workspace, name);
      throw new LabError('corrupt', `${file} is damaged: ${messageOf(error)}`, { file }, error);
    }
  };
  const read = async (name: string): Promise<Standing> => stand(await readPlan(name));
  const measured = new Map<string, { readonly key: string; readonly importance: Promise<FieldImportance> }>();
  /** Measured by a worker, and once for the same trials. */
  const importanceOf = ({ plan, standing }: Standing): Promise<FieldImportance> => {
    const { name, direction } = plan;
    const question = { fields: plan.fields, trials: importanceQuestion(plan, standing), direction };
    const key = JSON.stringify(question);
    const known = measured.get(name);
    if (known?.key === key) return known.importance;
    const importance = lab.workers.call('sweepImportance', question);
    measured.set(name, { key, importance });
    importance.catch(() => measured.delete(name)); // asked again, it may work
    return importance;
  };
  const summarise = async (one: Standing): Promise<SweepSummary> => {
    const { plan, standing } = one;
    const result = summariseSweep(plan, standing, await importanceOf(one));
    const shown = [...standing.outcomes.map(({ cell }) => cell), ...standing.open].flatMap((cell) => {
      const [record] = one.runsOf(cell).toSorted((a, b) => rankOf(a) - rankOf(b));
      return record ? [{ id: record.id, trial: cell.trial, rung: cell.rung, state: record.state }] : [];
    });
    return {
      ...{ name: plan.name, notes: plan.notes, runs: shown, result },
      ...progressOf(one),
      remainingSeconds: standing.remainingSeconds,
      halted: standing.open.filter((cell) => !isAnyUnderWay(one.runsOf(cell))).length,
    };
  };
  /** Queues what is open and not under way: anew, or where it was stopped. */
  const queueOpen = async ({ plan, standing, runsOf: found }: Standing): Promise<number> => {
    const halted = standing.open.filter((cell) => !isAnyUnderWay(found(cell)));
    const begun = halted.flatMap((cell) =>
      found(cell)
        .slice(0, 1)
        .map(({ id }) => id),
    );
    if (begun.length > 0) queue.enqueue(begun);
    const missing = halted.filter((cell) => found(cell).length === 0);
    await queueNew(
      lab,
      plan.name,
      missing.map(({ experiment }) => experiment),
    );
    return halted.length;
  };
  const rungs = followRungs(lab, async (name) => {
    if (!isHalving(await readSweep(workspace, name))) return 0;
    const one = await read(name);
    const { open, rung, outcomes } = one.standing;
    // Only what was begun from a page, and a rung that nobody has touched: what a person stopped stays stopped.
    const isOurs = outcomes.some(({ cell }) => one.runsOf(cell).some(({ study }) => study === name));
    const isNext = rung > 0 && isOurs && open.every((cell) => one.runsOf(cell).length === 0);
    return isNext ? queueOpen(one) : 0;
  });
  return {
    async list() {
      const found = await readable(await listSweeps(workspace), read);
      return { sweeps: found.read.map(listingOf), damaged: found.damaged };
    },
    plan({ spec }) {
      const parsed = tryParse(() => parse(spec));
      if ('problems' in parsed) return { plan: null, problems: parsed.problems };
      const { method, metric, fields, rungs, trials, effort } = parsed.value;
      const trainings = rungs.reduce((total, rung) => total + rung.trials, 0);
      return {
        plan: { ...{ method, metric, trainings, effort }, fields: [...fields], rungs: [...rungs], trials: [...trials] },
        problems: [],
      };
    },
    async create({ spec }) {
      const { name } = parse(spec);
      const known = (await listSweeps(workspace)).includes(name) ? await readSweep(workspace, name) : undefined;
      const pinned = pinReferences(spec, runs.all().map(knownRun));
      if (known !== undefined && !isDeepStrictEqual(known, pinned) && !isDeepStrictEqual(known, spec)) {
        throw new LabError('conflict', `There is another sweep called ${name}. Give this one another name`, { name });
      }
      const kept = known ?? pinned;
      await lab.workers.call('checkSweep', { spec: kept });
      await keepSweep(workspace, name, kept);
      await queueOpen(await read(name));
      return summarise(await read(name));
    },
    get: async ({ name }) => summarise(await read(name)),
    async resume({ name }) {
      await queueOpen(await read(name));
      return summarise(await read(name));
    },
    advance: async () => ({ queued: await rungs.advance() }),
    async winner({ name, trial }) {
      const { plan, standing } = await read(name);
      const chosen = trial ?? summariseSweep(plan, standing, noImportance).best;
      if (chosen === null) throw new LabError('conflict', `No trial of ${name} has finished yet`, { name });
      if (chosen > plan.trials.length) {
        throw new LabError('bad-input', `There is no trial ${chosen}: ${name} has ${plan.trials.length}`, { name });
      }
      return { spec: { ...plan.winner(chosen) } };
    },
    async delete({ name, runs: withRuns }) {
      if (!(await listSweeps(workspace)).includes(name)) await readSweep(workspace, name); // says what there is
      const plan = await readPlan(name).catch(() => undefined); // damaged ones can be deleted, too
      const records = runsMadeFor(lab, name, plan && experimentsOf(plan));
      const files = Object.values(sweepFiles(workspace, name));
      return discardWork(lab, { kind: 'sweep', name, files, records }, withRuns);
    },
    restore: ({ undo }) => restoreWork(lab, undo),
  };
}

/** Of every trial at every rung, whether it came so far or not. */
function experimentsOf({ trials, rungs, cell }: SweepPlan): readonly Experiment[] {
  return trials.flatMap((_, trial) => rungs.map((_rung, rung) => cell(trial + 1, rung).experiment));
}

/** Without checking its trials, which takes longer. */
function isHalving(spec: unknown): boolean {
  const { data } = sweepSpec.safeParse(spec);
  return data?.sweep.method === 'halving';
}

/**
 * Calls back for sweeps of which a run has ended, and once for all when the lab has looked at its runs; one after the other, so that no
 * rung is queued twice. A lab of a command only does so when it is asked to: most are opened to look.
 */
function followRungs(
  lab: Lab,
  advance: (name: string) => Promise<number>,
): { readonly advance: () => Promise<number> } {
  let last: Promise<number> = Promise.resolve(0);
  const after = (work: () => Promise<number>): Promise<number> => {
    last = last.then(work).catch(() => 0); // the page of the sweep offers to go on, and then says what is wrong
    return last;
  };
  const advanceAll = (): Promise<number> =>
    after(async () => {
      await lab.whole;
      let queued = 0;
      for (const name of await listSweeps(lab.workspace)) queued += await advance(name).catch(() => 0);
      return queued;
    });
  if (lab.host === 'command-line') return { advance: advanceAll };
  lab.runs.changes.on(({ id }) => {
    const record = lab.runs.find(id);
    const study = record?.study ?? null;
    if (study === null || (record?.state !== 'finished' && record?.state !== 'failed')) return;
    void after(async () => ((await listSweeps(lab.workspace)).includes(study) ? advance(study) : 0));
  });
  void advanceAll();
  return { advance: advanceAll };
}

function outcomeIn(plan: SweepPlan, records: readonly RunRecord[]): Outcome | undefined {
  const finished = records.find(({ state }) => state === 'finished')?.result;
  if (finished) return outcomeOf(plan, finished);
  const diverged = records.find(({ state, failure }) => state === 'failed' && failure?.code === 'non-finite');
  return diverged && divergedOutcome(diverged.id);
}

function isAnyUnderWay(records: readonly RunRecord[]): boolean {
  return records.some((record) => isUnderWay(record));
}

/** Of several runs of one trial, the one that is shown: finished, under way, or another. */
function rankOf(record: RunRecord): number {
  return record.state === 'finished' ? 0 : isUnderWay(record) ? 1 : 2;
}

function progressOf({ plan, standing }: Standing): { readonly done: number; readonly trainings: number } {
  const done = standing.outcomes.length;
  const all = plan.rungs.reduce((total, { trials }) => total + trials, 0);
  return { done, trainings: standing.open.length === 0 ? done : all }; // fewer, where trials diverged
}

const noImportance: FieldImportance = { trials: 0, foretold: null, fields: null, interactions: null, sentence: '' };

function listingOf(one: Standing) {
  const { name, notes, method, metric, fields } = one.plan;
  const { best, trials } = summariseSweep(one.plan, one.standing, noImportance);
  const winner = trials.find(({ number }) => number === best);
  const value = winner?.rungs.at(-1)?.value ?? null;
  return {
    ...{ name, notes, method, metric, fields: fields.map(({ path }) => path) },
    ...progressOf(one),
    best: winner && value !== null ? { trial: winner.number, value, settings: winner.settings } : null,
  };
}
