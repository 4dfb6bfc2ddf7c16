/**
 * GenBank's flat files (NCBI, “GenBank Release Notes”, section 3.4): the sequence of each record, from ORIGIN to the line //.
 * Names and labels are looked for in its name and definition, as in the headers of FASTA.
 */
import { quoted } from '../../../shared/excerpt.ts';
import { SkipFile } from '../import/skip-file.ts';
import type { SkippedDocument } from './document.ts';
import { headerLabel, OTHER_SYMBOL, type FastaRecord } from './fasta-header.ts';
import type { ByteSource } from './read-bytes.ts';
import { MAXIMUM_DOCUMENT_CHARACTERS } from './read-documents.ts';
import { readLines } from './read-lines.ts';

const MAXIMUM_LINE_BYTES = 1_000_000;

interface OpenRecord {
  readonly line: number;
  readonly name: string;
  definition: string;
  inDefinition: boolean;
  inSequence: boolean;
  isPart: boolean;
  fault: SkippedDocument | undefined;
  parts: string[];
  symbols: number;
}

/**
 * @param pattern where labels stand in definitions
 * @throws SkipFile `malformed` for a file that does not begin with a record
 */
export async function* readGenbank(
  source: ByteSource,
  pattern?: RegExp,
): AsyncGenerator<(FastaRecord | SkippedDocument)[]> {
  let record: OpenRecord | undefined;
  for await (const batch of readLines(source, MAXIMUM_LINE_BYTES)) {
    const ready: (FastaRecord | SkippedDocument)[] = [];
    for (const [index, text] of batch.lines.entries()) {
      const line = batch.firstLine + index;
      if (record === undefined) {
        const locus = /^LOCUS\s+(\S+)/u.exec(text)?.[1];
        if (locus !== undefined) record = newRecord(line, locus);
        else if (text.trim() !== '' && line === 1) {
          throw new SkipFile('malformed', 'is not a GenBank file: a record begins with LOCUS', line);
        }
      } else if (text.startsWith('//')) {
        ready.push(...finish(record, pattern));
        record = undefined;
      } else {
        take(record, text, line);
        if (record.symbols >= MAXIMUM_DOCUMENT_CHARACTERS) ready.push(part(record, true, pattern));
      }
    }
    yield ready;
  }
  if (record === undefined) return;
  yield [{ line: record.line, reason: 'damaged', message: `the record ${quoted(record.name)} breaks off` }];
}

function newRecord(line: number, name: string): OpenRecord {
  const state = { inDefinition: false, inSequence: false, isPart: false, fault: undefined };
  return { line, name, definition: '', ...state, parts: [], symbols: 0 };
}

function take(record: OpenRecord, text: string, line: number): void {
  if (/^\S/u.test(text)) {
    record.inDefinition = text.startsWith('DEFINITION');
    record.inSequence = text.startsWith('ORIGIN');
    if (record.inDefinition) record.definition = text.slice('DEFINITION'.length).trim();
    return;
  }
  if (record.inDefinition) record.definition += ` ${text.trim()}`;
  if (!record.inSequence || record.fault !== undefined) return;
  const symbols = text.replace(/[\s\d]+/gu, '');
  const other = OTHER_SYMBOL.exec(symbols)?.[0];
  if (other !== undefined) {
    const message = `the record ${quoted(record.name)} holds ${quoted(other)}, which is not a symbol of a sequence`;
    record.fault = { line, reason: 'malformed', message };
    return;
  }
  record.parts.push(symbols);
  record.symbols += symbols.length;
}

function part(record: OpenRecord, isPart: boolean, pattern: RegExp | undefined): FastaRecord {
  const { line, name, definition, parts } = record;
  record.isPart ||= isPart;
  record.parts = [];
  record.symbols = 0;
  return { text: parts.join(''), line, isPart: record.isPart, ...headerLabel(`${name} ${definition}`, pattern) };
}

function finish(record: OpenRecord, pattern: RegExp | undefined): (FastaRecord | SkippedDocument)[] {
  if (record.fault !== undefined) return [record.fault];
  if (record.symbols > 0) return [part(record, false, pattern)];
  if (record.isPart) return [];
  // Records of assemblies name the pieces they are made of instead.
  const message = `the record ${quoted(record.name)} has no sequence`;
  return [{ line: record.line, reason: 'empty', message }];
}
