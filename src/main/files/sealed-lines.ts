/**
 * Lines of JSON that are appended one after the other, each with a check of its own: the last member, `crc32`, is the CRC-32 of the
 * line without it. Other programs read the lines as before.
 */
import { crc32 } from 'node:zlib';

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

function checkOf(json: string): string {
  return crc32(json).toString(16).padStart(8, '0');
}
