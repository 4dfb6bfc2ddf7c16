/** Studies: grids of runs, queued like any other. */
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { StudySummary, studiesContract } from '../../../shared/contract/studies.ts';
import { LabError } from '../../../shared/errors.ts';
import { namesIn } from '../../files/file-exists.ts';
import type { Study } from '../../../shared/spec/study.ts';
import { createRun } from '../../runs/create-run.ts';
import type { Lab } from '../../lab/lab.ts';
import { writeJson } from '../../workspace/run-folder.ts';
import type { RunRecord } from '../../lab/store/run-record.ts';
import type { StudyCell } from '../../runs/study.ts';
import { parseStudy, planStudy, summariseStudy } from '../../runs/study.ts';
import type { HandlersOf } from '../dispatcher.ts';
import { specSource, tryParse } from './experiments.ts';

const specFile = (lab: Lab, name: string): string => join(lab.workspace.folder, 'studies', `${name}.spec.json`);

export function studiesHandlers(lab: Lab): HandlersOf<typeof studiesContract> {
  const { runs, queue, workspace } = lab;
  const parse = (spec: unknown): { study: Study; cells: readonly StudyCell[] } => {
    const source = specSource(spec);
    const study = parseStudy(source);
    return { study, cells: planStudy(study, source) };
  };
  const read = async (name: string): Promise<StudySummary> => {
    if (!/^[a-z0-9][a-z0-9._-]*$/.test(name)) throw new LabError('not-found', `There is no study '${name}'`);
    const text = await readFile(specFile(lab, name), 'utf8').catch((error: unknown) => {
      throw new LabError('not-found', `There is no study '${name}'`, { name }, error);
    });
    const { study, cells } = parse(JSON.parse(text));
    return summarise(study, cells, runs.all());
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
      if ('problems' in parsed) return { cells: [], problems: parsed.problems };
      const cells = parsed.value.cells.map(({ condition, arm, seed, experiment }) => ({
        condition,
        arm,
        seed,
        name: experiment.name,
      }));
      return { cells, problems: [] };
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
      return summarise(study, cells, runs.all());
    },
    get: ({ name }) => read(name),
  };
}

/** The run of exactly this experiment that is nearest to its end. */
function runOf({ experiment }: StudyCell, records: readonly RunRecord[]): RunRecord | undefined {
  const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value)) as unknown; // without undefined members
  const wanted = plain(experiment);
  const same = records.filter(({ spec }) => spec.name === experiment.name && isDeepStrictEqual(plain(spec), wanted));
  return same.find(({ state }) => state === 'finished') ?? same.find(({ state }) => state !== 'failed');
}

function summarise(study: Study, cells: readonly StudyCell[], records: readonly RunRecord[]): StudySummary {
  const found = cells.flatMap((cell) => {
    const record = runOf(cell, records);
    return record ? [{ cell, record }] : [];
  });
  const results = found.flatMap(({ cell, record }) => (record.result ? [{ cell, result: record.result }] : []));
  // A seed counts when all arms of its condition have it, so that what is compared stays paired.
  const complete = results.filter(({ cell }) =>
    study.arms.every((arm) =>
      results.some(
        (other) =>
          other.cell.arm === arm.name && other.cell.condition === cell.condition && other.cell.seed === cell.seed,
      ),
    ),
  );
  const conditions = study.conditions.filter(({ name }) => complete.some(({ cell }) => cell.condition === name));
  return {
    name: study.name,
    notes: study.notes ?? '',
    runs: found.map(({ cell, record }) => ({
      id: record.id,
      condition: cell.condition,
      arm: cell.arm,
      seed: cell.seed,
      state: record.state,
    })),
    finished: results.length,
    result: complete.length === 0 ? null : summariseStudy({ ...study, conditions }, complete),
  };
}
