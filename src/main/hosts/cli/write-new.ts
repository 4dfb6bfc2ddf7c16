/** A file that a command makes, and never over another one. */
import { writeFile } from 'node:fs/promises';
import { LabError, reasonOf } from '../../../shared/errors.ts';

/** Throws `LabError('bad-input')` where there is one already, or it cannot be written. */
export async function writeNew(file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text, { flag: 'wx' });
  } catch (error) {
    throw new LabError('bad-input', `${file} cannot be written: ${reasonOf(error)}`, { file }, error);
  }
}
