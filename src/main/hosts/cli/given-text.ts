/** Texts on the command line: the path of a file is never taken for one. */
import { stat } from 'node:fs/promises';
import { LabError } from '../../../shared/errors.ts';

/** The text itself. Throws `LabError('bad-input')` where a file or folder of this name exists: its content is meant. */
export async function givenText(text: string): Promise<string> {
  const found = text.trim() === '' ? undefined : await stat(text).catch(() => undefined);
  if (found === undefined) return text;
  const what = found.isDirectory() ? 'a folder' : 'a file';
  throw new LabError(
    'bad-input',
    `${text} is ${what}, and a text is wanted here. Give what is in it instead, as "$(cat ${text})" does`,
    { path: text },
  );
}
