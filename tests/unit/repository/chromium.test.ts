// Chromium for the tests in a browser: found, installed with apt-get where that is possible, and otherwise said what to do. The
// apt-get here is a script that notes what it was asked for and "installs" a program.
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findChromium, requireChromium } from '../../../scripts/chromium.ts';

let folder: string;
let programs: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pretext-chromium-'));
  programs = join(folder, 'bin');
  await mkdir(programs);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function program(name: string, script: string): Promise<string> {
  const file = join(programs, name);
  await writeFile(file, `#!/bin/sh\n${script}\n`);
  await chmod(file, 0o755);
  return file;
}

/** `script` is what it does when it is told to install. */
const aptGet = (script: string): Promise<string> =>
  program('apt-get', `echo "$DEBIAN_FRONTEND $@" >> ${folder}/asked\ncase "$1" in install) ${script};; esac`);

/** Nothing but what a test has made is found. */
const alone = (mayInstall: boolean) => ({ environment: { PATH: programs }, places: [], mayInstall });

describe.skipIf(process.platform === 'win32')('Chromium', () => {
  it('is the one that was named, or the first of the search path', async () => {
    const first = await program('chromium', '');
    const named = await program('other', '');
    expect(findChromium({ PATH: programs }, [])).toBe(first);
    expect(findChromium({ PATH: programs, PRETEXT_CHROMIUM: named }, [])).toBe(named);
    expect(() =>
      requireChromium({ ...alone(true), environment: { PATH: programs, PRETEXT_CHROMIUM: join(folder, 'none') } }),
    ).toThrow(/PRETEXT_CHROMIUM names .*none, which is no program/);
  });

  it('is installed where it is missing and may be', async () => {
    // Without a shell's search path, a script has its own built-in commands only.
    await aptGet(`printf '#!/bin/sh\\n' > ${programs}/chromium; /bin/chmod 755 ${programs}/chromium`);
    expect(requireChromium(alone(true))).toBe(join(programs, 'chromium'));
    expect((await readFile(join(folder, 'asked'), 'utf8')).trim().split('\n')).toEqual([
      'noninteractive update',
      'noninteractive install -y --no-install-recommends chromium',
    ]);
  });

  it('is asked for in words where it may not be installed, or cannot be', async () => {
    await aptGet('exit 100');
    const advice = /Install it \(Debian: apt-get install chromium\), or name its program in PRETEXT_CHROMIUM/;
    expect(() => requireChromium(alone(false))).toThrow(/there is none on this machine\. Install it/);
    expect(() => requireChromium(alone(true))).toThrow(/apt-get could not install it/);
    expect(() => requireChromium(alone(true))).toThrow(advice);
    await rm(join(programs, 'apt-get'));
    expect(() => requireChromium(alone(true))).toThrow(advice);
  });
});
