// The runs of a study, several at a time in trainers of their own: the same bits as one after the other, in as many processes as are
// allowed, stopped and gone on with, and ended by the first that fails.
import { cp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { trainSideBySide } from '../../src/main/hosts/node/side-by-side.ts';
import { startTrainer } from '../../src/main/hosts/node/trainers.ts';
import type { Machine } from '../../src/main/lab/queue/jobs.ts';
import { parseSpecText } from '../../src/main/runs/spec-file.ts';
import { runStudy } from '../../src/main/runs/study.ts';
import { parseStudy } from '../../src/main/runs/study-plan.ts';
import { listRuns } from '../../src/main/workspace/runs.ts';
import type { Workspace } from '../../src/main/workspace/workspace.ts';
import { openWorkspace } from '../../src/main/workspace/workspace.ts';
import { animalsStudy, createStudyWorkspace, studyBits } from '../tiny-study.ts';
import type { TinyWorkspace } from '../tiny-workspace.ts';

let tiny: TinyWorkspace;
beforeAll(async () => {
  tiny = await createStudyWorkspace();
}, 60_000);
afterAll(() => tiny.remove());

const machine: Machine = { cores: 2, reserveBytes: 0, freeBytes: () => 1e12 };

async function copyOf(name: string): Promise<Workspace> {
  const folder = join(tiny.folder, name);
  await cp(tiny.workspace.folder, folder, { recursive: true });
  onTestFinished(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  return openWorkspace(folder);
}

function study(workspace: Workspace, spec: string, jobs: 'auto' | number, controller = new AbortController()) {
  const source = parseSpecText(spec, 'study.yaml');
  const seen: { readonly id: string; readonly outcome: string; readonly atWork: number }[] = [];
  const result = runStudy(workspace, parseStudy(source), source, {
    signal: controller.signal,
    trainTogether: (cells) =>
      trainSideBySide(workspace, cells, {
        jobs,
        signal: controller.signal,
        startTrainer,
        machine,
        onCell: (id, outcome, atWork) => {
          seen.push({ id, outcome, atWork });
          if (outcome === 'begun' && seen.length === 2) begun.resolve(undefined);
        },
      }),
  });
  const begun = Promise.withResolvers<undefined>();
  return { result, seen, begun: begun.promise };
}

describe('a study with several runs at a time', () => {
  it('has the bits and the answer of one after the other', async () => {
    const spec = animalsStudy('pairs', [1, 2]);
    const [alone, together] = [await copyOf('alone'), await copyOf('together')];
    const source = parseSpecText(spec, 'study.yaml');
    const expected = await runStudy(alone, parseStudy(source), source, {
      signal: new AbortController().signal,
      prefetch: false,
    });
    const { result, seen } = study(together, spec, 'auto');
    const found = await result;
    expect(Math.max(...seen.map(({ atWork }) => atWork))).toBe(2);
    expect(seen.filter(({ outcome }) => outcome === 'done')).toHaveLength(8);
    expect(await studyBits(together, 'pairs')).toEqual(await studyBits(alone, 'pairs'));
    expect(found?.gains).toEqual(expected?.gains);
    const again = study(together, spec, 2);
    expect((await again.result)?.gains).toEqual(expected?.gains);
    expect(again.seen).toEqual([]); // nothing was left
  }, 600_000);

  it('makes the trials of the first seed once, and the others wait for them', async () => {
    const workspace = await copyOf('tuned');
    const spec = animalsStudy('tuned', [1, 2], 'tune: {training.learningRate: [1e-2, 1e-3]}');
    const { result, seen } = study(workspace, spec, 4);
    expect((await result)?.runs.every(({ trials }) => trials === 2)).toBe(true);
    expect(seen.filter(({ outcome }) => outcome === 'done')).toHaveLength(8);
    const { runs } = await listRuns(workspace);
    const tuned = runs.filter(({ id }) => id.startsWith('tuned.'));
    const trials = await Promise.all(tuned.map(({ folder }) => readdir(join(folder, 'trials')).catch(() => [])));
    const withTrials = tuned.filter((_, place) => (trials[place]?.length ?? 0) > 0);
    expect(withTrials.map(({ experiment }) => experiment.seed)).toEqual([1, 1, 1, 1]);
  }, 600_000);

  it('stops at checkpoints, goes on with the same runs, and ends with what the first failure says', async () => {
    const workspace = await copyOf('stopped');
    const spec = animalsStudy('stops', [1]).replace('steps: 6', 'steps: 4000, checkpointEvery: 2000');
    const controller = new AbortController();
    const { result, begun } = study(workspace, spec, 2, controller);
    await begun;
    controller.abort();
    expect(await result).toBeUndefined();
    const idsOf = async (): Promise<readonly string[]> =>
      (await readdir(workspace.runs)).filter((id) => id.startsWith('stops.')).sort();
    const ids = await idsOf();
    expect(ids).toHaveLength(2);
    await rm(join(workspace.datasets, 'animals', 'manifest.json'));
    await expect(study(workspace, spec, 2).result).rejects.toMatchObject({
      code: expect.stringMatching(/not-found|corrupt/),
    });
    expect((await idsOf()).filter((id) => ids.includes(id))).toEqual(ids);
  }, 600_000);
});
