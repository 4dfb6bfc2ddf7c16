/** The leak check of a run: its test examples against all that its network has seen, before any of its numbers is shown. */
import { LabError } from '../../shared/errors.ts';
import type { Experiment } from '../../shared/spec/experiment/index.ts';
import type { LeakPlace, LeakReport, RunLeaks } from '../../shared/spec/leaks.ts';
import { LEAKS_VERSION } from '../../shared/spec/leaks.ts';
import type { Material } from '../workspace/catalogue.ts';
import type { RunOrigin } from '../workspace/run-folder.ts';
import { findRun } from '../workspace/runs.ts';
import type { Workspace } from '../workspace/workspace.ts';
import { findLeaks } from './find-leaks.ts';
import type { LeakOptions } from './find-leaks.ts';
import type { SeenMaterial } from './seen-materials.ts';
import { seenByRun, seenByWeights } from './seen-materials.ts';

const MOST_LISTED = 200;

export interface CheckedRun {
  readonly experiment: Experiment;
  readonly material: Material;
  /** Numbers of the test examples. */
  readonly test: Uint32Array;
  readonly weights: RunOrigin['weights'];
}

/**
 * Undefined where the experiment says `evaluation.leaks: ignore`. Reports of a search are kept, so that it is done once.
 * Throws `LabError('bad-spec')` where excluding leaks would leave nothing to test on, and what the signal was aborted with.
 */
export async function checkRunLeaks(
  workspace: Workspace,
  { experiment, material, test, weights }: CheckedRun,
  options: LeakOptions,
): Promise<RunLeaks | undefined> {
  const { leaks: action, leaksAgainst } = experiment.evaluation;
  if (action === 'ignore' || test.length === 0) return undefined;
  const unchecked: string[] = [];
  const seen: SeenMaterial[] = [];
  const own = await seenByWeights(workspace, weights);
  const further = await Promise.all(
    leaksAgainst.map(async (name) => seenByRun(workspace, await findRun(workspace, name))),
  );
  for (const found of [own, ...further]) {
    for (const one of found.seen) if (!seen.some((other) => isSame(one, other))) seen.push(one);
    unchecked.push(...found.unknown);
  }
  const collector = new LeakCollector(test);
  for (const { material: other, items } of seen) {
    const isOwn = other.kind === material.kind && other.contentHash === material.contentHash;
    const report = await findLeaks(workspace, material, isOwn ? undefined : other, options);
    if (report.incomparable !== null) {
      unchecked.push(`${other.name}: ${report.incomparable}`);
      continue;
    }
    collector.add('pretraining', other, report, (item) => items?.has(item) ?? true, isOwn);
  }
  // All other examples of the dataset and not only those that are trained on: the test stays the same for every label budget.
  const testSet = new Set(test);
  const others = (item: number): boolean => !testSet.has(item);
  collector.add('training', material, await findLeaks(workspace, material, undefined, options), others, false);
  const { leaked, tooShort, sources, listed } = collector;
  const excluded = action === 'exclude' ? [...leaked].sort((a, b) => a - b) : [];
  if (excluded.length === test.length) {
    const names = sources.filter((source) => source.leaked > 0).map(({ name }) => name);
    throw new LabError(
      'bad-spec',
      `evaluation.leaks: all ${excluded.length} test examples also occur in ${[...new Set(names)].join(', ')}, and nothing is left to test on. Pretrain on other data, or set it to report`,
      { leaked: excluded.length, sources: names },
    );
  }
  return {
    formatVersion: LEAKS_VERSION,
    action,
    testExamples: test.length,
    sources,
    leaked: leaked.size,
    tooShort: tooShort.size,
    unchecked: [...new Set(unchecked)],
    excluded,
    listed: listed.slice(0, MOST_LISTED),
  };
}

function isSame(a: SeenMaterial, b: SeenMaterial): boolean {
  if (a.material.kind !== b.material.kind || a.material.contentHash !== b.material.contentHash) return false;
  if (!a.items || !b.items) return a.items === b.items;
  return a.items.size === b.items.size && [...a.items].every((item) => b.items?.has(item));
}

class LeakCollector {
  readonly leaked = new Set<number>();
  readonly tooShort = new Set<number>();
  readonly sources: RunLeaks['sources'] = [];
  readonly listed: RunLeaks['listed'] = [];
  private readonly test: Uint32Array;

  constructor(test: Uint32Array) {
    this.test = test;
  }

  /**
   * @param counts which items of the other material do
   * @param isOwn whether an example of that number is the test example itself
   */
  add(
    relation: 'pretraining' | 'training',
    { kind, name }: Material,
    report: LeakReport,
    counts: (item: number) => boolean,
    isOwn: boolean,
  ): void {
    const places = new Map(report.found.map((found) => [found.example, found]));
    const short = new Set(report.tooShort);
    const source = this.sources.length;
    let leaked = 0;
    for (const example of this.test) {
      if (short.has(example)) this.tooShort.add(example);
      const found = places.get(example);
      const itself = isOwn && counts(example) ? itselfAt(example) : undefined;
      const place = itself ?? found?.places.find(({ item }) => counts(item));
      if (!place) continue;
      leaked += 1;
      this.leaked.add(example);
      this.listed.push({ example, name: found?.name ?? `example ${example}`, source, place });
    }
    this.sources.push({ relation, kind, name, leaked });
  }
}

function itselfAt(item: number): LeakPlace {
  return { item, similarity: 1, containment: null, jaccard: null, difference: 'none', excerpt: 'the same example' };
}
