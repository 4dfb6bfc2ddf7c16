/** The reference in docs/reference is what the definitions say now. */
import { readFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import { expect, it } from 'vitest';
import { referencePages } from '../../../scripts/reference.ts';

const folder = path.resolve(import.meta.dirname, '../../../docs/reference');

it('the reference is up to date', async () => {
  const pages = await referencePages();
  expect((await readdir(folder)).sort()).toEqual(Object.keys(pages).sort());
  for (const [file, text] of Object.entries(pages)) {
    const isFresh = (await readFile(path.join(folder, file), 'utf8')) === text;
    expect(isFresh, `docs/reference/${file} is stale: run npm run docs`).toBe(true);
  }
});

it('names every option of the spec, and what has members of its own by path', async () => {
  const { 'experiments.md': experiments, 'commands.md': commands } = await referencePages();
  for (const name of ['training.gradientAccumulationSteps', 'evaluation.leaks', 'experiment', 'arms']) {
    expect(experiments).toContain(`| \`${name}\``);
  }
  expect(commands).toContain('## pretext study');
});
