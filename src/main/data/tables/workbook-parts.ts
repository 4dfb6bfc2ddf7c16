/** Readers of the parts of an Excel workbook (ECMA-376, part 1, chapters 18.2, 18.3, 18.4 and 18.8). */

/** What reads the events of an XML parser. */
export interface PartReader {
  open(name: string, attributes: Readonly<Record<string, string>>): void;
  text(text: string): void;
  close(name: string): void;
}

type Attributes = Readonly<Record<string, string>>;

export interface SheetRow {
  /** From 1, as Excel counts. */
  readonly line: number;
  /** One for each column; undefined or null for cells without a value. */
  readonly cells: readonly (string | null | undefined)[];
}

interface ListedSheet {
  readonly name: string;
  readonly id: string;
  readonly isHidden: boolean;
}

const nothing = (): void => undefined;

/** The sheets of a workbook, and whether its days are counted from 1904. */
export function sheetsOf() {
  const sheets: ListedSheet[] = [];
  const result = { sheets, from1904: false };
  const reader: PartReader = {
    open(name, attributes) {
      if (name === 'workbookPr') result.from1904 = isTrue(attributes.date1904);
      if (name !== 'sheet') return;
      const id = Object.entries(attributes).find(([key]) => key.endsWith(':id'))?.[1] ?? '';
      const { name: title = '', state = 'visible' } = attributes;
      result.sheets.push({ name: title, id, isHidden: state !== 'visible' });
    },
    text: nothing,
    close: nothing,
  };
  return Object.assign(result, { reader });
}

/** Where the parts that a workbook refers to lie in the archive. */
export function targetsOf() {
  const paths = new Map<string, string>();
  const reader: PartReader = {
    open(name, { Id = '', Target = '' }) {
      if (name === 'Relationship') paths.set(Id, Target.startsWith('/') ? Target.slice(1) : `xl/${Target}`);
    },
    text: nothing,
    close: nothing,
  };
  return { paths, reader };
}

/** The numbers of formats that Excel has built in for dates and times. */
const DATE_FORMATS = new Set([14, 15, 16, 17, 18, 19, 20, 21, 22, 45, 46, 47]);

/** Which styles of cells show a number as a date. */
export function dateStyles() {
  const custom = new Set<number>();
  const styles: boolean[] = [];
  let inCells = false;
  const reader: PartReader = {
    open(name, attributes) {
      const format = Number(attributes.numFmtId ?? 0);
      if (name === 'numFmt' && isDateFormat(attributes.formatCode ?? '')) custom.add(format);
      if (name === 'cellXfs') inCells = true;
      if (name === 'xf' && inCells) styles.push(DATE_FORMATS.has(format) || custom.has(format));
    },
    text: nothing,
    close(name) {
      if (name === 'cellXfs') inCells = false;
    },
  };
  return { reader, isDate: (style: number): boolean => styles[style] ?? false };
}

/** Days, months, years, hours or seconds outside quotes and brackets. */
function isDateFormat(code: string): boolean {
  return /[dmyhs]/iu.test(code.replace(/"[^"]*"|\\.|\[[^\]]*\]|_./gu, ''));
}

/** Characters that XML cannot hold are written as `_x000D_`. */
function unescaped(text: string): string {
  return text.replace(/_x([0-9A-Fa-f]{4})_/gu, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
}

/** The texts that cells share; how they are pronounced (rPh) is no part of them. */
export class SharedTexts implements PartReader {
  readonly texts: string[] = [];
  private current = '';
  private inText = false;
  private phonetic = 0;

  open(name: string): void {
    if (name === 'si') this.current = '';
    else if (name === 't') this.inText = true;
    else if (name === 'rPh') this.phonetic += 1;
  }

  text(text: string): void {
    if (this.inText && this.phonetic === 0) this.current += text;
  }

  close(name: string): void {
    if (name === 'si') this.texts.push(unescaped(this.current));
    else if (name === 't') this.inText = false;
    else if (name === 'rPh') this.phonetic -= 1;
  }
}

interface SheetFacts {
  readonly texts: readonly string[];
  readonly isDate: (style: number) => boolean;
  readonly from1904: boolean;
}

/** The rows of a sheet. */
export class SheetCells implements PartReader {
  /** Those that are complete. */
  readonly rows: SheetRow[] = [];
  private readonly facts: SheetFacts;
  private line = 0;
  private cells: (string | null)[] = [];
  private column = 0;
  private type = 'n';
  private style = 0;
  private value = '';
  private inValue = false;

  constructor(facts: SheetFacts) {
    this.facts = facts;
  }

  open(name: string, attributes: Attributes): void {
    if (name === 'row') {
      this.line = attributes.r === undefined ? this.line + 1 : Number(attributes.r);
      this.cells = [];
      this.column = -1;
    } else if (name === 'c') {
      const { r, t = 'n', s = '0' } = attributes;
      this.column = r === undefined ? this.column + 1 : columnOf(r);
      this.type = t;
      this.style = Number(s);
      this.value = '';
    } else if (name === 'v' || name === 't') this.inValue = true;
  }

  text(text: string): void {
    if (this.inValue) this.value += text;
  }

  close(name: string): void {
    if (name === 'v' || name === 't') this.inValue = false;
    else if (name === 'c') this.cells[this.column] = this.cellText();
    else if (name === 'row') this.rows.push({ line: this.line, cells: this.cells });
  }

  private cellText(): string | null {
    const { value, type, style, facts } = this;
    if (value === '') return null;
    if (type === 's') return facts.texts[Number(value)] ?? null;
    if (type === 'b') return isTrue(value) ? 'true' : 'false';
    if (type === 'e') return null; // #N/A, #DIV/0! and the like
    if (type !== 'n') return unescaped(value);
    const number = Number(value);
    if (!Number.isFinite(number)) return value;
    // Excel computes with more digits than it shows.
    return facts.isDate(style) ? dateText(number, facts.from1904) : String(Number(number.toPrecision(15)));
  }
}

function isTrue(value: string | undefined): boolean {
  return value === '1' || value === 'true';
}

/** `C7` is in column 2. */
function columnOf(reference: string): number {
  let column = 0;
  for (const letter of reference.toUpperCase()) {
    if (letter < 'A' || letter > 'Z') break;
    column = column * 26 + letter.charCodeAt(0) - 64;
  }
  return column - 1;
}

const DAY = 86_400_000;

/** Days since the end of 1899 (which Excel counts with a 29 February 1900) or of 1903, as a date, with a time where there is one. */
function dateText(days: number, from1904: boolean): string {
  const shifted = !from1904 && days < 60 ? days + 1 : days;
  const start = from1904 ? Date.UTC(1904, 0, 1) : Date.UTC(1899, 11, 30);
  const date = new Date(start + Math.round(shifted * DAY));
  if (Number.isNaN(date.getTime())) return String(days);
  const text = date.toISOString();
  if (days < 1) return text.slice(11, 19);
  return Number.isInteger(days) ? text.slice(0, 10) : text.slice(0, 19).replace('T', ' ');
}
