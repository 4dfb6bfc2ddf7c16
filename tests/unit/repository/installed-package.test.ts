/**
 * The package as npm installs it: laid out below node_modules, beside no other packages than those that it depends on. `npm test`
 * builds the lab before; by itself this needs `npm run build`.
 */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { layOutPackage, packageManifest } from '../../../scripts/package.ts';
import { tinyDocument, tinySpec } from '../../tiny-workspace.ts';

const root = path.resolve(import.meta.dirname, '../../..');
const run = promisify(execFile);

let folder: string;
let installed: string;

/** The dependencies of the package and theirs, as the lockfile has them, linked from our own node_modules. */
async function linkDependencies(modules: string): Promise<void> {
  const { packages } = JSON.parse(await readFile(path.join(root, 'package-lock.json'), 'utf8')) as {
    packages: Readonly<Record<string, { readonly dev?: boolean }>>;
  }; // npm's own
  const needed = Object.keys(packageManifest().dependencies as object); // a record of names
  const production = Object.entries(packages).flatMap(([place, { dev }]) => {
    const name = place.replace(/^node_modules\//, '');
    return place !== '' && !name.includes('node_modules/') && (dev !== true || needed.includes(name)) ? [name] : [];
  });
  for (const name of production.filter((one) => existsSync(path.join(root, 'node_modules', one)))) {
    await mkdir(path.dirname(path.join(modules, name)), { recursive: true });
    await symlink(path.join(root, 'node_modules', name), path.join(modules, name), 'junction');
  }
}

async function pretext(...words: readonly string[]): Promise<string> {
  const command = path.join(installed, 'bin', 'pretext.js');
  const { stdout } = await run(process.execPath, [command, '-w', path.join(folder, 'workspace'), ...words], {
    cwd: folder,
  });
  return stdout;
}

describe.skipIf(!existsSync(path.join(root, 'out/main/cli.js')))('the installed package', () => {
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'pretext-installed-'));
    installed = path.join(folder, 'lib', 'node_modules', 'pretext-lab');
    await mkdir(installed, { recursive: true });
    layOutPackage(installed);
    await linkDependencies(path.join(folder, 'lib', 'node_modules'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('has what was built and the examples, and no sources', async () => {
    const files = await readdir(installed, { recursive: true });
    for (const file of ['bin/pretext.js', 'out/main/cli.js', 'out/main/trainer.js', 'out/renderer/index.html']) {
      expect(files).toContain(path.normalize(file));
    }
    expect(files.filter((file) => /\.(ts|vue|map)$/.test(file))).toEqual([]);
  });

  it('checks the machine, imports a corpus, and trains on it', async () => {
    expect(await pretext('doctor')).toContain('onnxruntime');
    const text = path.join(folder, 'text');
    await mkdir(text);
    for (let index = 0; index < 40; index += 1) await writeFile(path.join(text, `${index}.txt`), tinyDocument(index));
    await pretext('corpus', 'import', 'tiny', text, '--vocabulary-size', '100');
    const spec = path.join(folder, 'tiny.yaml');
    await writeFile(spec, tinySpec('training: {steps: 2, batchSize: 4}'));
    await pretext('run', spec);
    expect(JSON.parse(await pretext('--json', 'runs'))).toMatchObject([{ status: 'finished', step: 2 }]);
  });

  it('has demos, with their examples and what they are made of', async () => {
    const command = path.join(installed, 'bin', 'pretext.js');
    const words = ['-w', path.join(folder, 'demo'), 'demo', 'genes', '--quick'];
    const demo = spawn(process.execPath, [command, ...words], { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] });
    let said = '';
    for await (const part of demo.stdout.setEncoding('utf8')) {
      said += String(part);
      if (/^\$ pretext run .*\n/m.test(said)) break; // everything is imported: it begins to train
    }
    demo.kill();
    expect(existsSync(/^\$ pretext run (\S+\.yaml) /m.exec(said)?.[1] ?? '')).toBe(true);
    if (demo.exitCode === null && demo.signalCode === null) await once(demo, 'close');
  });
});
