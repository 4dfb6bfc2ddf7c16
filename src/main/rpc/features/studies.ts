/** Studies: grids of runs, queued like any other. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { StudySummary, studiesContract } from '../../../shared/contract/studies.ts';
import { LabError } from '../../../shared/errors.ts';
import { fileExists, namesIn } from '../../files/file-exists.ts';
import type { Study, StudyResult } from '../../../shared/spec/study.ts';
import { createRun } from '../../runs/create-run.ts';
import type { Lab } from '../../lab/lab.ts';
import { readJson, writeJson } from '../../workspace/run-folder.ts';
import type { RunRecord } from '../../lab/store/run-record.ts';
import { isRunOf } from '../../runs/study.ts';
import type { StudyCell } from '../../runs/study-plan.ts';
import { countTrainings, parseStudy, planStudy } from '../../runs/study-plan.ts';
import type { HandlersOf } from '../dispatcher.ts';
import { specSource, tryParse } from './experiments.ts';

const specFile = (lab: Lab, name: string): string => join(lab.workspace.folder, 'studies', `${name}.spec.json`);

export function studiesHandlers(lab: Lab): HandlersOf<typeof studiesContract> {
  const { runs, queue, workspace } = lab;
  const summaries = new Map<string, { readonly key: string; readonly result: Promise<StudyResult> }>();
  const parse = (spec: unknown): ParsedStudy => {
    const source = specSource(spec);
    const study = parseStudy(source);
    return { study, cells: planStudy(study, source) };
  };
  /** As the study says; where nothing of that is there, as studies of old were run, each seed with a split of its own. */
  const parseStored = (spec: unknown): ParsedStudy => {
    const parsed = parse(spec);
    const records = runs.all();
    if (parsed.study.splits === 'per-seed' || parsed.cells.some((cell) => runOf(cell, records))) return parsed;
    const old = parse({ ...(spec as object), splits: 'per-seed' }); // it was read as a study
    return old.cells.some((cell) => runOf(cell, records)) ? old : parsed;
  };
  const summarise = async ({ study, cells }: ParsedStudy): Promise<StudySummary> => {
    const records = runs.all();
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
    const question = { study, runs: complete.map(({ cell, record }) => ({ cell, id: record.id })) };
    const key = JSON.stringify(question);
    const known = summaries.get(study.name);
    if (known?.key === key) return known.result;
    const result = lab.workers.call('study', question);
    summaries.set(study.name, { key, result });
    result.catch(() => summaries.delete(study.name)); // asked again, it may work
    return result;
  };
  const read = async (name: string): Promise<StudySummary> => {
    if (!/^[a-z0-9][a-z0-9._-]*$/.test(name)) throw new LabError('not-found', `There is no study '${name}'`);
    const file = specFile(lab, name);
    if (!(await fileExists(file))) throw new LabError('not-found', `There is no study '${name}'`, { name });
    return summarise(parseStored(await readJson(file, z.unknown())));
  };
  return {
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
    async create({ spec }) {
      const { study, cells } = parse(spec);
      await mkdir(join(workspace.folder, 'studies'), { recursive: true });
      await writeJson(specFile(lab, study.name), spec);
      const queued: string[] = [];
      for (const cell of cells) {
        if (runOf(cell, runs.all())) continue; // done, or under way
        const { id } = await createRun(workspace, cell.experiment);
        await runs.scan(queue.isOurs);
        await runs.annotate(id, { study: study.name });
        queued.push(id);
      }
      queue.enqueue(queued);
      return summarise({ study, cells });
    },
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

/** The run of exactly this experiment that is nearest to its end. */
function runOf({ experiment }: StudyCell, records: readonly RunRecord[]): RunRecord | undefined {
  const same = records.filter(({ spec }) => spec.name === experiment.name && isRunOf(spec, experiment));
  return same.find(({ state }) => state === 'finished') ?? same.find(({ state }) => state !== 'failed');
}

/** A seed counts when all arms of its condition have it, so that what is compared stays paired. */
function completeCells(study: Study, finished: readonly FoundCell[]): readonly FoundCell[] {
  return finished.filter(({ cell }) =>
    study.arms.every((arm) =>
      finished.some(
        (other) =>
          other.cell.arm === arm.name && other.cell.condition === cell.condition && other.cell.seed === cell.seed,
      ),
    ),
  );
}
