/** Names of classes in a file of a person's own: one a line, or a JSON array. */
import { readFile, stat } from 'node:fs/promises';
import { z } from 'zod';
import { LabError, cannotRead } from '../../shared/errors.ts';

/** Names of a hundred thousand classes are smaller. */
const mostBytes = 16 * 2 ** 20;

const names = z.array(z.string().trim().min(1));

/** Throws `LabError('not-found')` for a file that cannot be read, `LabError('bad-input')` for one that holds no names. */
export async function readLabels(file: string): Promise<string[]> {
  const fail = (error: unknown): never => {
    throw cannotRead('file', file, error);
  };
  const { size } = await stat(file).catch(fail);
  if (size > mostBytes) throw new LabError('bad-input', `${file} has ${size} bytes: names of classes are one a line`);
  const text = (await readFile(file, 'utf8').catch(fail)).replace(/^\uFEFF/u, '');
  const found = text.trimStart().startsWith('[') ? fromJson(text, file) : text.replace(/\s+$/u, '').split(/\r?\n/u);
  const empty = found.findIndex((name) => name.trim() === '');
  if (empty >= 0) {
    const where = found.length === 1 ? 'is empty' : `has no name in line ${empty + 1}`;
    throw new LabError('bad-input', `${file} ${where}: write one class a line, in the order of the outputs`, { file });
  }
  return found.map((name) => name.trim());
}

function fromJson(text: string, file: string): string[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new LabError('bad-input', `${file} begins like JSON but is not valid JSON`, { file }, error);
  }
  const parsed = names.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new LabError('bad-input', `${file}: ${z.prettifyError(parsed.error)}. Write an array of names`, { file });
}
