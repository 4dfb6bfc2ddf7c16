// How long a run would take, from beginning it: what repeats counts as often as it would come, and nothing is left behind.
import { mkdtemp, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rehearse } from '../../../src/main/runs/rehearse.ts';
import type { TinyWorkspace } from '../../tiny-workspace.ts';
import { createTinyWorkspace, tinyExperiment } from '../../tiny-workspace.ts';

describe('a rehearsal', () => {
  let tiny: TinyWorkspace;
  beforeAll(async () => {
    tiny = await createTinyWorkspace();
  });
  afterAll(() => tiny.remove());

  const { signal } = new AbortController();
  const folder = (): Promise<string> => mkdtemp(join(tiny.folder, 'rehearsal-'));
  const experiment = (steps: number) => tinyExperiment(`training: {steps: ${steps}, batchSize: 4, evaluateEvery: 500}`);

  it('counts steps as often as they would come', async () => {
    const few = await rehearse(tiny.workspace, experiment(10), { folder: await folder(), signal });
    const many = await rehearse(tiny.workspace, experiment(1_000_000), { folder: await folder(), signal });
    expect(few.withBaselines).toBe(true);
    expect(few.seconds).toBeGreaterThan(0);
    expect(many.seconds).toBeGreaterThan(100 * few.seconds);
  });

  it('makes no run of the workspace', async () => {
    await rehearse(tiny.workspace, experiment(10), { folder: await folder(), signal });
    expect(await readdir(tiny.workspace.runs)).toEqual([]);
  });

  it('says that baselines come on top where they take too long', async () => {
    const { withBaselines } = await rehearse(tiny.workspace, experiment(10), {
      folder: await folder(),
      signal,
      patience: 0,
    });
    expect(withBaselines).toBe(false);
  });

  it('is stopped, and refuses what is not trained', async () => {
    await expect(
      rehearse(tiny.workspace, experiment(10), { folder: await folder(), signal: AbortSignal.abort() }),
    ).rejects.toMatchObject({
      code: 'aborted',
    });
    const fitted = { ...experiment(10), method: 'baseline' as const };
    await expect(rehearse(tiny.workspace, fitted, { folder: await folder(), signal })).rejects.toMatchObject({
      code: 'bad-spec',
    });
  });
});
