/** Studies: grids of runs, queued like any other. */
import { join } from 'node:path';
import { z } from 'zod';
import type { StudySummary, studiesContract } from '../../../shared/contract/studies.ts';
import { LabError } from '../../../shared/errors.ts';
import { makeFolder } from '../../files/durable-file.ts';
import { fileExists, namesIn } from '../../files/file-exists.ts';
import type { Study, StudyResult } from '../../../shared/spec/study.ts';
import { migrateStoredStudy } from '../../../shared/spec/study-versions.ts';
import type { Lab } from '../../lab/lab.ts';
import { readJson, writeJson } from '../../workspace/run-folder.ts';
import type { RunRecord } from '../../lab/store/run-record.ts';
import type { StudyCell } from '../../runs/study-plan.ts';
import { countTrainings, parseStudy, planStudy } from '../../runs/study-plan.ts';
import type { HandlersOf } from '../dispatcher.ts';
import { pinReferences } from '../../runs/pin-references.ts';
import { knownRun, specSource, tryParse } from './experiments.ts';
import type { RecordsByName } from './runs-of.ts';
import { currentRuns, queueNew, rememberParsed, runOf } from './runs-of.ts';
import { studyClusterHandlers } from './study-clusters.ts';

const specFile = (lab: Lab, name: string): string => join(lab.workspace.folder, 'studies', `${name}.spec.json`);

export function studiesHandlers(lab: Lab): HandlersOf<typeof studiesContract> {
  const { runs, workspace } = lab;
  const current = (): RecordsByName => currentRuns(lab);
  const summaries = new Map<string, { readonly key: string; readonly result: Promise<StudyResult> }>();
  /** Thousands of cells take seconds to check, and pages ask for them with every run that changes. */
  const parse = rememberParsed((spec): ParsedStudy => {
    const source = specSource(spec);
    const study = parseStudy(source);
    return { study, cells: planStudy(study, source) };
  });
  /** As the study says; where nothing of that is there, as studies of old were run, each seed with a split of its own. */
  const parseStored = (spec: unknown): ParsedStudy => {
    const parsed = parse(spec);
    const records = current();
    if (parsed.study.splits === 'per-seed' || parsed.cells.some((cell) => runOf(cell.experiment, records))) {
      return parsed;
    }
    const old = parse({ ...(spec as object), splits: 'per-seed' }); // it was read as a study
    return old.cells.some((cell) => runOf(cell.experiment, records)) ? old : parsed;
  };
  const summarise = async ({ study, cells }: ParsedStudy): Promise<StudySummary> => {
    const records = current();
    const found = cells.flatMap((cell) => {
      const record = runOf(cell.experiment, records);
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
    const isBegun = named.cells.some((cell) => runOf(cell.experiment, records));
    const pinned = isBegun ? spec : pinReferences(spec, runs.all().map(knownRun));
    const { study, cells } = parse(pinned);
    await makeFolder(join(workspace.folder, 'studies'));
    await writeJson(specFile(lab, study.name), pinned);
    const missing = cells.filter((cell) => !runOf(cell.experiment, records)); // the others are done, or under way
    await queueNew(
      lab,
      study.name,
      missing.map(({ experiment }) => experiment),
    );
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

/** A seed counts when all arms of its condition have it, so that what is compared stays paired. */
function completeCells(study: Study, finished: readonly FoundCell[]): readonly FoundCell[] {
  const keyOf = (condition: string, arm: string, seed: number): string => JSON.stringify([condition, arm, seed]);
  const there = new Set(finished.map(({ cell: { condition, arm, seed } }) => keyOf(condition, arm, seed)));
  return finished.filter(({ cell: { condition, seed } }) =>
    study.arms.every((arm) => there.has(keyOf(condition, arm.name, seed))),
  );
}
