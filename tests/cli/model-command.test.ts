/** `pretext model`: import, deletion, and what keeps a model from being deleted. */
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { runCommandLine } from '../../src/main/hosts/cli/index.ts';
import { createRun } from '../../src/main/runs/create-run.ts';
import { parseExperiment } from '../../src/main/runs/experiment.ts';
import { parseSpecText } from '../../src/main/runs/spec-file.ts';
import type { TinyWorkspace } from '../tiny-workspace.ts';
import { createTinyWorkspace } from '../tiny-workspace.ts';

let tiny: TinyWorkspace;

beforeAll(async () => {
  tiny = await createTinyWorkspace();
});

afterAll(() => tiny.remove());

const pretext = (...args: string[]): Promise<number> =>
  runCommandLine(['--workspace', tiny.workspace.folder, '--json', ...args]);

it('deletes a model, unless runs begin with it or --force is given', async () => {
  const folder = path.resolve(import.meta.dirname, '../fixtures/models/bert');
  expect(await pretext('model', 'import', folder)).toBe(0);
  expect(await pretext('model', 'import', folder, '--name', 'unused')).toBe(0);
  const spec = `
name: goes-on
task: {type: masked-words, length: 16}
data: tiny
from: {model: bert}
`;
  await createRun(tiny.workspace, parseExperiment(parseSpecText(spec, 'spec.yaml')));
  expect(await pretext('model', 'delete', 'unused')).toBe(0);
  expect(await pretext('model', 'delete', 'bert')).toBe(1);
  expect(await readdir(tiny.workspace.models)).toEqual(['bert']);
  expect(await pretext('model', 'delete', 'bert', '--force')).toBe(0);
  expect(await readdir(tiny.workspace.models)).toEqual([]);
});
