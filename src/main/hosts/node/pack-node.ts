/**
 * Packs what a node of a cluster needs into one archive: this Node, the packages of a run and the sources. It is unpacked into any
 * folder of any computer with the same system and processor, without a network, and `bin/pretext` in it is the command.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, existsSync, readFileSync } from 'node:fs';
import { chmod, copyFile, mkdir, mkdtemp, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { z } from 'zod';
import { LabError } from '../../../shared/errors.ts';
import { asDiskFull } from '../../files/durable-file.ts';
import { uniqueName } from '../../files/unique-name.ts';
import { packageFolder } from '../../files/version.ts';

export interface PackedNode {
  readonly file: string;
  readonly bytes: number;
  readonly packages: number;
}

/** Without programs of its own but the shell: a node may have no more. */
const launcher = `#!/bin/sh
case "$0" in */*) here=\${0%/*} ;; *) here=. ;; esac
exec "$here/../node/node" --disable-warning=ExperimentalWarning "$here/../src/main/cli.ts" "$@"
`;

const ownParts = ['package.json', 'LICENSE', 'src/main', 'src/shared', 'resources/schedulers'];

/** Throws `LabError('bad-input')` for an installation without sources or a system without tar, `LabError('disk-full')`. */
export async function packNode(file: string, signal: AbortSignal): Promise<PackedNode> {
  const root = packageFolder();
  if (!existsSync(join(root, 'src', 'main', 'cli.ts')) || 'electron' in process.versions) {
    throw new LabError('bad-input', 'A node is packed from a checkout of the sources, by its command line');
  }
  const target = resolve(file);
  const packages = runtimePackages(root);
  const staging = await mkdtemp(join(tmpdir(), 'pretext-pack-'));
  const temporary = `${target}.${uniqueName()}.partial`;
  try {
    await mkdir(join(staging, 'bin'));
    await mkdir(join(staging, 'node'));
    await writeFile(join(staging, 'bin', 'pretext'), launcher);
    await chmod(join(staging, 'bin', 'pretext'), 0o755);
    await copyFile(process.execPath, join(staging, 'node', 'node'));
    const files = [
      ...(await Promise.all(ownParts.map((part) => filesOf(root, join(root, part))))).flat(),
      ...(await Promise.all(packages.map((folder) => filesOf(root, folder)))).flat(),
    ];
    const list = join(staging, 'list');
    await writeFile(list, files.join('\n'));
    await mkdir(dirname(target), { recursive: true });
    await writeArchive(temporary, ['-C', staging, 'bin', 'node', '-C', root, '-T', list], signal);
    await rename(temporary, target);
    return { file: target, bytes: (await stat(target)).size, packages: packages.length };
  } catch (error) {
    await rm(temporary, { force: true });
    throw asDiskFull(error, target) ?? error;
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

async function writeArchive(file: string, what: readonly string[], signal: AbortSignal): Promise<void> {
  const tar = spawn('tar', ['-cf', '-', ...what], { stdio: ['ignore', 'pipe', 'pipe'], signal });
  let said = '';
  tar.stderr.on('data', (text: Buffer) => {
    said += text.toString();
  });
  const ended = once(tar, 'close').catch((error: unknown) => {
    if (signal.aborted) throw new LabError('aborted', 'Packing was stopped; nothing was kept', {}, error);
    throw new LabError('bad-input', "The program 'tar', which packs the archive, was not found: install it", {}, error);
  });
  const [results] = await Promise.all([ended, pipeline(tar.stdout, createGzip({ level: 1 }), createWriteStream(file))]);
  if (results[0] !== 0) throw new LabError('internal', `tar failed: ${said.trim()}`);
}

const manifest = z.object({
  dependencies: z.record(z.string(), z.string()).default({}),
  optionalDependencies: z.record(z.string(), z.string()).default({}),
});

function manifestOf(folder: string): z.output<typeof manifest> {
  return manifest.parse(JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')));
}

/** Folders of the packages that a run needs, each where Node looks for it. The second engine is left out: it is optional and large. */
function runtimePackages(root: string): readonly string[] {
  const found = new Set<string>();
  const visit = (from: string, name: string): void => {
    const folder = placeOf(root, from, name);
    if (folder === undefined || found.has(folder)) return;
    found.add(folder);
    const { dependencies, optionalDependencies } = manifestOf(folder);
    for (const next of Object.keys({ ...dependencies, ...optionalDependencies })) visit(folder, next);
  };
  for (const name of Object.keys(manifestOf(root).dependencies)) visit(root, name);
  return [...found].sort();
}

function placeOf(root: string, from: string, name: string): string | undefined {
  for (let folder = from; ; folder = dirname(folder)) {
    const place = join(folder, 'node_modules', name);
    if (existsSync(join(place, 'package.json'))) return place;
    if (folder === root || folder === dirname(folder)) return undefined; // of another system
  }
}

/** Libraries of other systems, and what only people read. */
function isLeftOut(path: string): boolean {
  const parts = path.split(sep);
  const [, system, processor] = /onnxruntime-node\/bin\/[^/]+\/([^/]+)(?:\/([^/]+))?/.exec(parts.join('/')) ?? [];
  if (system !== undefined && system !== process.platform) return true;
  if (processor !== undefined && processor !== process.arch) return true;
  const [, binding] = /tokenizers\/tokenizers\.([^/]+)\.node$/.exec(parts.join('/')) ?? [];
  if (binding?.startsWith(`${process.platform}-${process.arch}`) === false) return true;
  return parts.includes('node_modules') && /\.(?:map|md|d\.[cm]?ts)$/.test(path);
}

/** Relative to the root; packages inside packages are listed by themselves. */
async function filesOf(root: string, place: string): Promise<string[]> {
  const path = relative(root, place);
  if (isLeftOut(path)) return [];
  if (!(await stat(place)).isDirectory()) return [path];
  const names = (await readdir(place)).filter((name) => name !== 'node_modules' && name !== '.bin');
  return (await Promise.all(names.map((name) => filesOf(root, join(place, name))))).flat();
}
