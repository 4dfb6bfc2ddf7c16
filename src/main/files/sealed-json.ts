/**
 * JSON files of the lab that say themselves whether they are still what was written: the last member, `crc32`, is the CRC-32 of all
 * others. A bit that has flipped on the disk would otherwise become another number, or another name, without a word.
 */
import { crc32 } from 'node:zlib';
import { z } from 'zod';
import { LabError, messageOf } from '../../shared/errors.ts';
import { textOf } from './file-exists.ts';

/** The text of a file. */
export function sealJson(value: object): string {
  return `${JSON.stringify({ ...value, crc32: checkOf(value) }, null, 2)}\n`;
}

/** What was sealed. Files from before there were seals are taken as they are. Throws `LabError('corrupt')`. */
export function unsealJson(file: string, text: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new LabError('corrupt', `${file} is damaged: ${messageOf(error)}`, { file }, error);
  }
  if (typeof value !== 'object' || value === null || !('crc32' in value)) return value;
  const { crc32: check, ...content } = value;
  if (check !== checkOf(content)) {
    throw new LabError('corrupt', `${file} is damaged: its checksum does not match what it says`, { file });
  }
  return content;
}

/** What a sealed file says; undefined where it is not there. Throws `LabError('corrupt')` for one that is damaged. */
export async function readSealed<Content>(file: string, schema: z.ZodType<Content>): Promise<Content | undefined> {
  const text = await textOf(file);
  if (text === undefined) return undefined;
  const parsed = schema.safeParse(unsealJson(file, text));
  if (parsed.success) return parsed.data;
  throw new LabError('corrupt', `${file} is damaged: ${z.prettifyError(parsed.error)}`, { file });
}

/** Eight hexadecimal digits. Members keep their order when they are read, so the same content has the same text. */
function checkOf(value: object): string {
  return crc32(JSON.stringify(value)).toString(16).padStart(8, '0');
}
