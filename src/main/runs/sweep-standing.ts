/** How a sweep stands by what is known of its runs: what is to be trained next, the table of trials, and the best. A function of both. */
import type { RunResult } from '../../shared/spec/run/result.ts';
import { totalSeconds } from '../../shared/spec/run/result.ts';
import type { FieldImportance, SweepResult } from '../../shared/spec/sweep.ts';
import type { Score } from '../../shared/sweep/halving.ts';
import { ranked, survivors } from '../../shared/sweep/halving.ts';
import type { MeasuredTrial } from '../../shared/sweep/importance.ts';
import { importanceOf } from '../../shared/sweep/importance.ts';
import { mean } from '../../shared/stats.ts';
import type { SweepCell, SweepPlan } from './sweep-plan.ts';

/** What became of a run: it ended, or its training diverged. */
export interface Outcome {
  readonly run: string;
  /** Null where it diverged. */
  readonly value: number | null;
  readonly loss: number | null;
  readonly seconds: number | null;
}

export interface SweepStanding {
  /** Cells of the rung at work that have no outcome. Those of the next rung are known when there are none any more. */
  readonly open: readonly SweepCell[];
  readonly rung: number;
  readonly outcomes: readonly { readonly cell: SweepCell; readonly outcome: Outcome }[];
  /** Seconds that all trainings to come take, from those that are over; null before the first. */
  readonly remainingSeconds: number | null;
}

export function outcomeOf(
  { metric }: Pick<SweepPlan, 'metric'>,
  { id, validation: { metrics }, seconds }: RunResult,
): Outcome {
  return { run: id, value: metrics[metric] ?? null, loss: metrics.loss ?? null, seconds: totalSeconds(seconds) };
}

/** Of a run that failed because its loss or weights were no numbers any more: it is the worst, and not trained again. */
export function divergedOutcome(run: string): Outcome {
  return { run, value: null, loss: null, seconds: null };
}

/**
 * Rung by rung, as successive halving says: one in η of the trials of a rung goes on when all of them are over.
 *
 * @param find what is known of a cell, if it is over
 */
export function standingOf(plan: SweepPlan, find: (cell: SweepCell) => Outcome | undefined): SweepStanding {
  const outcomes: { cell: SweepCell; outcome: Outcome }[] = [];
  let numbers: readonly number[] = plan.trials.map((_, index) => index + 1);
  for (const [rung, { steps }] of plan.rungs.entries()) {
    const cells = numbers.map((number) => plan.cell(number, rung));
    const known = cells.flatMap((cell) => {
      const outcome = find(cell);
      return outcome ? [{ cell, outcome }] : [];
    });
    outcomes.push(...known);
    const next = plan.rungs[rung + 1];
    const done = new Set(known.map(({ cell }) => cell));
    const open = cells.filter((cell) => !done.has(cell));
    if (open.length > 0 || !next) {
      const later = plan.rungs.slice(rung + 1).reduce((sum, one) => sum + one.trials * (one.steps ?? 1), 0);
      const units = open.length * (steps ?? 1) + later;
      return { open, rung, outcomes, remainingSeconds: secondsFor(units, plan, outcomes) };
    }
    numbers = survivors(known.map(scoreOf), plan.direction, next.trials);
    if (numbers.length === 0) return { open: [], rung, outcomes, remainingSeconds: 0 }; // all diverged
  }
  return { open: [], rung: 0, outcomes, remainingSeconds: 0 };
}

function scoreOf({ cell, outcome }: SweepStanding['outcomes'][number]): Score {
  return { number: cell.trial, value: outcome.value, loss: outcome.loss };
}

/** @param units steps, or whole trainings where steps are not said */
function secondsFor(units: number, { rungs }: SweepPlan, outcomes: SweepStanding['outcomes']): number | null {
  if (units === 0) return 0;
  const each = outcomes.flatMap(({ cell, outcome: { seconds } }) =>
    seconds === null ? [] : [seconds / (rungs[cell.rung]?.steps ?? 1)],
  );
  return each.length === 0 ? null : units * mean(each);
}

/** What `importanceOf` measures a sweep by: the first rung, which all trials have in common. */
export function importanceQuestion({ trials }: SweepPlan, { outcomes }: SweepStanding): readonly MeasuredTrial[] {
  return outcomes.flatMap(({ cell: { trial, rung }, outcome: { value } }) =>
    rung === 0 ? [{ settings: trials[trial - 1] ?? {}, value }] : [],
  );
}

/** @param importance where it has been measured elsewhere: it takes a moment with many trials */
export function summariseSweep(plan: SweepPlan, standing: SweepStanding, importance?: FieldImportance): SweepResult {
  const { name, method, metric, direction, fields } = plan;
  const { open, outcomes } = standing;
  const byTrial = Map.groupBy(outcomes, ({ cell }) => cell.trial);
  const furthest = plan.rungs
    .map((_, rung) => ranked(outcomes.filter(({ cell }) => cell.rung === rung).map(scoreOf), direction))
    .findLast((ranking) => ranking.length > 0);
  return {
    ...{ formatVersion: 1, name, method, metric, direction, fields: [...fields] },
    rungs: plan.rungs.map((rung) => ({ ...rung })),
    trials: plan.trials.map((settings, index) => ({
      number: index + 1,
      settings: { ...settings },
      rungs: (byTrial.get(index + 1) ?? []).map(({ outcome: { run, value } }) => ({ run, value })),
    })),
    best: furthest?.[0]?.number ?? null,
    finished: open.length === 0,
    importance: importance ?? importanceOf(fields, importanceQuestion(plan, standing), direction),
  };
}
