/**
 * FASTQ: reads of a sequencer with the quality of each symbol (P. J. A. Cock et al., Nucleic Acids Research 38, 2010). The
 * sequences are kept as those of FASTA are, the qualities are dropped. Sequences and qualities may spread over lines.
 */
import { quoted } from '../../../shared/excerpt.ts';
import { SkipFile } from '../import/skip-file.ts';
import type { SkippedDocument } from './document.ts';
import { headerLabel, OTHER_SYMBOL, type FastaRecord } from './fasta-header.ts';
import type { ByteSource } from './read-bytes.ts';
import { readLines } from './read-lines.ts';

const MAXIMUM_LINE_BYTES = 16_000_000;

interface OpenRead {
  readonly header: string;
  readonly line: number;
  readonly parts: string[];
  symbols: number;
  /** Qualities that were read; −1 before the line that begins with “+”. */
  qualities: number;
}

/**
 * @param pattern where labels stand in headers
 * @throws SkipFile `malformed` where the file loses its way: what came before is good
 */
export async function* readFastq(
  source: ByteSource,
  pattern?: RegExp,
): AsyncGenerator<(FastaRecord | SkippedDocument)[]> {
  let read: OpenRead | undefined;
  for await (const batch of readLines(source, MAXIMUM_LINE_BYTES)) {
    const ready: (FastaRecord | SkippedDocument)[] = [];
    for (const [index, text] of batch.lines.entries()) {
      const line = batch.firstLine + index;
      if (read === undefined) {
        if (text.trim() === '') continue;
        if (!text.startsWith('@')) {
          yield ready;
          throw new SkipFile('malformed', 'is not FASTQ: a read begins with a line “@name”', line);
        }
        read = { header: text.slice(1), line, parts: [], symbols: 0, qualities: -1 };
      } else if (read.qualities < 0 && text.startsWith('+')) read.qualities = 0;
      else if (read.qualities < 0) {
        const symbols = text.trim();
        read.parts.push(symbols);
        read.symbols += symbols.length;
      } else read.qualities += text.trimEnd().length;
      if (read.qualities < read.symbols) continue;
      if (read.qualities === read.symbols) ready.push(finished(read, pattern));
      else {
        const message = `the read ${nameOf(read)} has ${read.symbols} symbols and ${read.qualities} qualities`;
        ready.push({ line: read.line, reason: 'malformed', message });
      }
      read = undefined;
    }
    yield ready;
  }
  if (read === undefined) return;
  yield [{ line: read.line, reason: 'damaged', message: `the read ${nameOf(read)} breaks off` }];
}

function nameOf({ header }: OpenRead): string {
  return quoted(header.trim().split(/\s/u)[0] ?? '');
}

function finished(read: OpenRead, pattern: RegExp | undefined): FastaRecord | SkippedDocument {
  const { header, line, parts } = read;
  const text = parts.join('');
  const other = OTHER_SYMBOL.exec(text)?.[0];
  if (other !== undefined) {
    const message = `the read ${nameOf(read)} holds ${quoted(other)}, which is not a symbol of a sequence`;
    return { line, reason: 'malformed', message };
  }
  if (text === '') return { line, reason: 'empty', message: `the read ${nameOf(read)} has no symbols` };
  return { text, line, isPart: false, ...headerLabel(header, pattern) };
}
