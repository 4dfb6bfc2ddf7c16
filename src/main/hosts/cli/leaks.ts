/** `pretext leaks`: which examples of a dataset also occur in a corpus, in another dataset, or in what a run was trained on. */
import type { Command } from 'commander';
import { LabError, isLabError } from '../../../shared/errors.ts';
import { formatPercent, plural } from '../../../shared/display.ts';
import type { LeakDifference, LeakReport } from '../../../shared/spec/leaks.ts';
import { DEFAULT_SIMILARITY, findLeaks } from '../../runs/find-leaks.ts';
import { seenByRun } from '../../runs/seen-materials.ts';
import type { Material } from '../../workspace/catalogue.ts';
import { findMaterial, listMaterials } from '../../workspace/catalogue.ts';
import { findRun } from '../../workspace/runs.ts';
import type { Workspace } from '../../workspace/workspace.ts';
import { globalsOf, existingWorkspaceOf } from './globals.ts';
import { interruptible } from './interrupt.ts';
import { numberFrom, positiveNumber } from './numbers.ts';
import { print, printJson, say, table } from './output.ts';
import { createProgress } from './progress.ts';

interface LeaksOptions {
  readonly against?: string;
  readonly similarity: number;
  readonly limit: number;
}

export function registerLeaks(leaks: Command): void {
  leaks
    .argument('<dataset>', 'labelled texts, images or recordings')
    .option(
      '-a, --against <name>',
      'a corpus, a dataset or a run (all that its network has seen); without it, the examples are compared with each other',
    )
    .option('--similarity <share>', 'share of an example that has to be found', numberFrom(0.3, 1), DEFAULT_SIMILARITY)
    .option('--limit <number>', 'examples that are listed', positiveNumber, 20)
    .action(async (name: string, options: LeaksOptions, command: Command) => {
      const workspace = await existingWorkspaceOf(command);
      const dataset = await findMaterial(workspace, 'dataset', name);
      const others = options.against === undefined ? [undefined] : await materialsOf(workspace, options.against);
      const reports = await searchWithProgress(workspace, dataset, others, options.similarity);
      if (globalsOf(command).json) printJson(reports);
      else print(reports.map((report) => describeReport(report, options.limit)).join('\n\n'));
    });
}

/** Throws `LabError('not-found')` for what is none of the three. */
async function materialsOf(workspace: Workspace, name: string): Promise<readonly Material[]> {
  for (const group of ['corpus', 'dataset'] as const) {
    const { materials } = await listMaterials(workspace, group);
    const found = materials.find((material) => material.name === name);
    if (found) return [found];
  }
  try {
    const { seen, unknown } = await seenByRun(workspace, await findRun(workspace, name));
    for (const reason of unknown) say(`Not checked: ${reason}`);
    return seen.map(({ material }) => material);
  } catch (error) {
    if (!isLabError(error, 'not-found')) throw error;
    throw new LabError(
      'not-found',
      `There is no corpus, dataset or run '${name}' in ${workspace.folder}`,
      { name },
      error,
    );
  }
}

async function searchWithProgress(
  workspace: Workspace,
  dataset: Material,
  others: readonly (Material | undefined)[],
  minimumSimilarity: number,
): Promise<readonly LeakReport[]> {
  const progress = createProgress();
  return interruptible('Stopping …', async (signal) => {
    try {
      const reports: LeakReport[] = [];
      for (const other of others) {
        let started = false;
        const against = other && !isSame(other, dataset) ? other : undefined;
        const report = await findLeaks(workspace, dataset, against, {
          minimumSimilarity,
          signal,
          onProgress: (done, total) => {
            if (!started) progress.start(`Searching ${against?.name ?? dataset.name}`, total, unitOf(against), 0);
            started = true;
            progress.update(done, '');
          },
        });
        progress.stop();
        reports.push(report);
      }
      return reports;
    } finally {
      progress.stop();
    }
  });
}

const isSame = (a: Material, b: Material): boolean => a.kind === b.kind && a.contentHash === b.contentHash;
const unitOf = (material: Material | undefined): string => (material?.kind === 'text-corpus' ? 'tokens' : 'examples');

const differences: Readonly<Record<LeakDifference, string>> = {
  none: 'as it is',
  case: 'case',
  punctuation: 'punctuation',
  strand: 'the other strand',
  encoding: 'encoding',
};

function describeReport(report: LeakReport, limit: number): string {
  const { dataset, against, examples, found, tooShort, incomparable } = report;
  const where = against ? `in ${against.name}` : 'more than once';
  if (incomparable !== null) {
    return `${dataset.name} cannot be compared with ${against?.name ?? 'itself'}: ${incomparable}`;
  }
  const heading =
    found.length === 0
      ? `No leaks: none of ${plural(examples, 'example')} of ${dataset.name} occurs ${where}`
      : `${found.length} of ${plural(examples, 'example')} of ${dataset.name} also found ${where}`;
  const notes = tooShort.length > 0 ? [`${plural(tooShort.length, 'example')} too short to tell.`] : [];
  if (found.length === 0) return [heading, ...notes].join('\n');
  const rows = found
    .slice(0, limit)
    .map(({ example, name, places: [place] }) => [
      String(example),
      name,
      place ? String(place.item) : '',
      place ? formatPercent(place.similarity, 0) : '',
      place ? differences[place.difference] : '',
      place?.excerpt ?? '',
    ]);
  const columns = [
    { title: 'example', align: 'right' as const },
    { title: dataset.name },
    { title: against?.kind === 'text-corpus' ? 'document' : 'item', align: 'right' as const },
    { title: 'found', align: 'right' as const },
    { title: 'differs in' },
    { title: against?.name ?? 'the other' },
  ];
  const more = found.length > limit ? [`… and ${found.length - limit} more (--limit, or --json for all)`] : [];
  return [`${heading}:`, table(columns, rows), ...more, ...notes].join('\n');
}
