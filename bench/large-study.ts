/**
 * A study of 10,000 runs as 200 nodes would leave it: how long the lab takes to open it, to look for news, to list, to compare and to
 * sum it up, and how many calls to the file system that is, each of which is a question to a server on a network. The runs are copies
 * of four that are trained, under the names, seeds and settings of their cells.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { createClient } from '../src/shared/rpc/client.ts';
import { checksumsName, formatChecksums, sha256OfText } from '../src/main/files/checksums.ts';
import { sealLine, unsealLine } from '../src/main/files/sealed-lines.ts';
import { nodeProcesses } from '../src/main/hosts/node/processes.ts';
import { firstRuns } from '../src/main/lab/first-look.ts';
import { openLab } from '../src/main/lab/lab.ts';
import { labDispatcher } from '../src/main/rpc/features/index.ts';
import { inProcessPair } from '../src/main/rpc/transports/in-process.ts';
import { readClusterStudy } from '../src/main/runs/cluster/cluster-study.ts';
import { planWork } from '../src/main/runs/cluster/plan-work.ts';
import { work } from '../src/main/runs/cluster/work.ts';
import { createRun } from '../src/main/runs/create-run.ts';
import { parseSpecText } from '../src/main/runs/spec-file.ts';
import type { StudyCell } from '../src/main/runs/study-plan.ts';
import { parseStudy, planStudy } from '../src/main/runs/study-plan.ts';
import { taskNotes } from '../src/main/runs/task-notes.ts';
import { trainRun } from '../src/main/runs/train-run.ts';
import type { RunFolder } from '../src/main/workspace/run-folder.ts';
import { runFolder } from '../src/main/workspace/run-folder.ts';
import type { Workspace } from '../src/main/workspace/workspace.ts';
import { interceptFiles } from '../tests/intercepted-files.ts';
import { animalsStudy, createStudyWorkspace } from '../tests/tiny-study.ts';
import type { Bench } from './lib/bench.ts';
import { roundTo } from './lib/bench.ts';

const cellsBySeed = 4; // two arms under two conditions
const writtenAtOnce = 32;
const compared = 50;

interface Measured {
  readonly seconds: number;
  readonly fileCalls: number;
}

/** Writes the folder of a run like one that was trained, for a cell. */
async function writeCopy(workspace: Workspace, pattern: RunFolder, cell: StudyCell, number: number): Promise<void> {
  const id = `${cell.experiment.name}-${number.toString(16).padStart(5, '0')}`;
  const run = runFolder(join(workspace.runs, id));
  await mkdir(run.artifacts, { recursive: true });
  await mkdir(run.checkpoints);
  const json = async (file: string): Promise<object> => JSON.parse(await readFile(file, 'utf8')) as object; // written by the lab
  await writeFile(run.spec, JSON.stringify(cell.experiment));
  await writeFile(run.origin, JSON.stringify({ ...(await json(pattern.origin)), id }));
  await writeFile(run.answers, await readFile(pattern.answers));
  const events = (await readFile(pattern.events, 'utf8')).trimEnd().split('\n');
  const own = events.map((line) => {
    const event = unsealLine(line) as { readonly type: string }; // as above
    return sealLine(event.type === 'created' ? { ...event, id } : event);
  });
  await writeFile(run.events, `${own.join('\n')}\n`);
  await writeFile(run.result, JSON.stringify({ ...(await json(pattern.result)), id }));
  const listed = [run.spec, run.origin, run.result].map(
    async (file) => [relative(run.folder, file), sha256OfText(await readFile(file, 'utf8'))] as const,
  );
  await writeFile(join(run.folder, checksumsName), formatChecksums(new Map(await Promise.all(listed))));
}

async function generate(
  workspace: Workspace,
  cells: readonly StudyCell[],
  progress: (line: string) => void,
): Promise<void> {
  const patterns = new Map<string, RunFolder>();
  const kindOf = ({ condition, arm }: StudyCell): string => `${condition} ${arm}`;
  for (const cell of cells) {
    if (patterns.has(kindOf(cell))) continue;
    const run = await createRun(workspace, cell.experiment);
    await trainRun(workspace, run, { signal: new AbortController().signal, prefetch: false });
    patterns.set(kindOf(cell), run);
  }
  const trained = new Set([...patterns.values()].map(({ id }) => id.slice(0, id.lastIndexOf('-'))));
  const others = cells.filter(({ experiment }) => !trained.has(experiment.name));
  for (let start = 0; start < others.length; start += writtenAtOnce) {
    const some = others.slice(start, start + writtenAtOnce);
    await Promise.all(
      some.flatMap((cell, place) => {
        const pattern = patterns.get(kindOf(cell));
        return pattern ? [writeCopy(workspace, pattern, cell, start + place)] : [];
      }),
    );
    if (start % 2048 === 0) progress(`${start} of ${others.length} runs are written`);
  }
}

export const bench: Bench = {
  summary:
    'A study of 10,000 runs (--steps n: of n): opening, looking for news, listing, comparing, summing up; no training',
  async run(name, { threads, stepBudget, progress }) {
    const seeds = Array.from({ length: Math.ceil((stepBudget ?? 10_000) / cellsBySeed) }, (_, index) => index + 1);
    const tiny = await createStudyWorkspace();
    try {
      const { workspace } = tiny;
      const source = parseSpecText(animalsStudy('large', seeds), 'study.yaml');
      const study = parseStudy(source);
      const cells = planStudy(study, source);
      await generate(workspace, cells, progress);
      const results: Record<string, Measured> = {};
      const measure = async <Result>(what: string, action: () => Promise<Result>): Promise<Result> => {
        let fileCalls = 0;
        const restore = await interceptFiles(workspace.folder, () => {
          fileCalls += 1;
        });
        const started = performance.now();
        try {
          return await action();
        } finally {
          restore();
          results[what] = { seconds: roundTo((performance.now() - started) / 1000, 3), fileCalls };
          progress(`${what}: ${JSON.stringify(results[what])}`);
        }
      };
      const planned = await measure('lay out the study', () => planWork(workspace, study, source));
      await measure('a node that finds nothing to do', () =>
        work({ workspace, folder: planned.folder, index: 0, count: 200, signal: new AbortController().signal }),
      );
      await measure('the standing of the study', () => readClusterStudy(workspace, study.name));
      const firstPage = async () => {
        const lab = await openLab({
          folder: workspace.folder,
          host: 'server',
          processes: nodeProcesses,
          tasks: taskNotes,
          scanMilliseconds: 1e9,
          firstRuns,
        });
        const [near, far] = inProcessPair();
        labDispatcher(lab).serve(far);
        const client = createClient({ open: () => near });
        await client.lab.runs.list({ limit: 100 });
        return { lab, client };
      };
      const first = await measure('open to the first page, without a database', firstPage);
      await measure('and to the last run', () => first.lab.whole);
      first.client.close();
      await first.lab.close();
      const { lab, client } = await measure('open to the first page, with its database', firstPage);
      await measure('and to all having been looked at', () => lab.whole);
      await measure('look for news', () => lab.refresh());
      const { runs } = await measure('a page of runs', () => client.lab.runs.list({ limit: 100 }));
      const ids = runs.slice(0, compared).map(({ id }) => id);
      await measure('compare 50 runs', () => client.lab.compare.table({ ids }));
      await measure('the study, first time', () => client.lab.studies.get({ name: study.name }));
      await measure('the study, again', () => client.lab.studies.get({ name: study.name }));
      client.close();
      await lab.close();
      return { name, threads, size: { runs: cells.length }, results };
    } finally {
      await tiny.remove();
    }
  },
};
