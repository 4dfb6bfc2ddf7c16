/** Compiled code that is kept between starts: where it lies, that a start really uses it, and that nothing depends on it. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const commandLine = fileURLToPath(new URL('../../src/main/cli.ts', import.meta.url));
const keeper = new URL('../../src/main/hosts/node/compiled-code.ts', import.meta.url).href;
let home: string;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'pretext-home-'));
});
afterEach(() => {
  rmSync(home, { recursive: true, force: true });
});

/** A Node process of a person whose home is `home`, and who has set nothing but what is given. */
function node(args: readonly string[], given: NodeJS.ProcessEnv = {}): { out: string; err: string } {
  const { NODE_COMPILE_CACHE: _folder, NODE_DISABLE_COMPILE_CACHE: _off, ...inherited } = process.env;
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--disable-warning=ExperimentalWarning', ...args], {
    encoding: 'utf8',
    maxBuffer: 64 * 2 ** 20,
    env: { ...inherited, HOME: home, USERPROFILE: home, LOCALAPPDATA: home, XDG_CACHE_HOME: home, ...given },
  });
  expect(status, stderr).toBe(0);
  return { out: stdout, err: stderr };
}

/** The sources of the lab that a short command found compiled. Node tells where it reads its cache. */
function foundCompiled(given?: NodeJS.ProcessEnv): readonly string[] {
  const { out, err } = node([commandLine, 'runs', '--help'], { NODE_DEBUG_NATIVE: 'COMPILE_CACHE', ...given });
  expect(out).toContain('Usage: pretext runs');
  return [...err.matchAll(/cache for ESM \S*\/src\/main\/(\S+) was accepted/gu)].map(([, file = '']) => file);
}

const filesBelow = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true }).flatMap((entry) =>
    entry.isFile() ? [join(entry.parentPath, entry.name)] : [],
  );

describe('compiled code', () => {
  it("is kept in the person's own cache folder, and found there by the next start", () => {
    expect(foundCompiled()).toEqual([]);
    const kept = filesBelow(home);
    expect(kept.length).toBeGreaterThan(10);
    expect(kept.filter((file) => !/pretext[- ]lab.+compiled/iu.test(file))).toEqual([]);
    expect(foundCompiled()).toEqual(expect.arrayContaining(['hosts/cli/index.ts', 'hosts/cli/runs.ts']));
  });

  it('is kept where NODE_COMPILE_CACHE says, if it says so', () => {
    const elsewhere = join(home, 'elsewhere');
    foundCompiled({ NODE_COMPILE_CACHE: elsewhere });
    expect(filesBelow(home).every((file) => file.startsWith(elsewhere))).toBe(true);
    expect(filesBelow(elsewhere).length).toBeGreaterThan(10);
  });

  it('is shared with the processes that a command starts', () => {
    const program = `const { keepCompiledCode } = await import(${JSON.stringify(keeper)});
      keepCompiledCode();
      process.stdout.write(String(process.env.NODE_COMPILE_CACHE));`;
    expect(node(['--input-type=module', '--eval', program]).out).toMatch(/pretext[- ]lab.+compiled$/iu);
  });

  it('is done without where nothing can be written', () => {
    const file = join(home, 'file');
    writeFileSync(file, '');
    expect(foundCompiled({ XDG_CACHE_HOME: file, HOME: file, USERPROFILE: file, LOCALAPPDATA: file })).toEqual([]);
    expect(filesBelow(home)).toEqual([file]);
  });
});
