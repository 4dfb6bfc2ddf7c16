/**
 * What is not there, told apart from what cannot be looked at. A system that has no descriptor left, or a disk that does not answer,
 * says nothing about whether a file exists: taking that for "there is none" would drop what is only out of sight for a moment.
 */
import { readFile, readdir, stat } from 'node:fs/promises';
import { cannotRead, errorCode } from '../../shared/errors.ts';

/** Of errors that mean: nothing of that name can be there. The last three are names that no file has. */
const absences: ReadonlySet<unknown> = new Set([
  'ENOENT',
  'ENOTDIR',
  'ENAMETOOLONG',
  'EINVAL',
  'ERR_INVALID_ARG_VALUE',
]);

/** Whether a system error says that there is no such file. */
export function isAbsence(error: unknown): boolean {
  return absences.has(errorCode(error));
}

/** Throws `LabError('not-found')` where it cannot be told. */
export async function fileExists(file: string): Promise<boolean> {
  const found = await unlessAbsent(stat(file)).catch((error: unknown) => {
    throw cannotRead('file', file, error);
  });
  return found !== undefined;
}

/** What is asked for, or undefined where the file is not there. Throws every other error as it is. */
export async function unlessAbsent<Result>(asked: Promise<Result>): Promise<Result | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (isAbsence(error)) return undefined;
    throw error;
  }
}

/** The names in a folder; none where it is not there. Throws `LabError('not-found')` where it cannot be looked at. */
export async function namesIn(folder: string): Promise<string[]> {
  const names = await unlessAbsent(readdir(folder)).catch((error: unknown) => {
    throw cannotRead('folder', folder, error);
  });
  return names ?? [];
}

/** A text file; undefined where it is not there. Throws `LabError('not-found')` where it cannot be read. */
export async function textOf(file: string): Promise<string | undefined> {
  return unlessAbsent(readFile(file, 'utf8')).catch((error: unknown) => {
    throw cannotRead('file', file, error);
  });
}
