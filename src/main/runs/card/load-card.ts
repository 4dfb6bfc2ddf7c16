/** Reads what a card is made of. */
import { readFile } from 'node:fs/promises';
import type { AuditCard } from '../../../shared/card/card.ts';
import { cardAsHtml } from '../../../shared/card/html.ts';
import { LabError, isLabError } from '../../../shared/errors.ts';
import type { RunResult } from '../../../shared/spec/run/result.ts';
import type { Study, StudyResult } from '../../../shared/spec/study.ts';
import { migrateStoredStudy } from '../../../shared/spec/study-versions.ts';
import { nameSpec } from '../../../shared/spec/experiment/v2.ts';
import { describeScores } from '../describe-scores.ts';
import { findMaterialOf } from '../prepare.ts';
import type { RunFolder } from '../../workspace/run-folder.ts';
import { runFolder } from '../../workspace/run-folder.ts';
import type { RunSummary } from '../../workspace/runs.ts';
import { listRuns, readRun } from '../../workspace/runs.ts';
import { studyFiles } from '../../workspace/studies.ts';
import type { Workspace } from '../../workspace/workspace.ts';
import type { StudyCell } from '../study-plan.ts';
import { parseStudy, planStudy } from '../study-plan.ts';
import { isRunOf } from '../find-runs.ts';
import { finishedCell } from '../study.ts';
import { summariseStudy } from '../study-summary.ts';
import { findNetwork } from '../find-network.ts';
import { modelAuditCard } from './model-audit-card.ts';
import { publicModelsBehind } from './public-models.ts';
import { runCard } from './run-card.ts';
import { studyCard } from './study-card.ts';
import { armsFigure, gainsFigure } from './study-figures.ts';

/** Throws `LabError('not-found' | 'corrupt')`. */
export async function loadRunCard(workspace: Workspace, run: RunFolder): Promise<AuditCard> {
  const details = await readRun(run);
  const { data } = details.origin;
  const found = await findMaterialOf(workspace, details.experiment).catch((error: unknown) => {
    if (error instanceof LabError) return undefined; // the card says that it has gone
    throw error;
  });
  const { runs } = await listRuns(workspace);
  const others = runs.filter(({ id, experiment }) => id !== details.id && experiment.name === details.experiment.name);
  const material = found?.contentHash === data.contentHash ? found : undefined;
  const models = await publicModelsBehind(workspace, [details.origin.weights]);
  const scores = await describeScores(run, {}).catch((error: unknown) => {
    if (isLabError(error, 'not-found')) return undefined; // it is no classifier, or has no result yet
    throw error;
  });
  return runCard({ run: details, material, others, scores, models });
}

/**
 * The card of a run or of an imported model, as `findNetwork` finds it. Throws what that and `loadRunCard` throw.
 *
 * @param onPassedOver told of a later run that is not taken
 */
export async function loadNetworkCard(
  workspace: Workspace,
  reference: string,
  onPassedOver?: (message: string) => void,
): Promise<AuditCard> {
  const found = await findNetwork(workspace, reference, onPassedOver);
  if (found.kind === 'run') return loadRunCard(workspace, found.run);
  const { runs } = await listRuns(workspace);
  return modelAuditCard(found.model, runs);
}

/**
 * The card of a study by its name: of its runs that are finished. Undefined where there is no study of that name. Throws
 * `LabError('bad-input')` for a study without a finished run.
 */
export async function loadStudyCard(workspace: Workspace, name: string): Promise<AuditCard | undefined> {
  return (await loadStudy(workspace, name))?.card;
}

/** The report of a study as one HTML file: notes, verdict, charts, tables and card. As `loadStudyCard`. */
export async function loadStudyReport(workspace: Workspace, name: string): Promise<string | undefined> {
  const found = await loadStudy(workspace, name);
  if (!found) return undefined;
  const { card, result } = found;
  return cardAsHtml(card, { title: 'report', figures: [armsFigure(result), gainsFigure(result)] });
}

async function loadStudy(
  workspace: Workspace,
  name: string,
): Promise<{ readonly card: AuditCard; readonly result: StudyResult } | undefined> {
  if (!nameSpec.safeParse(name).success) return undefined;
  const file = studyFiles(workspace, name).spec;
  const text = await readFile(file, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const spec = migrateStoredStudy(JSON.parse(text));
  const { runs } = await listRuns(workspace);
  // As the study says; where nothing of that is there, as studies of old were run, each seed with a split of its own.
  for (const value of [spec, { ...(spec as object), splits: 'per-seed' }]) {
    // it was read as a study when it was written
    const source = { value, locate: () => file };
    const study = parseStudy(source);
    const cells = completeCells(study, finishedCells(planStudy(study, source), runs));
    if (cells.length === 0) continue;
    const finished = await Promise.all(cells.map(({ cell, result, run }) => finishedCell(cell, result, run)));
    const details = await Promise.all(cells.map(({ run }) => readRun(run)));
    const models = await publicModelsBehind(
      workspace,
      details.map(({ origin }) => origin.weights),
    );
    const result = summariseStudy(study, finished);
    return { card: studyCard({ study, result, runs: details, models }), result };
  }
  throw new LabError('bad-input', `No seed of the study '${name}' is finished in all arms yet`, { name });
}

interface CellWithRun {
  readonly cell: StudyCell;
  readonly result: RunResult;
  readonly run: RunFolder;
}

function finishedCells(cells: readonly StudyCell[], runs: readonly RunSummary[]): readonly CellWithRun[] {
  return cells.flatMap((cell) => {
    const found = runs.find(({ experiment, result }) => result !== null && isRunOf(experiment, cell.experiment));
    return found?.result ? [{ cell, result: found.result, run: runFolder(found.folder) }] : [];
  });
}

/** Those of a condition and a seed that all arms have finished, without which there is nothing to compare. */
function completeCells({ arms }: Study, cells: readonly CellWithRun[]): readonly CellWithRun[] {
  const groups = Map.groupBy(cells, ({ cell: { condition, seed } }) => `${condition} ${seed}`);
  return cells.filter(({ cell: { condition, seed } }) => groups.get(`${condition} ${seed}`)?.length === arms.length);
}
