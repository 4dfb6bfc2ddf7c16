/** Tables as CSV (RFC 4180), for spreadsheets and scripts. */

export type CsvCell = string | number | boolean | null;

/** Rows of cells, the first of them the header; null is an empty cell. */
export function csvText(rows: readonly (readonly CsvCell[])[]): string {
  return rows.map((row) => `${row.map(cell).join(',')}\r\n`).join('');
}

/** Quoted where it has to be. A text that a spreadsheet would take for a formula gets an apostrophe before it; numbers never do. */
function cell(value: CsvCell): string {
  if (value === null) return '';
  const text = typeof value === 'string' && /^[=+@\t\r]|^-(?![\d.])/.test(value) ? `'${value}` : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
