/** Runs by the experiments that they are of: what studies and sweeps look for among all runs of the lab, and queue where it is missing. */
import type { DamagedWork } from '../../../shared/contract/deletions.ts';
import { activeStates } from '../../../shared/contract/runs.ts';
import { messageOf } from '../../../shared/errors.ts';
import { groupOfKind } from '../../../shared/spec/data-kind.ts';
import type { Experiment } from '../../../shared/spec/experiment/index.ts';
import type { Lab } from '../../lab/lab.ts';
import type { RunRecord } from '../../lab/store/run-record.ts';
import { createRun } from '../../runs/create-run.ts';
import { isRunOf } from '../../runs/find-runs.ts';

export type RecordsByName = ReadonlyMap<string, readonly RunRecord[]>;

/** Whether it waits in the queue or is trained: what it needs cannot be taken away. */
export function isUnderWay({ state }: Pick<RunRecord, 'state'>): boolean {
  return state === 'queued' || activeStates.includes(state);
}

/** Runs on data that has been imported again or edited since answer nothing about it. */
export function currentRuns({ materials, runs }: Lab): RecordsByName {
  const hashes = new Map(materials.list().map(({ group, name, contentHash }) => [`${group} ${name}`, contentHash]));
  const current = runs.all().filter(({ origin: { data } }) => {
    const now = hashes.get(`${groupOfKind(data.kind)} ${data.name}`);
    return now === undefined || now === data.contentHash;
  });
  return Map.groupBy(current, ({ spec }) => spec.name);
}

/** Whether specs are those of experiments, both as they are in memory: to compare them takes a millisecond, and there are thousands. */
const compared = new WeakMap<object, WeakMap<object, boolean>>();

function isOf({ spec }: RunRecord, experiment: Experiment): boolean {
  const known = compared.get(spec) ?? new WeakMap<object, boolean>();
  compared.set(spec, known);
  const answer = known.get(experiment) ?? isRunOf(spec, experiment);
  known.set(experiment, answer);
  return answer;
}

/** All runs of exactly this experiment. */
export function runsOf(experiment: Experiment, records: RecordsByName): readonly RunRecord[] {
  return (records.get(experiment.name) ?? []).filter((record) => isOf(record, experiment));
}

/** The one of them that is nearest to its end. */
export function runOf(experiment: Experiment, records: RecordsByName): RunRecord | undefined {
  const same = runsOf(experiment, records);
  return same.find(({ state }) => state === 'finished') ?? same.find(({ state }) => state !== 'failed');
}

/**
 * The runs of these experiments, whatever their data holds by now. Where it is not known which they are, because what says it is damaged,
 * those that were queued for the study or the sweep of this name.
 */
export function runsMadeFor(
  { runs }: Lab,
  name: string,
  experiments: readonly Experiment[] | undefined,
): readonly RunRecord[] {
  if (!experiments) return runs.all().filter(({ study }) => study === name);
  const records = Map.groupBy(runs.all(), ({ spec }) => spec.name);
  return [...new Set(experiments.flatMap((experiment) => runsOf(experiment, records)))];
}

const createdAtOnce = 100;

/** Some at a time, because every look at the folders is one at all of them; those that are there wait in the queue then. */
export async function queueNew(
  { workspace, runs, queue }: Lab,
  study: string,
  experiments: readonly Experiment[],
): Promise<void> {
  for (let start = 0; start < experiments.length; start += createdAtOnce) {
    const created: string[] = [];
    for (const experiment of experiments.slice(start, start + createdAtOnce)) {
      created.push((await createRun(workspace, experiment)).id);
    }
    await runs.scan(queue.isOurs);
    for (const id of created) await runs.annotate(id, { study });
    queue.enqueue(created);
  }
}

/** Those that can be read, and what is wrong with the others. */
export async function readable<Read>(
  names: readonly string[],
  read: (name: string) => Promise<Read>,
): Promise<{ readonly read: Read[]; readonly damaged: DamagedWork[] }> {
  const found = await Promise.all(
    names.map((name) =>
      read(name).then(
        (one) => ({ one }),
        (error: unknown) => ({ name, message: messageOf(error) }),
      ),
    ),
  );
  return {
    read: found.flatMap((each) => ('one' in each ? [each.one] : [])),
    damaged: found.flatMap((each) => ('one' in each ? [] : [each])),
  };
}

const kept = 20;

/** The same answer for the same spec, as long as it is one of the latest. */
export function rememberParsed<Parsed>(parse: (spec: unknown) => Parsed): (spec: unknown) => Parsed {
  const known = new Map<string, Parsed>();
  return (spec) => {
    const key = JSON.stringify(spec);
    const parsed = known.get(key) ?? parse(spec);
    if (!known.has(key) && known.size >= kept) known.delete(known.keys().next().value ?? '');
    known.set(key, parsed);
    return parsed;
  };
}
