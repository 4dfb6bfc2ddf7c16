/**
 * Whether a folder that several computers share does what the files of a workspace rely on. Each promise is tried with small files,
 * because no name of a file system tells it: NFS, SMB, Lustre and FUSE keep or break them by how they are mounted.
 */
import { link, mkdir, open, readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode, LabError, reasonOf } from '../../shared/errors.ts';
import { temporaryMark } from './sweep.ts';
import { uniqueName } from './unique-name.ts';

/** Replaced in tests by those of file systems that break a promise. */
export interface SharedFiles {
  readonly link: typeof link;
  readonly mkdir: (path: string) => Promise<unknown>;
  readonly open: typeof open;
  readonly readFile: (path: string) => Promise<string>;
  readonly readdir: (path: string) => Promise<string[]>;
  readonly rename: typeof rename;
  readonly stat: (path: string) => Promise<{ readonly mtimeMs: number }>;
  readonly writeFile: (path: string, text: string) => Promise<void>;
  readonly createFile: (path: string, text: string) => Promise<void>;
}

const realFiles: SharedFiles = {
  link,
  mkdir: (path) => mkdir(path),
  open,
  readFile: (path) => readFile(path, 'utf8'),
  readdir: (path) => readdir(path),
  rename,
  stat: (path) => stat(path),
  writeFile: (path, text) => writeFile(path, text),
  createFile: (path, text) => writeFile(path, text, { flag: 'wx' }),
};

/** Beyond this, times of events and of logs mislead; locks go by the clock of the disk. */
const tolerableSkewMilliseconds = 60_000;

/**
 * Throws `LabError('bad-input')` that says what the file system does wrong. Returns warnings: what is odd and does no harm to runs.
 */
export async function checkSharedFolder(folder: string, files: SharedFiles = realFiles): Promise<readonly string[]> {
  const place = join(folder, `.check-${uniqueName()}${temporaryMark}`);
  const broken = (what: string, cause?: unknown): LabError =>
    new LabError(
      'bad-input',
      `The shared folder ${folder} cannot be used by several computers: ${what}. Use a folder on another file system, or mount it differently (docs/clusters.md)`,
      { folder },
      cause,
    );
  try {
    await files.mkdir(place);
  } catch (error) {
    throw broken(`nothing can be written there, ${reasonOf(error)}`, error);
  }
  try {
    await checkReplacing(place, files, broken);
    await checkExclusive(place, files, broken);
    await checkFolders(place, files, broken);
    await checkTimes(place, files, broken);
    return await checkClock(place, files);
  } finally {
    await rm(place, { recursive: true, force: true }).catch(() => undefined);
  }
}

type Broken = (what: string, cause?: unknown) => LabError;

/** A file that is renamed onto another one is that other one from then on, for whoever opens it. */
async function checkReplacing(place: string, files: SharedFiles, broken: Broken): Promise<void> {
  const [file, next] = [join(place, 'file'), join(place, 'file.next')];
  for (const text of ['one', 'another, and longer', 'x']) {
    await files.writeFile(next, text);
    try {
      await files.rename(next, file);
    } catch (error) {
      throw broken(
        `a file cannot be renamed onto another one (${reasonOf(error)}), so that results would be half there`,
        error,
      );
    }
    if ((await files.readFile(file)) !== text) {
      throw broken(
        'after a rename it still shows the old content: writing and renaming are reordered, or answered from a cache',
      );
    }
    const names = await files.readdir(place);
    if (!names.includes('file') || names.includes('file.next')) {
      throw broken('after a rename it lists the old name: names are answered from a cache');
    }
  }
}

/** Of two computers that create the same file, one is told that it is there already. */
async function checkExclusive(place: string, files: SharedFiles, broken: Broken): Promise<void> {
  const claim = join(place, 'claim');
  await files.createFile(claim, 'first');
  await expectRefusal(
    () => files.createFile(claim, 'second'),
    broken(
      'a file that is there can be created again (O_EXCL is not heeded), so that two nodes would train the same run',
    ),
  );
  const other = join(place, 'other');
  await files.writeFile(other, 'second');
  try {
    await files.link(other, join(place, 'link'));
  } catch (error) {
    if (errorCode(error) === 'EEXIST') throw broken('a link is said to be there that is not', error);
    return; // without links, files are created exclusively
  }
  await expectRefusal(
    () => files.link(other, claim),
    broken('a link replaces a file that is there, so that two nodes would train the same run'),
  );
  if ((await files.readFile(claim)) !== 'first') {
    throw broken(
      'a file that was created by one process was replaced by another one, so that two nodes would train the same run',
    );
  }
}

async function expectRefusal(attempt: () => Promise<unknown>, otherwise: LabError): Promise<void> {
  try {
    await attempt();
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return;
    throw error;
  }
  throw otherwise;
}

/** A folder of a run appears whole, and never in the place of another one. */
async function checkFolders(place: string, files: SharedFiles, broken: Broken): Promise<void> {
  const [one, two] = [join(place, 'one'), join(place, 'two')];
  for (const folder of [one, two]) {
    await files.mkdir(folder);
    await files.writeFile(join(folder, 'inside'), folder);
  }
  try {
    await files.rename(one, two);
  } catch {
    const text = await files.readFile(join(two, 'inside'));
    if (text === two) return;
  }
  throw broken(
    'a folder that is renamed onto another one replaces it or mixes with it, so that one run would overwrite another',
  );
}

/** Whoever rewrites a byte of a lock gives a sign of life by it. */
async function checkTimes(place: string, files: SharedFiles, broken: Broken): Promise<void> {
  const lock = join(place, 'claim');
  const before = (await files.stat(lock)).mtimeMs;
  const until = performance.now() + 3000;
  do {
    const handle = await files.open(lock, 'r+');
    try {
      await handle.write('f', 0);
    } finally {
      await handle.close();
    }
    if ((await files.stat(lock)).mtimeMs > before) return;
    await new Promise((resolve) => setTimeout(resolve, 100)); // some clocks of disks have steps of a second or two
  } while (performance.now() < until);
  throw broken('the time of a file does not change when it is written, so that nodes at work would be taken for dead');
}

async function checkClock(place: string, files: SharedFiles): Promise<readonly string[]> {
  const probe = join(place, 'clock');
  await files.writeFile(probe, '');
  const skew = Date.now() - (await files.stat(probe)).mtimeMs;
  if (Math.abs(skew) < tolerableSkewMilliseconds) return [];
  const seconds = Math.round(Math.abs(skew) / 1000);
  return [
    `The clock of this computer is ${seconds} s ${skew > 0 ? 'ahead of' : 'behind'} that of the shared folder. Claims go by the folder's clock, but times of events will be wrong: set the clock (NTP)`,
  ];
}
