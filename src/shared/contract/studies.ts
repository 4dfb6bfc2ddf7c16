/** Studies: grids of runs that answer one question, such as what pretraining gains at each label budget. */
import { z } from 'zod';
import { auditCard } from '../card/card.ts';
import { studyResult } from '../spec/study.ts';
import { count, jsonObject, nothing, problem } from './common.ts';
import { request } from './define.ts';
import { damagedWork, deletions } from './deletions.ts';
import { runState } from './runs.ts';
import { studyClusters } from './study-clusters.ts';

export const studySummary = z.object({
  name: z.string(),
  notes: z.string(),
  runs: z.array(z.object({ id: z.string(), condition: z.string(), arm: z.string(), seed: z.int(), state: runState })),
  /** Runs that are finished. */
  finished: count,
  /** From the runs that are finished; null before there is a seed with all arms. */
  result: studyResult.nullable(),
});
export type StudySummary = z.infer<typeof studySummary>;

export const studiesContract = {
  ...studyClusters,
  ...deletions('study'),
  list: request(
    'Studies by name, and those that cannot be read',
    nothing,
    z.object({ studies: z.array(studySummary), damaged: z.array(damagedWork) }),
  ),
  plan: request(
    'Checks a study and says how many runs it is',
    z.strictObject({ spec: jsonObject }),
    z.object({
      cells: z.array(z.object({ condition: z.string(), arm: z.string(), seed: z.int(), name: z.string() })),
      /** Trainings of networks, those of tuning included: what a study costs. */
      trainings: count,
      problems: z.array(problem),
    }),
  ),
  create: request(
    'Queues the runs of a study; those that are finished already are not done again',
    z.strictObject({ spec: jsonObject }),
    studySummary,
  ),
  addSeeds: request(
    'Queues the runs of further seeds of a study',
    z.strictObject({ name: z.string(), count: z.int().min(1).max(100) }),
    studySummary,
  ),
  report: request(
    'Notes, verdict, charts, tables and card of a study as one HTML file',
    z.strictObject({ name: z.string() }),
    z.object({ html: z.string() }),
  ),
  card: request('The audit card of a study', z.strictObject({ name: z.string() }), auditCard),
  get: request('One study', z.strictObject({ name: z.string() }), studySummary),
};
