/**
 * Lines of JSON that are appended one after the other, each with a check of its own: the last member, `crc32`, is the CRC-32 of the
 * line without it. Other programs read the lines as before.
 */
import { createReadStream } from 'node:fs';
import { crc32 } from 'node:zlib';
import { fileExists } from './file-exists.ts';

const seal = /,"crc32":"([0-9a-f]{8})"\}$/;

/** The line of a value with at least one member, without a line break. */
export function sealLine(value: object): string {
  const json = JSON.stringify(value);
  return `${json.slice(0, -1)},"crc32":"${checkOf(json)}"}`;
}

/** What a line says; undefined where it is damaged or only half there. Lines from before there were checks are taken as they are. */
export function unsealLine(line: string): unknown {
  const [end, check] = seal.exec(line) ?? [];
  const json = end === undefined ? line : `${line.slice(0, -end.length)}}`;
  if (check !== undefined && check !== checkOf(json)) return undefined;
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

export interface WholeLine {
  readonly text: string;
  /** Bytes from the beginning of the file to the end of this line, with its line break. */
  readonly end: number;
}

/**
 * The lines of a file, however long it is; none where it is not there. What stands behind the last line break is left out: someone is writing
 * it, or was killed while it did.
 */
export async function* wholeLines(file: string): AsyncIterable<WholeLine> {
  if (!(await fileExists(file))) return;
  let [rest, end] = ['', 0];
  // A character for each byte: damaged text has another length when it is read.
  for await (const chunk of createReadStream(file, 'latin1')) {
    const lines = `${rest}${String(chunk)}`.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      end += line.length + 1;
      yield { text: Buffer.from(line, 'latin1').toString(), end };
    }
  }
}

export async function countDamagedLines(file: string): Promise<number> {
  let damaged = 0;
  for await (const { text } of wholeLines(file)) if (text !== '' && unsealLine(text) === undefined) damaged += 1;
  return damaged;
}

function checkOf(json: string): string {
  return crc32(json).toString(16).padStart(8, '0');
}
