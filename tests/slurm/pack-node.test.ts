// The archive for nodes without a network: unpacked into an empty folder, it works with no programs on the path and nothing at home.
import { execFile } from 'node:child_process';
import { mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { packNode } from '../../src/main/hosts/node/pack-node.ts';
import { planWork } from '../../src/main/runs/cluster/plan-work.ts';
import { parseSpecText } from '../../src/main/runs/spec-file.ts';
import { parseStudy } from '../../src/main/runs/study-plan.ts';
import { eventually } from '../eventually.ts';
import { animalsStudy, createStudyWorkspace } from '../tiny-study.ts';
import type { TinyWorkspace } from '../tiny-workspace.ts';

const run = promisify(execFile);
let tiny: TinyWorkspace;

beforeAll(async () => {
  tiny = await createStudyWorkspace();
});
afterAll(() => tiny.remove());

it.runIf(process.platform !== 'win32')(
  'the archive of a node does the work of a study by itself',
  async () => {
    const archive = join(tiny.folder, 'node.tar.gz');
    const { bytes } = await packNode(archive, new AbortController().signal);
    expect(bytes).toBeLessThan(200_000_000);
    const [place, home] = [join(tiny.folder, 'unpacked'), join(tiny.folder, 'home')];
    for (const folder of [place, home]) await mkdir(folder);
    await run('tar', ['-xzf', archive, '-C', place]);
    await rm(archive);
    const source = parseSpecText(animalsStudy('apart', [1]), 'study.yaml');
    const { folder } = await planWork(tiny.workspace, parseStudy(source), source);
    const { stdout } = await run(join(place, 'bin', 'pretext'), ['--json', 'work', '--study', folder.folder], {
      env: { PATH: '', HOME: home },
      cwd: place,
    });
    expect(JSON.parse(stdout)).toEqual({ trained: 4, failed: 0, left: 0, stopped: null });
    expect((await stat(join(place, 'node', 'node'))).mode & 0o111).not.toBe(0);
    expect(await readdir(place)).not.toContain('.cache');
  },
  180_000,
);

it('nothing is left of an archive that was stopped', async () => {
  const folder = join(tiny.folder, 'stopped');
  await mkdir(folder);
  await writeFile(join(folder, 'other'), '');
  const controller = new AbortController();
  const packing = packNode(join(folder, 'node.tar.gz'), controller.signal);
  await Promise.all([
    expect(packing).rejects.toMatchObject({ code: 'aborted' }),
    eventually(async () => {
      expect(await readdir(folder)).toHaveLength(2); // the archive has begun
      controller.abort();
    }),
  ]);
  expect(await readdir(folder)).toEqual(['other']);
}, 60_000);
