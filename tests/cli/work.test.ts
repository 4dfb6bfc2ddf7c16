// A study that is laid out by one command and done by others, as by the nodes of a cluster.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { animalsStudy, createStudyWorkspace } from '../tiny-study.ts';
import type { TinyWorkspace } from '../tiny-workspace.ts';
import { pretextInProcess } from './in-process.ts';

let tiny: TinyWorkspace;
let folder: string;

beforeAll(async () => {
  tiny = await createStudyWorkspace();
  const file = join(tiny.folder, 'study.yaml');
  await writeFile(file, animalsStudy('apart', [1]));
  const { code, out } = await pretextInProcess('--workspace', tiny.workspace.folder, 'study', file, '--prepare');
  expect(code).toBe(0);
  folder = out.trim();
});
afterAll(() => tiny.remove());

describe('pretext work', () => {
  it('refuses folders and numbers that cannot be', async () => {
    expect(await pretextInProcess('work', '--study', tiny.folder)).toMatchObject({
      code: 1,
      err: expect.stringContaining('is not the work of a study'),
    });
    const index = await pretextInProcess('work', '--study', folder, '--index', '2', '--count', '2');
    expect(index).toMatchObject({ code: 1, err: expect.stringContaining('the index is from 0 to 1') });
  });

  it.runIf(process.platform !== 'win32')(
    'stops at SIGUSR1 with the exit code of schedulers for "again", and then does what is left',
    async () => {
      const child = spawn(
        process.execPath,
        [
          '--disable-warning=ExperimentalWarning',
          fileURLToPath(new URL('../../src/main/cli.ts', import.meta.url)),
          ...['work', '--study', folder],
        ],
        { stdio: ['ignore', 'pipe', 'pipe'] },
      );
      let told = '';
      child.stderr.on('data', (text: Buffer) => {
        told += text.toString();
        if (told.includes(': begun')) child.kill('SIGUSR1');
      });
      const [code] = (await once(child, 'close')) as [number];
      expect(told).toContain('SIGUSR1: stopping at a checkpoint');
      expect(code).toBe(75);
      const rest = await pretextInProcess('--json', 'work', '--study', folder);
      expect(rest.code).toBe(0);
      expect(JSON.parse(rest.out)).toMatchObject({ failed: 0, left: 0, stopped: null });
    },
    60_000,
  );
});
