// Runs by what people call them, among many.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createRun } from '../../../src/main/runs/create-run.ts';
import { findRun } from '../../../src/main/workspace/runs.ts';
import type { TinyWorkspace } from '../../tiny-workspace.ts';
import { createTinyWorkspace, tinyExperiment } from '../../tiny-workspace.ts';
import { interceptFiles } from '../../intercepted-files.ts';

let tiny: TinyWorkspace;
beforeAll(async () => {
  tiny = await createTinyWorkspace();
  for (const id of ['one-1', 'one-2', 'other-1']) {
    await createRun(tiny.workspace, tinyExperiment('training: {steps: 4}', id.slice(0, -2)), id);
  }
  await createRun(tiny.workspace, tinyExperiment('training: {steps: 4}', 'third'), 'renamed-by-a-person');
});
afterAll(() => tiny.remove());

it('are found by the name of their experiment without a look into the folders of others', async () => {
  const looked = new Set<string>();
  const restore = await interceptFiles(tiny.workspace.runs, ({ path }) => {
    looked.add(path.slice(tiny.workspace.runs.length + 1).split('/')[0] ?? '');
  });
  const found = await findRun(tiny.workspace, 'one').finally(restore);
  expect(found.id).toBe('one-2');
  expect(looked).not.toContain('other-1');
  expect(looked).toContain('one-1');
});

it('are found when their folder has another name, and by how their id begins', async () => {
  expect((await findRun(tiny.workspace, 'third')).id).toBe('renamed-by-a-person');
  expect((await findRun(tiny.workspace, 'oth')).id).toBe('other-1');
  await expect(findRun(tiny.workspace, 'one-')).rejects.toThrow('Several runs begin with');
});
