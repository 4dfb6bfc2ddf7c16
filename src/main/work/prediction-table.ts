/** What a classifier answered to each test example, sorted, with the texts and pictures of the rows that are asked for. */
import type { PredictionTable, PredictionTableInput } from '../../shared/contract/prediction-table.ts';
import { isLabError } from '../../shared/errors.ts';
import { readAnsweredSplit } from '../runs/answers-file.ts';
import { importedNumbers } from '../data/editing/imported-numbers.ts';
import { findMaterial } from '../workspace/catalogue.ts';
import { findRun } from '../workspace/runs.ts';
import { openBrowser } from './browse.ts';
import type { WorkContext } from './work-context.ts';

export interface PredictionTableQuestion extends PredictionTableInput {
  /** Names of the classes, in the order of the answers. */
  readonly classes: readonly string[];
  readonly data: string;
}

interface Row {
  /** Among the answers. */
  readonly place: number;
  /** Classes by their places in the order that they have everywhere. */
  readonly actual: number;
  readonly predicted: number;
  readonly loss: number | null;
}

/** Throws `LabError('not-found' | 'corrupt')`. */
export async function predictionTableOf(
  { workspace }: WorkContext,
  {
    id,
    classes,
    data,
    sort,
    descending,
    errorsOnly,
    actual,
    predicted,
    offset,
    limit,
    pictureSize,
  }: PredictionTableQuestion,
): Promise<PredictionTable> {
  const none = { total: 0, errors: 0, data, rows: [] };
  const run = await findRun(workspace, id);
  const found = await readAnsweredSplit(run.answers);
  if (found?.answers.kind !== 'classes' || classes.length === 0) {
    return { ...none, problem: 'This run has kept no answers of classes to test examples.' };
  }
  const { examples } = found;
  if (!examples) {
    return { ...none, problem: 'This run did not note which examples it answered: a new run with the same spec does.' };
  }
  const { labels, predicted: answered, losses } = found.answers;
  const rows = Array.from(examples.places, (_, place): Row => ({
    place,
    actual: labels[place]!,
    predicted: answered[place]!,
    loss: losses?.[place] ?? null,
  }));
  const wanted = rows.filter(
    (row) =>
      (!errorsOnly || row.actual !== row.predicted) &&
      (actual === undefined || classes[row.actual] === actual) &&
      (predicted === undefined || classes[row.predicted] === predicted),
  );
  const sign = descending ? -1 : 1;
  wanted.sort((a, b) => sign * compare(a, b, sort) || a.place - b.place);
  const itemOf = await openItems(workspace, data, examples.originalHash);
  try {
    const shown = wanted.slice(offset, offset + limit).map(async ({ place, loss, ...row }) => ({
      actual: classes[row.actual] ?? '',
      predicted: classes[row.predicted] ?? '',
      loss,
      item: await itemOf.read(examples.places[place]!, pictureSize),
    }));
    return {
      total: wanted.length,
      errors: rows.filter((row) => row.actual !== row.predicted).length,
      data,
      rows: await Promise.all(shown),
      problem: null,
    };
  } finally {
    itemOf.close();
  }
}

function compare(a: Row, b: Row, sort: PredictionTableInput['sort']): number {
  if (sort === 'loss') return (a.loss ?? -1) - (b.loss ?? -1);
  if (sort === 'example') return a.place - b.place;
  return a[sort] - b[sort];
}

/** Examples of the dataset by the numbers they were imported with; nothing where it is gone or was imported anew. */
async function openItems(workspace: WorkContext['workspace'], data: string, originalHash: string) {
  const nothing = { read: () => Promise.resolve(null), close: () => undefined };
  try {
    const { folder, kind } = await findMaterial(workspace, 'dataset', data);
    const numbers = importedNumbers(folder, kind);
    if (numbers.originalHash !== originalHash) return nothing;
    const browser = await openBrowser(workspace, { group: 'dataset', name: data });
    return {
      async read(place: number, pictureSize: number) {
        const index = numbers.indexOf(place);
        return index === undefined ? null : browser.item(index, pictureSize);
      },
      close: () => {
        browser.close();
      },
    };
  } catch (error) {
    if (isLabError(error, 'not-found')) return nothing;
    throw error;
  }
}
