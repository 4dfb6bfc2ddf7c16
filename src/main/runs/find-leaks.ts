/**
 * Leaks of a dataset, looked for once: reports are kept in the workspace under the contents of both sides, so that the runs of a
 * study, which share their data, share the search as well. A report holds all examples and not those of one split.
 */
import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isLabError } from '../../shared/errors.ts';
import type { LeakReport } from '../../shared/spec/leaks.ts';
import { LEAKS_VERSION, leakReport } from '../../shared/spec/leaks.ts';
import { findDatasetLeaks } from '../data/leaks/dataset-leaks.ts';
import type { Material } from '../workspace/catalogue.ts';
import { readJson, writeJson } from '../workspace/run-folder.ts';
import type { Workspace } from '../workspace/workspace.ts';

/** Four fifths of a text are a copy of it, and a little less where a word was changed. */
export const DEFAULT_SIMILARITY = 0.7;
/** Places noted of one example. Within a dataset there have to be enough for one to be on the other side of a split. */
const MOST_PLACES = 3;
const MOST_PLACES_WITHIN = 32;

export interface LeakOptions {
  readonly minimumSimilarity?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Told when the search begins; not when its report is there already. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/**
 * @param against undefined to compare the examples with each other
 * @throws LabError as opening the materials does; what the signal was aborted with
 */
export async function findLeaks(
  workspace: Workspace,
  dataset: Material,
  against: Material | undefined,
  { minimumSimilarity = DEFAULT_SIMILARITY, signal, onProgress }: LeakOptions = {},
): Promise<LeakReport> {
  const folder = join(workspace.folder, 'cache', 'leaks');
  const file = join(folder, `${cacheKey(dataset, against, minimumSimilarity)}.json`);
  const names = { dataset: nameOf(dataset), against: against ? nameOf(against) : null };
  const known = await readCached(file);
  if (known) return { ...known, ...names };
  const started = performance.now();
  const mostPlaces = against ? MOST_PLACES : MOST_PLACES_WITHIN;
  const search = { minimumSimilarity, mostPlaces, signal, onProgress };
  const {
    examples,
    places,
    tooShort,
    incomparable,
    nameOf: exampleName,
  } = await findDatasetLeaks(dataset, against, search);
  const report: LeakReport = {
    formatVersion: LEAKS_VERSION,
    ...names,
    minimumSimilarity,
    examples,
    tooShort: [...tooShort],
    incomparable,
    seconds: (performance.now() - started) / 1000,
    found: [...places]
      .sort(([a], [b]) => a - b)
      .map(([example, found]) => ({ example, name: exampleName(example), places: [...found] })),
  };
  await mkdir(folder, { recursive: true });
  await writeJson(file, report);
  return report;
}

const nameOf = ({ kind, name, contentHash }: Material): LeakReport['dataset'] => ({ kind, name, contentHash });

/** Of a corpus the tokenizer counts too: it decides what was kept of the text. */
function cacheKey(dataset: Material, against: Material | undefined, minimumSimilarity: number): string {
  const identity = (material: Material): unknown[] => [
    material.kind,
    material.contentHash,
    material.manifest.tokenizerHash ?? null,
  ];
  const key = [LEAKS_VERSION, identity(dataset), against ? identity(against) : null, minimumSimilarity];
  return createHash('sha256').update(JSON.stringify(key)).digest('hex');
}

/** Undefined where there is none, or one that is damaged or of another version: it is made anew then. */
async function readCached(file: string): Promise<LeakReport | undefined> {
  try {
    return await readJson(file, leakReport);
  } catch (error) {
    if (isLabError(error)) return undefined;
    throw error;
  }
}
