// Bundles of runs and of models that are damaged, unsafe, newer, too large or in the way: each is refused by name, whether it is to be
// opened or verified, and nothing half-made stays. A disk that fails while one is written or opened leaves nothing either.
import { createWriteStream } from 'node:fs';
import { mkdir, readFile, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import yazl from 'yazl';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { sha256OfText } from '../../../src/main/files/checksums.ts';
import { createBundle } from '../../../src/main/runs/bundle/create.ts';
import type { BundleManifest } from '../../../src/main/runs/bundle/manifest.ts';
import { openBundle } from '../../../src/main/runs/bundle/open.ts';
import { verifyBundle } from '../../../src/main/runs/bundle/verify.ts';
import { createRun } from '../../../src/main/runs/create-run.ts';
import { importModel } from '../../../src/main/runs/import-model.ts';
import { trainRun } from '../../../src/main/runs/train-run.ts';
import type { Workspace } from '../../../src/main/workspace/workspace.ts';
import { openWorkspace } from '../../../src/main/workspace/workspace.ts';
import type { FileCall } from '../../intercepted-files.ts';
import { interceptFiles, systemError } from '../../intercepted-files.ts';
import type { TinyWorkspace } from '../../tiny-workspace.ts';
import { createTinyWorkspace, tinyExperiment } from '../../tiny-workspace.ts';
import { fixture } from '../models/recorded.ts';

const signal = new AbortController().signal;
const quiet = { signal, onProgress: () => undefined };

let tiny: TinyWorkspace;
let run = '';
let other: Workspace;
let others = 0;
const place = (name: string): string => join(tiny.folder, name);

beforeAll(async () => {
  tiny = await createTinyWorkspace();
  const created = await createRun(tiny.workspace, tinyExperiment());
  run = created.id;
  await trainRun(tiny.workspace, created, { signal, prefetch: false });
  await importModel(tiny.workspace, 'bert', fixture('bert'), { signal });
});
afterAll(() => tiny.remove());
beforeEach(async () => {
  other = await openWorkspace(place(`other-${(others += 1)}`));
});

type Entry = readonly [path: string, text: string, mode?: number];

async function writeZip(name: string, fill: (zip: yazl.ZipFile) => void): Promise<string> {
  const zip = new yazl.ZipFile();
  fill(zip);
  zip.end();
  const file = place(`${name}.zip`);
  await pipeline(zip.outputStream, createWriteStream(file));
  return file;
}

const zipOf = (name: string, list: string | undefined, entries: readonly Entry[]): Promise<string> =>
  writeZip(name, (zip) => {
    if (list !== undefined) zip.addBuffer(Buffer.from(list), 'bundle.json');
    for (const [path, text, mode] of entries) {
      zip.addBuffer(Buffer.from(text), path, mode === undefined ? {} : { mode });
    }
  });

/** yazl writes no bad names: one of the same length is put into the bytes. */
async function withName(file: string, from: string, to: string): Promise<void> {
  const bytes = await readFile(file);
  for (let at = bytes.indexOf(from); at >= 0; at = bytes.indexOf(from, at + 1)) bytes.write(to, at, 'latin1');
  await writeFile(file, bytes);
}

/** Why it is neither opened nor verified, without a trace in the workspace. */
async function refusal(file: string): Promise<string> {
  const before = await readdir(other.folder, { recursive: true });
  const problems: string[] = [];
  for (const work of [
    () => openBundle(other, file, quiet),
    () => verifyBundle(file, { signal, onPhase: () => undefined }),
  ]) {
    const error: unknown = await work().catch((thrown: unknown) => thrown);
    expect(await readdir(other.folder, { recursive: true })).toEqual(before);
    if (!(error instanceof Error)) throw new Error('it was taken');
    expect(error.name).toBe('LabError');
    problems.push(error.message);
  }
  expect(problems[1]).toBe(problems[0]);
  return problems[0] ?? '';
}

describe.each([
  { kind: 'run', folder: 'runs' },
  { kind: 'model', folder: 'models' },
] as const)('a bundle of a $kind', ({ kind, folder }) => {
  let file: string;
  let name: string;
  let manifest: BundleManifest;
  beforeAll(async () => {
    file = place(`good-${kind}.zip`);
    name = kind === 'run' ? run : 'bert';
    ({ manifest } = await createBundle(tiny.workspace, { kind, name }, { ...quiet, output: file, data: 'include' }));
  });

  const listing = (entries: readonly Entry[], more: object = {}): string =>
    JSON.stringify({
      ...{ ...manifest, runs: [], materials: [], models: [] },
      files: Object.fromEntries(
        entries.map(([path, text]) => [path, { bytes: Buffer.byteLength(text), sha256: sha256OfText(text) }]),
      ),
      ...more,
    });
  const path = `${folder}/a/spec.json`;
  const one: readonly Entry[] = [[path, '{}']];

  it('is refused by name for what is in it', async () => {
    expect(await refusal(await zipOf('none', undefined, one))).toContain('is not a bundle: it has no bundle.json');
    expect(await refusal(await zipOf('foreign', '{"a":1}', one))).toContain('is not a bundle');
    expect(await refusal(await zipOf('newer', listing(one, { formatVersion: 3 }), one))).toContain('Update the lab');
    expect(await refusal(await zipOf('extra', listing([]), one))).toContain(`${path} is there and not listed`);
    expect(await refusal(await zipOf('less', listing(one), []))).toContain(`${path} is listed and not there`);
    expect(await refusal(await zipOf('swapped', listing(one), [[path, '[]']]))).toContain('its SHA-256 differs');
    const link: readonly Entry[] = [[`${folder}/a/link`, '/etc/passwd', 0o120777]];
    expect(await refusal(await zipOf('link', listing(link), link))).toContain(`'${folder}/a/link' is a link`);
    const twice: readonly Entry[] = [[`${folder}/a/x`, '1'], [`${folder}/A/X`, '2']]; // prettier-ignore
    expect(await refusal(await zipOf('twice', listing(twice), twice))).toContain('is there twice');
    await writeFile(place('text.zip'), 'no archive');
    expect(await refusal(place('text.zip'))).toContain('cannot be opened');
    expect(await refusal(place('gone.zip'))).toContain('There is no bundle');
  });

  it.each([
    '../../evil12345',
    '/etc/passwd1234',
    'C:/evil/abc1234',
    '..\\..\\evil1234',
    '.bashrc/abc1234',
    'elsewhere/ab123',
  ])('writes nothing under the name %s', async (bad) => {
    const plain = 'models/abcdefgh';
    const entries: readonly Entry[] = [[plain, 'x']];
    const made = await zipOf('names', listing(entries), entries);
    await withName(made, plain, bad);
    expect(await refusal(made)).toMatch(/cannot be opened/);
  });

  it.each(['con', 'NUL.json', 'lpt1'])('writes no device of Windows: %s', async (device) => {
    const entries: readonly Entry[] = [[`${folder}/a/${device}`, 'x']];
    expect(await refusal(await zipOf('device', listing(entries), entries))).toContain('is not a path of a workspace');
  });

  it('is not unpacked where it would fill the disk', async () => {
    const zeros = `${folder}/a/zeros`;
    const list = listing([], { files: { [zeros]: { bytes: 100_000_000, sha256: '0'.repeat(64) } } });
    const bomb = await writeZip('bomb', (zip) => {
      zip.addBuffer(Buffer.from(list), 'bundle.json');
      zip.addBuffer(Buffer.alloc(100_000_000), zeros);
    });
    expect(await refusal(bomb)).toContain('no bundle shrinks that much');
  });

  it('is refused where a byte of it has changed, and where it breaks off', async () => {
    const bytes = await readFile(file);
    const at = Math.floor(bytes.length / 2);
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    await writeFile(place('flipped.zip'), bytes);
    expect(await refusal(place('flipped.zip'))).toContain('cannot be opened');
    await writeFile(place('cut.zip'), bytes.subarray(0, at));
    expect(await refusal(place('cut.zip'))).toContain('cannot be opened');
  });

  it('leaves everything as it was where another has its name', async () => {
    await mkdir(join(other.folder, folder, name, 'artifacts'), { recursive: true });
    await writeFile(join(other.folder, folder, name, 'artifacts', 'origin.json'), '{}');
    const before = await readdir(other.folder, { recursive: true });
    await expect(openBundle(other, file, quiet)).rejects.toThrow(`another ${folder}/${name} already`);
    expect(await readdir(other.folder, { recursive: true })).toEqual(before);
  });

  const isWriting = ({ name: call }: FileCall): boolean => /^(?:write|writeFile|appendFile|copyFile|cp)$/u.test(call);

  it('leaves nothing where the disk is full or may not be written to while it is written', async () => {
    const out = place(`out-${kind}`);
    await mkdir(out);
    for (const [code, expected] of [
      ['ENOSPC', 'disk-full'],
      ['EACCES', 'bad-input'],
    ] as const) {
      const restore = await interceptFiles(out, (call) => {
        if (isWriting(call) || (code === 'EACCES' && call.name === 'open')) throw systemError(code, call);
      });
      const output = join(out, 'b.zip');
      const made = createBundle(tiny.workspace, { kind, name }, { ...quiet, output, data: 'include' });
      const error: unknown = await made.catch((thrown: unknown) => thrown).finally(restore);
      expect([code, error]).toMatchObject([code, { code: expected }]);
      expect(await readdir(out)).toEqual([]);
    }
  });

  it('leaves nothing where it is stopped, while it is written, opened or verified', async () => {
    const stop = (): { signal: AbortSignal; onProgress: () => void; onPhase: () => void } => {
      const controller = new AbortController();
      const abort = (): void => {
        controller.abort();
      };
      return { signal: controller.signal, onProgress: abort, onPhase: abort };
    };
    const output = place(`stopped-${kind}.zip`);
    const written = createBundle(tiny.workspace, { kind, name }, { ...stop(), output, data: 'include' });
    await expect(written).rejects.toMatchObject({ code: 'aborted' });
    await expect(stat(output)).rejects.toMatchObject({ code: 'ENOENT' });
    expect((await readdir(tiny.folder)).filter((one) => one.includes(`stopped-${kind}`))).toEqual([]);
    const before = await readdir(other.folder, { recursive: true });
    await expect(openBundle(other, file, stop())).rejects.toMatchObject({ code: 'aborted' });
    expect(await readdir(other.folder, { recursive: true })).toEqual(before);
    await expect(verifyBundle(file, stop())).rejects.toMatchObject({ code: 'aborted' });
  });
});
