// What a run has left, as pages get it: known types only, in order, and nothing too large.
import { mkdir, mkdtemp, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { largestArtifactBytes, listArtifacts, readArtifact } from '../../../src/main/lab/artifacts.ts';
import { runFolder } from '../../../src/main/workspace/run-folder.ts';

it('lists pictures and findings by name, and reads them within limits', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'pretext-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const run = runFolder(join(folder, 'a-run'));
  expect(await listArtifacts(run)).toEqual([]);
  await mkdir(run.artifacts, { recursive: true });
  for (const name of ['quiz-10.png', 'quiz-2.png', 'flow.svg', 'facts.json', '.hidden.png', 'program.exe']) {
    await writeFile(join(run.artifacts, name), name);
  }
  await writeFile(join(folder, 'secret.json'), '{}');
  await symlink(join(folder, 'secret.json'), join(run.artifacts, 'link.json'));
  await writeFile(join(run.artifacts, 'large.png'), '');
  await truncate(join(run.artifacts, 'large.png'), largestArtifactBytes + 1);

  const listed = await listArtifacts(run);
  expect(listed.map(({ name, title, kind, tooLarge }) => [name, title, kind, tooLarge])).toEqual([
    ['facts.json', 'Facts', 'data', false],
    ['flow.svg', 'Flow', 'picture', false],
    ['large.png', 'Large', 'picture', true],
    ['quiz-2.png', 'Quiz 2', 'picture', false],
    ['quiz-10.png', 'Quiz 10', 'picture', false],
  ]);
  expect((await readArtifact(run, 'flow.svg')).url).toBe(`data:image/svg+xml;base64,${btoa('flow.svg')}`);
  await expect(readArtifact(run, 'large.png')).rejects.toMatchObject({ code: 'too-large' });
  for (const name of ['link.json', '../spec.json', 'program.exe']) {
    await expect(readArtifact(run, name)).rejects.toMatchObject({ code: 'not-found' });
  }
});
