// What electron-builder would pack, held against the packages as they are installed: nothing that runs is missing, nothing of other
// systems comes along, and no native library lies inside the archive.
import { readFileSync, readdirSync } from 'node:fs';
import { builtinModules } from 'node:module';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { samples } from '../../../src/main/work/samples/index.ts';

const root = path.resolve(import.meta.dirname, '../../..');

interface FileSet {
  readonly from: string;
  readonly to: string;
  readonly filter?: readonly string[];
}

interface LockedPackage {
  readonly dev?: boolean;
  readonly devOptional?: boolean;
  readonly os?: readonly string[];
  readonly cpu?: readonly string[];
}

const read = (file: string): string => readFileSync(path.join(root, file), 'utf8');
// our own configuration and manifests
const configuration = parse(read('electron-builder.yml')) as {
  readonly files: readonly (string | FileSet)[];
  readonly asarUnpack: readonly string[];
  readonly electronFuses: Readonly<Record<string, boolean>>;
};
const manifest = JSON.parse(read('package.json')) as Readonly<Record<string, Readonly<Record<string, string>>>>; // ours
const { packages } = JSON.parse(read('package-lock.json')) as { packages: Record<string, LockedPackage> }; // npm's own

const systems = [
  ['linux', 'x64'],
  ['linux', 'arm64'],
  ['win32', 'x64'],
  ['darwin', 'arm64'],
] as const;

/** Whether a file of a package that the lab depends on is packed: electron-builder takes all that no pattern leaves out. */
function isPacked(file: string, platform: string, arch: string): boolean {
  const left = configuration.files.filter((pattern) => typeof pattern === 'string' && pattern.startsWith('!'));
  return !left.some((pattern) =>
    path.posix.matchesGlob(
      file,
      String(pattern).slice(1).replaceAll('${platform}', platform).replaceAll('${arch}', arch),
    ),
  );
}

function isUnpacked(file: string): boolean {
  return configuration.asarUnpack.some((pattern) => path.posix.matchesGlob(file, pattern));
}

function filesOf(folder: string): readonly string[] {
  return readdirSync(path.join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(root, path.join(entry.parentPath, entry.name)).split(path.sep).join('/'));
}

const isNative = (file: string): boolean => /\.(node|dll|dylib|so(\.[\d.]+)?)$/.test(file);

describe('the package of the desktop lab', () => {
  it.each(systems)('brings ONNX Runtime and the tokenizers for %s on %s, and for nothing else', (platform, arch) => {
    const files = [...filesOf('node_modules/onnxruntime-node/bin'), ...filesOf('node_modules/tokenizers')];
    const packed = files.filter((file) => isNative(file) && isPacked(file, platform, arch));
    const library = { linux: 'libonnxruntime.so.1', win32: 'onnxruntime.dll', darwin: 'libonnxruntime.1.dylib' }[
      platform
    ];
    const names = packed.map((file) => path.posix.basename(file));
    expect(names).toEqual(expect.arrayContaining(['onnxruntime_binding.node', library]));
    expect(names.some((name) => name.startsWith(`tokenizers.${platform}-${arch}`))).toBe(true);
    expect(new Set(names).size, 'each of them once').toBe(names.length);
    const others = packed.filter(
      (file) => !file.includes(`/${platform}/${arch}/`) && !file.includes(`${platform}-${arch}`),
    );
    expect(others).toEqual([]);
    expect(packed.filter((file) => !isUnpacked(file))).toEqual([]);
  });

  it('loads no native library from the archive', () => {
    const places = Object.entries(packages).filter(([place, { dev }]) => place !== '' && dev !== true);
    const installed = places.flatMap(([place]) => {
      try {
        return filesOf(place);
      } catch {
        return []; // of another system
      }
    });
    const native = [...new Set(installed)].filter(isNative);
    expect(native.length).toBeGreaterThan(5);
    expect(native.filter((file) => !isUnpacked(file))).toEqual([]);
  });

  it.each(systems)('has packages with native parts for %s on %s in its lockfile', (platform, arch) => {
    const ofSystem = Object.entries(packages).filter(
      ([, { os, cpu, dev }]) => dev !== true && os?.includes(platform) === true && cpu?.includes(arch) === true,
    );
    const names = ofSystem.map(([place]) => place.replace('node_modules/', ''));
    expect(names).toEqual(
      expect.arrayContaining([`@duckdb/node-bindings-${platform}-${arch}`, `@img/sharp-${platform}-${arch}`]),
    );
    expect(names.filter((name) => !isUnpacked(`node_modules/${name}/lib/library.node`))).toEqual([]);
  });

  it('is a program that runs nothing but the lab', () => {
    expect(configuration.electronFuses).toEqual({
      runAsNode: false,
      enableNodeOptionsEnvironmentVariable: false,
      enableNodeCliInspectArguments: false,
      enableCookieEncryption: true,
      enableEmbeddedAsarIntegrityValidation: true,
      onlyLoadAppFromAsar: true,
      grantFileProtocolExtraPrivileges: false,
    });
  });

  it('brings every package that the lab imports', () => {
    const packed = new Set([
      ...Object.keys(manifest.dependencies ?? {}),
      ...Object.keys(manifest.optionalDependencies ?? {}),
    ]);
    const imported = ['src/main', 'src/shared', 'src/preload'].flatMap((folder) =>
      filesOf(folder).flatMap((file) =>
        [
          // Without templates: those of exports have lines of programs that others are to write.
          ...read(file)
            .replace(/`(?:\\.|[^`\\])*`/gs, '``')
            .matchAll(/^(?:import|export) (?!type )[^;]*? from '([^'.][^']*)'|\bimport\('([^'.][^']*)'\)/gm),
        ].map(([, fixed, late]) => ({ file, name: fixed ?? late ?? '' })),
      ),
    );
    expect(imported.length).toBeGreaterThan(100);
    const missing = imported.filter(({ name }) => {
      const [scope = '', part] = name.split('/');
      const owner = scope.startsWith('@') ? `${scope}/${part ?? ''}` : scope;
      return !name.startsWith('node:') && !builtinModules.includes(name) && owner !== 'electron' && !packed.has(owner);
    });
    expect(missing).toEqual([]);
  });

  it('declares no name twice: electron-vite gives modules the ones that CommonJS has', () => {
    const files = filesOf('src/main').filter((file) => file.endsWith('.ts'));
    const declared = /\b(?:const|let|var|function) (?:require|__filename|__dirname)\b/;
    expect(files.filter((file) => declared.test(read(file)))).toEqual([]);
  });

  it('brings what the sample projects are made from', () => {
    const sets = configuration.files.filter((entry) => typeof entry !== 'string');
    for (const name of samples.flatMap((sample) => sample.packages)) {
      const place = `node_modules/${name}`;
      const set = sets.find(({ from, to }) => from === place && to === place);
      const files = filesOf(place).map((file) => path.posix.relative(place, file));
      const taken = files.filter(
        (file) => set?.filter?.some((glob) => path.posix.matchesGlob(file, glob)) ?? set !== undefined,
      );
      expect(taken, name).toContain('package.json');
      expect(taken.length, name).toBeGreaterThan(10);
    }
  });
});
