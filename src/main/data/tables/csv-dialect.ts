/**
 * Which CSV a file is, told by its beginning: the delimiter by its header, and whether quotes quote. In most tab-separated
 * files they are characters like any other; in files with commas they mostly quote. What decides is how many rows come out whole.
 */
import { CsvParser, type CsvQuote } from './csv-parser.ts';

const DELIMITERS = [',', ';', '\t', '|'];
/** Lines that a dialect is told by. */
const MOST_LINES = 2000;
const LONGEST_CLASS = 60;

/** The delimiter of a header: the one with which it has the wanted columns, otherwise the one with which it has most. */
export function detectDelimiter(header: string, wanted: readonly string[]): string {
  const candidates = DELIMITERS.map((delimiter) => {
    const record = new CsvParser(delimiter).add(header, 1)[0];
    const names = record !== undefined && 'fields' in record ? record.fields.map((name) => name.trim()) : [];
    return { delimiter, found: wanted.filter((name) => names.includes(name)).length, columns: names.length };
  });
  candidates.sort((a, b) => b.found - a.found || b.columns - a.columns);
  return candidates[0]?.delimiter ?? ',';
}

interface QuoteEvidence {
  /** Rows that do not have the header's number of fields, or are none. */
  readonly broken: number;
  /** Fields in quotes that are as they should be. */
  readonly quoted: number;
}

function readQuoted(lines: readonly string[], delimiter: string, columns: number): QuoteEvidence {
  const parser = new CsvParser(delimiter, { looksLikeRow: rowRecogniser(lines, delimiter) });
  const records = lines.flatMap((line, index) => parser.add(line, index + 1));
  const broken = records.filter((item) => !('fields' in item) || item.fields.length !== columns).length;
  const isQuoted = (field: string): boolean => /^ *"(?:[^"]|"")*" *$/.test(field);
  const quoted = lines.reduce((sum, line) => sum + line.split(delimiter).filter(isQuoted).length, 0);
  return { broken, quoted };
}

/** Whether the quotes of these lines, the header first, quote. */
export function detectQuote(lines: readonly string[], delimiter: string): CsvQuote {
  const usual = delimiter === '\t' ? 'none' : 'double';
  const sample = lines.filter((line) => line.trim() !== '').slice(0, MOST_LINES);
  const [header = ''] = sample;
  if (!sample.some((line) => line.includes('"'))) return usual;
  const [first] = new CsvParser(delimiter).add(header, 1);
  const columns = first !== undefined && 'fields' in first ? first.fields.length : header.split(delimiter).length;
  const double = readQuoted(sample, delimiter, columns);
  const plain = sample.filter((line) => line.split(delimiter).length !== columns).length;
  if (usual === 'double') return double.broken > double.quoted && plain === 0 ? 'none' : 'double';
  if (plain > 0) return double.broken < plain ? 'double' : 'none';
  // Nothing needs quotes: they are the writer's where every row has them, the header has, or some are written twice.
  const everywhere = double.quoted >= 0.9 * sample.length || header.trimStart().startsWith('"');
  const doubled = sample.some((line) =>
    line.split(delimiter).some((field) => /^"(?:[^"]|"")*""(?:[^"]|"")*"$/.test(field)),
  );
  return double.broken === 0 && (everywhere || doubled) ? 'double' : 'none';
}

/**
 * Tells rows from lines of a text: they have the header's number of fields without any quoting, and in one of the columns that
 * repeat themselves (a class, a source) a value that others have.
 */
export function rowRecogniser(lines: readonly string[], delimiter: string): (line: string) => boolean {
  const sample = lines.slice(0, MOST_LINES).filter((line) => line.trim() !== '');
  const columns = (sample[0] ?? '').split(delimiter).length;
  if (columns < 2) return () => false;
  const rows = sample.slice(1).map((line) => line.split(delimiter));
  const whole = rows.filter((fields) => fields.length === columns);
  const counts = Array.from({ length: columns }, (_, column) => {
    const values = new Map<string, number>();
    for (const fields of whole) {
      const value = fields[column]!.trim();
      if (value.length <= LONGEST_CLASS && value !== '') values.set(value, (values.get(value) ?? 0) + 1);
    }
    return values.size <= whole.length / 2 ? values : undefined;
  });
  return (line) => {
    const fields = line.split(delimiter);
    if (fields.length !== columns) return false;
    return fields.some((field, column) => (counts[column]?.get(field.trim()) ?? 0) > 1);
  };
}
