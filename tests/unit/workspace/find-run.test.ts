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

it('are found by the name of their experiment with a look at the specs of others alone', async () => {
  const looked = new Set<string>();
  const restore = await interceptFiles(tiny.workspace.runs, ({ path }) => {
    looked.add(path.slice(tiny.workspace.runs.length + 1).replaceAll('\\', '/'));
  });
  const found = await findRun(tiny.workspace, 'one').finally(restore);
  expect(found.id).toBe('one-2');
  expect([...looked].filter((path) => path.startsWith('other-1'))).toEqual(['other-1/spec.json']);
  expect(looked).toContain('one-1/artifacts/origin.json');
});

it('are found when their folder has another name, and by how their id begins', async () => {
  expect((await findRun(tiny.workspace, 'third')).id).toBe('renamed-by-a-person');
  expect((await findRun(tiny.workspace, 'oth')).id).toBe('other-1');
  await expect(findRun(tiny.workspace, 'one-')).rejects.toThrow('Several runs begin with');
});

it('are the latest of their name, also where a person has renamed it', async () => {
  await createRun(tiny.workspace, tinyExperiment('training: {steps: 4}', 'one'), 'a-better-name');
  expect((await findRun(tiny.workspace, 'one')).id).toBe('a-better-name');
});
