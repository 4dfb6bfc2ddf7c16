/** Studies: grids of runs, queued like any other. */
import { z } from 'zod';
import type { StudySummary, studiesContract } from '../../../shared/contract/studies.ts';
import { LabError, isLabError, messageOf } from '../../../shared/errors.ts';
import { nameSpec } from '../../../shared/spec/experiment/v2.ts';
import { makeFolder } from '../../files/durable-file.ts';
import { fileExists } from '../../files/file-exists.ts';
import type { Study, StudyResult } from '../../../shared/spec/study.ts';
import { migrateStoredStudy } from '../../../shared/spec/study-versions.ts';
import type { Lab } from '../../lab/lab.ts';
import { readJson, writeJson } from '../../workspace/run-folder.ts';
import { listStudies, studyFiles } from '../../workspace/studies.ts';
import { workFolderOf } from '../../workspace/work-folder.ts';
import type { RunRecord } from '../../lab/store/run-record.ts';
import type { StudyCell } from '../../runs/study-plan.ts';
import { countTrainings, parseStudy, planStudy } from '../../runs/study-plan.ts';
import type { HandlersOf } from '../dispatcher.ts';
import { discardWork, restoreWork } from './discard-work.ts';
import { pinReferences } from '../../runs/pin-references.ts';
import { knownRun, specSource, tryParse } from './experiments.ts';
import type { RecordsByName } from './runs-of.ts';
import { currentRuns, queueNew, readable, rememberParsed, runOf, runsMadeFor } from './runs-of.ts';
import { requireNoJobs, studyClusterHandlers } from './study-clusters.ts';

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
  /** Throws `LabError('not-found')`. */
  const requireStudy = async (name: string): Promise<void> => {
    if (nameSpec.safeParse(name).success && (await fileExists(studyFiles(workspace, name).spec))) return;
    throw new LabError('not-found', `There is no study '${name}'`, { name });
  };
  /** Throws `LabError('not-found' | 'corrupt')`. */
  const readStored = async (name: string): Promise<ParsedStudy & { readonly spec: object }> => {
    await requireStudy(name);
    const { spec: file } = studyFiles(workspace, name);
    try {
      const spec = z.looseObject({}).parse(migrateStoredStudy(await readJson(file, z.unknown())));
      return { ...parseStored(spec), spec };
    } catch (error) {
      if (isLabError(error, 'corrupt')) throw error; // it names the file
      throw new LabError('corrupt', `${file} is damaged: ${messageOf(error)}`, { file }, error);
    }
  };
  const read = async (name: string): Promise<StudySummary> => summarise(await readStored(name));
  const begin = async (spec: unknown): Promise<StudySummary> => {
    const records = current();
    const named = parse(spec);
    // Its runs keep what they began from; a study that is added to stays as it was begun.
    const isBegun = named.cells.some((cell) => runOf(cell.experiment, records));
    const pinned = isBegun ? spec : pinReferences(spec, runs.all().map(knownRun));
    const { study, cells } = parse(pinned);
    const files = studyFiles(workspace, study.name);
    await makeFolder(files.folder);
    await writeJson(files.spec, pinned);
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
      const { read: studies, damaged } = await readable(await listStudies(workspace), read);
      return { studies, damaged };
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
      const {
        spec,
        study: { seeds, splits },
      } = await readStored(name);
      const next = 1 + Math.max(...seeds);
      const added = Array.from({ length: count }, (_, index) => next + index);
      return begin({ ...spec, splits, seeds: [...seeds, ...added] });
    },
    report: async ({ name }) => ({ html: await lab.workers.call('studyReport', { name }) }),
    card: ({ name }) => lab.workers.call('studyCard', { name }),
    get: ({ name }) => read(name),
    async delete({ name, runs: withRuns }) {
      await requireStudy(name);
      await requireNoJobs(lab, name);
      const stored = await readStored(name).catch(() => undefined); // damaged ones can be deleted, too
      const records = runsMadeFor(
        lab,
        name,
        stored?.cells.map(({ experiment }) => experiment),
      );
      const { spec, result } = studyFiles(workspace, name);
      const files = [spec, result, workFolderOf(workspace, name).folder];
      return discardWork(lab, { kind: 'study', name, files, records }, withRuns);
    },
    restore: ({ undo }) => restoreWork(lab, undo),
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
