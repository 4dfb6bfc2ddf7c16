/**
 * FASTA: sequences of letters under headers that begin with “>” (W. R. Pearson, D. J. Lipman, 1988). Symbols are the letters
 * of IUPAC's codes for nucleotides and amino acids, and * - . for stops and gaps; lower case, which marks repeats, is kept.
 */
import { SkipFile } from '../import/skip-file.ts';
import { quoted } from '../../../shared/excerpt.ts';
import type { SkippedDocument } from './document.ts';
import { headerLabel, OTHER_SYMBOL, type FastaRecord } from './fasta-header.ts';
import type { ByteSource } from './read-bytes.ts';
import { MAXIMUM_DOCUMENT_CHARACTERS } from './read-documents.ts';
import { readLines } from './read-lines.ts';

const MAXIMUM_LINE_BYTES = 1_000_000;

/** Gathers the lines of one record after the other. */
class RecordCollector {
  readonly ready: (FastaRecord | SkippedDocument)[] = [];
  private readonly pattern: RegExp | undefined;
  private header: ({ readonly line: number } & ReturnType<typeof headerLabel>) | null = null;
  private parts: string[] = [];
  private symbols = 0;
  private isPart = false;
  private fault: SkippedDocument | null = null;

  constructor(pattern: RegExp | undefined) {
    this.pattern = pattern;
  }

  get hasHeader(): boolean {
    return this.header !== null;
  }

  begin(line: number, header: string): void {
    this.finish();
    this.header = { line, ...headerLabel(header, this.pattern) };
  }

  add(line: number, text: string): void {
    if (this.fault) return;
    const symbols = text.replace(/\s+/g, '');
    const other = OTHER_SYMBOL.exec(symbols)?.[0];
    if (other !== undefined) {
      const message = `the sequence ${this.name} holds ${quoted(other)}, which is not a symbol of a sequence`;
      this.fault = { line, reason: 'malformed', message };
      return;
    }
    this.parts.push(symbols);
    this.symbols += symbols.length;
    if (this.symbols >= MAXIMUM_DOCUMENT_CHARACTERS) {
      this.isPart = true;
      this.push();
    }
  }

  finish(): void {
    if (!this.header) return;
    if (this.fault) this.ready.push(this.fault);
    else if (this.symbols > 0) this.push();
    else if (!this.isPart) {
      this.ready.push({ line: this.header.line, reason: 'empty', message: `the sequence ${this.name} has no symbols` });
    }
    this.header = null;
    this.fault = null;
    this.isPart = false;
    this.parts = [];
    this.symbols = 0;
  }

  private get name(): string {
    return this.header?.name === '' ? 'without a name' : quoted(this.header?.name ?? '');
  }

  private push(): void {
    const { line = null, name = '', label = null, family = null } = this.header ?? {};
    this.ready.push({ text: this.parts.join(''), line, name, label, family, isPart: this.isPart });
    this.parts = [];
    this.symbols = 0;
  }
}

/**
 * The sequences of a file; those that hold anything else are among the results as skipped, with the line. Very long ones come in
 * parts, as documents do.
 * @param pattern where labels stand in headers
 * @throws SkipFile also `malformed` for a file that does not begin with a header
 */
export async function* readFasta(
  source: ByteSource,
  pattern?: RegExp,
): AsyncGenerator<(FastaRecord | SkippedDocument)[]> {
  const collector = new RecordCollector(pattern);
  let goesOn = false;
  for await (const batch of readLines(source, MAXIMUM_LINE_BYTES)) {
    for (const [index, text] of batch.lines.entries()) {
      const line = batch.firstLine + index;
      const isComment = text.startsWith(';'); // of the oldest files
      if (text.startsWith('>') && !goesOn) collector.begin(line, text.slice(1));
      else if (!isComment && text.trim() !== '') {
        if (!collector.hasHeader) {
          throw new SkipFile('malformed', 'is not FASTA: a sequence begins with a header line “>name”', line);
        }
        collector.add(line, text);
      }
      goesOn = batch.unfinished && index === batch.lines.length - 1;
    }
    yield collector.ready.splice(0);
  }
  collector.finish();
  yield collector.ready.splice(0);
}
