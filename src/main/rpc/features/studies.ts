/** Studies: grids of runs, queued like any other. */
import { join } from 'node:path';
import { z } from 'zod';
import type { StudySummary, studiesContract } from '../../../shared/contract/studies.ts';
import { LabError } from '../../../shared/errors.ts';
import { groupOfKind } from '../../../shared/spec/data-kind.ts';
import { makeFolder } from '../../files/durable-file.ts';
import { fileExists, namesIn } from '../../files/file-exists.ts';
import type { Study, StudyResult } from '../../../shared/spec/study.ts';
import { migrateStoredStudy } from '../../../shared/spec/study-versions.ts';
import { createRun } from '../../runs/create-run.ts';
import type { Lab } from '../../lab/lab.ts';
import { readJson, writeJson } from '../../workspace/run-folder.ts';
import type { RunRecord } from '../../lab/store/run-record.ts';
import { isRunOf } from '../../runs/study.ts';
import type { StudyCell } from '../../runs/study-plan.ts';
import { countTrainings, parseStudy, planStudy } from '../../runs/study-plan.ts';
import type { HandlersOf } from '../dispatcher.ts';
import { pinReferences } from '../../runs/pin-references.ts';
import { knownRun, specSource, tryParse } from './experiments.ts';
import { studyClusterHandlers } from './study-clusters.ts';

const specFile = (lab: Lab, name: string): string => join(lab.workspace.folder, 'studies', `${name}.spec.json`);

export function studiesHandlers(lab: Lab): HandlersOf<typeof studiesContract> {
  const { runs, queue, workspace, materials } = lab;
  /** Runs on data that has been imported again or edited since answer nothing about it. */
  const current = (): RecordsByName => {
    const hashes = new Map(materials.list().map(({ group, name, contentHash }) => [`${group} ${name}`, contentHash]));
    return byName(
      runs.all().filter(({ origin: { data } }) => {
        const now = hashes.get(`${groupOfKind(data.kind)} ${data.name}`);
        return now === undefined || now === data.contentHash;
      }),
    );
  };
  const summaries = new Map<string, { readonly key: string; readonly result: Promise<StudyResult> }>();
  /** Thousands of cells take seconds to check, and pages ask for them with every run that changes. */
  const parsedStudies = new Map<string, ParsedStudy>();
  const parse = (spec: unknown): ParsedStudy => {
    const key = JSON.stringify(spec);
    const known = parsedStudies.get(key);
    if (known) return known;
    const source = specSource(spec);
    const study = parseStudy(source);
    const parsed = { study, cells: planStudy(study, source) };
    if (parsedStudies.size >= keptStudies) parsedStudies.delete(parsedStudies.keys().next().value ?? '');
    parsedStudies.set(key, parsed);
    return parsed;
  };
  /** As the study says; where nothing of that is there, as studies of old were run, each seed with a split of its own. */
  const parseStored = (spec: unknown): ParsedStudy => {
    const parsed = parse(spec);
    const records = current();
    if (parsed.study.splits === 'per-seed' || parsed.cells.some((cell) => runOf(cell, records))) return parsed;
    const old = parse({ ...(spec as object), splits: 'per-seed' }); // it was read as a study
    return old.cells.some((cell) => runOf(cell, records)) ? old : parsed;
  };
  const summarise = async ({ study, cells }: ParsedStudy): Promise<StudySummary> => {
    const records = current();
    const found = cells.flatMap((cell) => {
      const record = runOf(cell, records);
      return record ? [{ cell, record }] : [];
    });
    const finished = found.filter(({ record }) => record.result !== null);
    const complete = completeCells(study, finished);
    return {
      name: study.name,
      notes: study.notes ?? '',
      runs: found.map(({ cell: { condition, arm, seed }, record: { id, state } }) => ({
        id,
        condition,
        arm,
        seed,
        state,
      })),
      finished: finished.length,
      result: complete.length === 0 ? null : await resultOf(study, complete),
    };
  };
  /** Computed by a worker, and once for the same runs. */
  const resultOf = (study: Study, complete: readonly FoundCell[]): Promise<StudyResult> => {
    const question = {
      study,
      runs: complete.map(({ cell: { condition, arm, seed, experiment }, record: { id } }) => ({
        cell: { condition, arm, seed, experiment: { task: experiment.task } }, // the rest of thousands of experiments is much
        id,
      })),
    };
    const key = JSON.stringify(question);
    const known = summaries.get(study.name);
    if (known?.key === key) return known.result;
    const result = lab.workers.call('study', question);
    summaries.set(study.name, { key, result });
    result.catch(() => summaries.delete(study.name)); // asked again, it may work
    return result;
  };
  const readSpec = async (name: string): Promise<unknown> => {
    if (!/^[a-z0-9][a-z0-9._-]*$/.test(name)) throw new LabError('not-found', `There is no study '${name}'`);
    const file = specFile(lab, name);
    if (!(await fileExists(file))) throw new LabError('not-found', `There is no study '${name}'`, { name });
    return migrateStoredStudy(await readJson(file, z.unknown()));
  };
  const read = async (name: string): Promise<StudySummary> => summarise(parseStored(await readSpec(name)));
  const begin = async (spec: unknown): Promise<StudySummary> => {
    const records = current();
    const named = parse(spec);
    // Its runs keep what they began from; a study that is added to stays as it was begun.
    const isBegun = named.cells.some((cell) => runOf(cell, records));
    const pinned = isBegun ? spec : pinReferences(spec, runs.all().map(knownRun));
    const { study, cells } = parse(pinned);
    await makeFolder(join(workspace.folder, 'studies'));
    await writeJson(specFile(lab, study.name), pinned);
    const missing = cells.filter((cell) => !runOf(cell, records)); // the others are done, or under way
    // Some at a time, because every look at the folders is one at all of them; those that are there wait in the queue then.
    for (let start = 0; start < missing.length; start += createdAtOnce) {
      const created: string[] = [];
      for (const { experiment } of missing.slice(start, start + createdAtOnce)) {
        created.push((await createRun(workspace, experiment)).id);
      }
      await runs.scan(queue.isOurs);
      for (const id of created) await runs.annotate(id, { study: study.name });
      queue.enqueue(created);
    }
    return summarise({ study, cells });
  };
  return {
    ...studyClusterHandlers(lab),
    async list() {
      const names = (await namesIn(join(workspace.folder, 'studies'))).filter((file) => file.endsWith('.spec.json'));
      const studies = await Promise.all(
        names.map((file) => read(file.slice(0, -'.spec.json'.length)).catch(() => undefined)),
      ); // damaged ones are left out
      return studies.filter((study) => study !== undefined);
    },
    plan({ spec }) {
      const parsed = tryParse(() => parse(spec));
      if ('problems' in parsed) return { cells: [], trainings: 0, problems: parsed.problems };
      const cells = parsed.value.cells.map(({ condition, arm, seed, experiment }) => ({
        condition,
        arm,
        seed,
        name: experiment.name,
      }));
      return { cells, trainings: countTrainings(parsed.value.study), problems: [] };
    },
    create: ({ spec }) => begin(spec),
    async addSeeds({ name, count }) {
      const spec = await readSpec(name);
      const { seeds, splits } = parseStored(spec).study;
      const next = 1 + Math.max(...seeds);
      const added = Array.from({ length: count }, (_, index) => next + index);
      // it was read as a study
      return begin({ ...(spec as object), splits, seeds: [...seeds, ...added] });
    },
    report: async ({ name }) => ({ html: await lab.workers.call('studyReport', { name }) }),
    card: ({ name }) => lab.workers.call('studyCard', { name }),
    get: ({ name }) => read(name),
  };
}

interface ParsedStudy {
  readonly study: Study;
  readonly cells: readonly StudyCell[];
}

interface FoundCell {
  readonly cell: StudyCell;
  readonly record: RunRecord;
}

const keptStudies = 20;
const createdAtOnce = 100;

type RecordsByName = ReadonlyMap<string, readonly RunRecord[]>;

function byName(records: readonly RunRecord[]): RecordsByName {
  return Map.groupBy(records, ({ spec }) => spec.name);
}

/** Whether specs are those of experiments, both as they are in memory: to compare them takes a millisecond, and there are thousands. */
const compared = new WeakMap<object, WeakMap<object, boolean>>();

function isOf({ spec }: RunRecord, experiment: StudyCell['experiment']): boolean {
  const known = compared.get(spec) ?? new WeakMap<object, boolean>();
  compared.set(spec, known);
  const answer = known.get(experiment) ?? isRunOf(spec, experiment);
  known.set(experiment, answer);
  return answer;
}

/** The run of exactly this experiment that is nearest to its end. */
function runOf({ experiment }: StudyCell, records: RecordsByName): RunRecord | undefined {
  const same = (records.get(experiment.name) ?? []).filter((record) => isOf(record, experiment));
  return same.find(({ state }) => state === 'finished') ?? same.find(({ state }) => state !== 'failed');
}

/** A seed counts when all arms of its condition have it, so that what is compared stays paired. */
function completeCells(study: Study, finished: readonly FoundCell[]): readonly FoundCell[] {
  const keyOf = (condition: string, arm: string, seed: number): string => JSON.stringify([condition, arm, seed]);
  const there = new Set(finished.map(({ cell: { condition, arm, seed } }) => keyOf(condition, arm, seed)));
  return finished.filter(({ cell: { condition, seed } }) =>
    study.arms.every((arm) => there.has(keyOf(condition, arm.name, seed))),
  );
}
