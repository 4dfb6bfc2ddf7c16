/** Texts on the command line: the path of a file is never taken for one. */
import { stat } from 'node:fs/promises';
import { LabError } from '../../../shared/errors.ts';

/** The text itself. `advice` says what else may have been meant. Throws `LabError('bad-input')` where a file or folder of this name exists: its content is meant. */
export async function givenText(text: string, advice?: string): Promise<string> {
  const found = text.trim() === '' ? undefined : await stat(text).catch(() => undefined);
  if (found === undefined) return text;
  const what = found.isDirectory() ? 'a folder' : 'a file';
  const otherwise = advice === undefined ? '' : `. ${advice}`;
  throw new LabError(
    'bad-input',
    `${text} is ${what}, and a text is wanted here. Give what is in it instead, as "$(cat ${text})" does${otherwise}`,
    { path: text },
  );
}
