/** Tables as CSV (RFC 4180), for spreadsheets and scripts. */

export type CsvCell = string | number | boolean | null;

/** Rows of cells, the first of them the header; null is an empty cell. */
export function csvText(rows: readonly (readonly CsvCell[])[]): string {
  return rows.map((row) => `${row.map(cell).join(',')}\r\n`).join('');
}

/** One row as it is, for tables that programs read back: a spreadsheet may take some texts for formulas. */
export function csvRow(row: readonly CsvCell[]): string {
  return `${row.map((value) => (value === null ? '' : quoted(String(value)))).join(',')}\r\n`;
}

/** Quoted where it has to be. A text that a spreadsheet would take for a formula gets an apostrophe before it; numbers never do. */
function cell(value: CsvCell): string {
  if (value === null) return '';
  const text = typeof value === 'string' && /^[=+@\t\r]|^-(?![\d.])/.test(value) ? `'${value}` : String(value);
  return quoted(text);
}

function quoted(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
