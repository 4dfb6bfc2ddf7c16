// What must hold for the files of the repository themselves.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';

const root = path.resolve(import.meta.dirname, '../../..');

function read(file: string): string {
  return readFileSync(path.join(root, file), 'utf8');
}

/** Files under version control and new files that are not ignored. Without Git (an archive), there is nothing to list. */
function trackedFiles(): readonly string[] {
  if (!existsSync(path.join(root, '.git'))) return [];
  const listed = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '-z'], { cwd: root });
  return listed
    .toString()
    .split('\0')
    .filter((file) => file !== '' && existsSync(path.join(root, file)) && statSync(path.join(root, file)).isFile());
}

function isText(file: string): boolean {
  return !readFileSync(path.join(root, file)).subarray(0, 8000).includes(0);
}

/** The lines of tracked text files in which the pattern is found, as `file:line: text`. */
function linesWith(pattern: RegExp, files = trackedFiles()): readonly string[] {
  return files.filter(isText).flatMap((file) =>
    read(file)
      .split('\n')
      .map((line, index) => ({ line, place: `${file}:${index + 1}` }))
      .filter(({ line }) => pattern.test(line))
      .map(({ line, place }) => `${place}: ${line.trim().slice(0, 120)}`),
  );
}

describe('the repository', () => {
  it('has a lockfile that depends on no registry host', () => {
    const lockfile = read('package-lock.json');
    expect(lockfile).not.toContain('"resolved"');
    expect(lockfile).toContain('"integrity"');
    expect(linesWith(/\bregistry(?:\.[a-z-]+)+\b(?<=\.(?:com|dev|io|net|org))/)).toEqual([]);
  });

  it('has a lockfile for every platform', () => {
    // npm leaves out an optional package that it cannot find, and then `npm ci` refuses the lockfile.
    const { packages } = JSON.parse(read('package-lock.json')) as {
      packages: Record<string, { optionalDependencies?: Record<string, string> }>;
    };
    const locked = new Set(Object.keys(packages).map((place) => place.replace(/^.*node_modules\//, '')));
    const optional = Object.values(packages).flatMap((entry) => Object.keys(entry.optionalDependencies ?? {}));
    expect(optional.length).toBeGreaterThan(0);
    expect(optional.filter((name) => !locked.has(name))).toEqual([]);
  });

  it('uses no custom property of a style that none defines', () => {
    const styled = trackedFiles().filter((file) => /^src\/(?:renderer|player)\/.*\.(?:vue|css|ts|html)$/.test(file));
    const all = styled.map((file) => read(file)).join('\n');
    const matches = (pattern: RegExp): Set<string> =>
      new Set(Array.from(all.matchAll(pattern), ([, name = '']) => name));
    const defined = matches(/(?<![\w(-])(--[a-z\d-]+)['"\]]*\s*:/g);
    const used = matches(/var\((--[a-z\d-]+)/g);
    expect(used.size).toBeGreaterThan(10);
    expect([...used].filter((name) => !defined.has(name))).toEqual([]);
  });

  it('names no folder of one machine', () => {
    expect(linesWith(/(?<![\w.~$})-])\/(?:work|root|home|Users)\/\w|\b[A-Z]:\\Users\\/)).toEqual([]);
  });

  it('has one test command, in the README and for build servers', () => {
    const command = 'npm ci && npm test';
    expect(read('README.md')).toContain(command);
    expect(read('.ci/run')).toContain(command);
  });

  it('names scripts that exist', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const named = [...(read('README.md') + read('ARCHITECTURE.md')).matchAll(/npm run ([\w:-]+)/g)].map(
      (match) => match[1] ?? '',
    );
    expect(named.length).toBeGreaterThan(0);
    expect(named.filter((name) => !(name in scripts))).toEqual([]);
    const files = Object.values(scripts).flatMap((script) => script.match(/\b(?:src|scripts|bench)\/\S+\.ts\b/g) ?? []);
    expect(files.filter((file) => !existsSync(path.join(root, file)))).toEqual([]);
  });

  it('describes sources that exist', () => {
    const roots = ['', 'src/', 'src/main/', 'src/main/data/', 'src/main/engines/', 'src/main/lab/'];
    const written = ['ARCHITECTURE.md', 'CONTRIBUTING.md', 'docs/design-notes.md'].map(read).join('\n');
    const named = [...written.matchAll(/`((?:[a-z][\w.-]*\/)+[\w.-]*)`/g)].map((match) => match[1] ?? '');
    const ofWorkspaces = /^(?:artifacts|cache|checkpoints|original|out|tuning)\//;
    const sources = named.filter((name) => !ofWorkspaces.test(name));
    expect(sources.length).toBeGreaterThan(50);
    const found = (name: string): boolean =>
      roots.some((folder) => ['', '.ts'].some((ending) => existsSync(path.join(root, folder + name + ending))));
    expect(sources.filter((name) => !found(name))).toEqual([]);
  });
});
