import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { detectQuote } from '../../src/main/data/tables/csv-dialect.ts';
import { readTable, type TableFormat } from '../../src/main/data/tables/read-table.ts';
import type { TableFacts, TableNote, TableOptions, TableRow } from '../../src/main/data/tables/table-row.ts';
import { temporaryFolder } from './data-text-fixtures.ts';

interface Read {
  readonly rows: (string | null)[][];
  readonly lines: number[];
  readonly faults: { line: number; message: string }[];
  readonly notes: TableNote[];
  readonly facts: TableFacts | undefined;
}

async function read(
  content: string | Buffer,
  format: TableFormat = 'csv',
  columns: readonly string[] | null = null,
  options: TableOptions = {},
): Promise<Read> {
  const path = join(temporaryFolder(), `table.${format}`);
  writeFileSync(path, content);
  const notes: TableNote[] = [];
  let facts: TableFacts | undefined;
  const good: TableRow[] = [];
  const faults: Read['faults'] = [];
  const source = { path, compression: 'none', signal: new AbortController().signal } as const;
  const told = {
    onOpen: (now: TableFacts) => {
      facts = now;
    },
    onNote: (note: TableNote) => notes.push(note),
  };
  for await (const batch of readTable(source, format, columns, { ...options, ...told })) {
    for (const row of batch) {
      if ('values' in row) good.push(row);
      else faults.push({ line: row.line, message: row.message });
    }
  }
  return { rows: good.map(({ values }) => [...values]), lines: good.map(({ line }) => line), faults, notes, facts };
}

describe('quotes in a table with tabs', () => {
  const lines = [
    'text\tlabel',
    '"Good," she said\tpos',
    '"We came\tpos',
    'it rained\tneg',
    'and he said "\tneg',
    'dull\tneg',
    'sun\tpos',
  ];

  it('are characters, so that none swallows the rows between it and the next one', async () => {
    const { rows, faults, facts } = await read(lines.join('\n'), 'tsv');
    expect(facts).toMatchObject({ delimiter: '\t', quote: 'none', columns: ['text', 'label'] });
    expect(faults).toEqual([]);
    expect(rows).toEqual(lines.slice(1).map((line) => line.split('\t')));
  });

  it('swallow rows where they are said to quote, but then the row at fault is named and the others are read', async () => {
    const { rows, faults } = await read(lines.join('\n'), 'tsv', null, { quote: 'double' });
    expect(faults).toEqual([
      { line: 2, message: expect.stringContaining('followed by text') },
      { line: 3, message: expect.stringContaining('closed 2 lines later, after whole rows') },
    ]);
    expect(rows).toEqual([
      ['it rained', 'neg'],
      ['and he said "', 'neg'],
      ['dull', 'neg'],
      ['sun', 'pos'],
    ]);
  });

  it('quote where every row has them, where rows need them, and where they are written twice inside', async () => {
    expect(detectQuote(['"a"\t"b"', '"x"\t"1"', '"y"\t"2"'], '\t')).toBe('double');
    expect(detectQuote(['a\tb', '"x\ty"\t1', 'z\t2'], '\t')).toBe('double');
    expect(detectQuote(['a\tb', '"he said ""no"""\t1', 'z\t2'], '\t')).toBe('double');
    expect(detectQuote(['a\tb', '"one" "two"\t1', 'z\t2'], '\t')).toBe('none');
    const { rows } = await read('a\tb\n"x\ny\tz"\t1\nw\t2\n', 'tsv');
    expect(rows).toEqual([
      ['x\ny\tz', '1'],
      ['w', '2'],
    ]);
  });
});

describe('a quote in CSV', () => {
  it('that is never closed before other rows costs its own row, with either delimiter', async () => {
    for (const delimiter of [',', ';', '|']) {
      const row = (...fields: string[]): string => fields.join(delimiter);
      const table = [
        row('text', 'label'),
        row('"well, yes"', 'a'),
        row('"fine"', 'b'),
        row('"lost', 'a'),
        row('kept', 'b'),
      ];
      const { rows, faults } = await read([...table, row('he said "', 'b'), row('last', 'a')].join('\n'));
      expect(faults).toMatchObject([{ line: 4 }]);
      expect(rows.map(([text]) => text)).toEqual(['well, yes', 'fine', 'kept', 'he said "', 'last']);
    }
  });

  it('around several lines keeps them together, and those that hold the delimiter are noted', async () => {
    const { rows, notes, faults } = await read(
      'text,label\n"Roses are red,\nviolets are blue",a\nx,b\n"two\nlines",a\n',
    );
    expect(faults).toEqual([]);
    expect(rows).toEqual([
      ['Roses are red,\nviolets are blue', 'a'],
      ['x', 'b'],
      ['two\nlines', 'a'],
    ]);
    expect(notes).toEqual([{ line: 2, message: expect.stringContaining('spans 2 lines') }]);
  });

  it('may stand behind blanks where it is the whole field', async () => {
    const { rows } = await read('text, label\n"a, b", "c"\n he said "x", d\n');
    expect(rows).toEqual([
      ['a, b', 'c'],
      [' he said "x"', ' d'],
    ]);
  });
});

describe('the habits of tables', () => {
  it('are line ends of every system', async () => {
    for (const end of ['\n', '\r\n', '\r']) {
      const { rows, lines } = await read(['text,label', 'x,a', '"y', 'z",b'].join(end) + end);
      expect(rows).toEqual([
        ['x', 'a'],
        ['y\nz', 'b'],
      ]);
      expect(lines).toEqual([2, 3]);
    }
  });

  it('are headers in the middle, which are dropped and told', async () => {
    const { rows, notes } = await read('text,label\nx,a\ntext,label\ny,b\ntext, label\n');
    expect(rows).toEqual([
      ['x', 'a'],
      ['y', 'b'],
    ]);
    expect(notes).toEqual([{ line: null, message: expect.stringContaining('occurs again 2 times') }]);
  });

  it('are columns of one name, which are told apart, and asked about where they are wanted', async () => {
    const { facts } = await read('text,text,label\na,b,c\n');
    expect(facts?.columns).toEqual(['text (1)', 'text (2)', 'label']);
    await expect(read('text,text,label\na,b,c\n', 'csv', ['text', 'label'])).rejects.toThrow(
      'has 2 columns “text”; name one of “text (1)”, “text (2)”',
    );
    expect((await read('text,text,label\na,b,c\n', 'csv', ['text (2)', 'label'])).rows).toEqual([['b', 'c']]);
  });

  it('are zero bytes, which cost their row', async () => {
    const { rows, faults } = await read(`text,label\n${'some more words,a\n'.repeat(20)}x\0y,b\nz,c\n`);
    expect(rows).toHaveLength(21);
    expect(faults).toEqual([{ line: 22, message: 'holds a NUL character' }]);
  });
});

describe('records of JSON', () => {
  const records = [
    { text: 'a, {b}', n: 1 },
    { text: 'c "d" \\', n: 2.5 },
    { text: 'é\n[', n: true },
  ];
  const expected = [
    ['a, {b}', '1'],
    ['c "d" \\', '2.5'],
    ['é\n[', 'true'],
  ];

  it.each([
    ['one a line', records.map((record) => JSON.stringify(record)).join('\n')],
    ['one a line with commas', records.map((record) => `${JSON.stringify(record)},`).join('\r\n')],
    ['in an array on one line', JSON.stringify(records)],
    ['in an array over many lines', JSON.stringify(records, null, 2)],
    ['over many lines, one after the other', records.map((record) => JSON.stringify(record, null, 1)).join('\n')],
  ])('are read when they stand %s', async (_how, content) => {
    const { rows, facts } = await read(content, 'jsonl');
    expect(facts?.columns).toEqual(['text', 'n']);
    expect(rows).toEqual(expected);
  });

  it('that are damaged are named by their line, and the others are read', async () => {
    const content = '{"text":"a"}\n{"text":"b","n":NaN}\n{\'text\':\'c\'}\n{"text":"d"}\n[1]\n';
    const { rows, faults } = await read(content, 'jsonl', ['text']);
    expect(rows).toEqual([['a'], ['d']]);
    expect(faults.map(({ line }) => line)).toEqual([2, 3, 5]);
    const spread = '[\n{"text":\n"a"},\n{"text": oops},\n{"text":"b"}\n]';
    const second = await read(spread, 'jsonl', ['text']);
    expect(second.rows).toEqual([['a'], ['b']]);
    expect(second.faults.map(({ line }) => line)).toEqual([4]);
  });

  it('have values inside records and lists, by paths; a list itself is no value', async () => {
    const content = [
      { data: { text: 'x' }, meta: { label: 'a' }, turns: [{ say: 'one' }, { say: 'two' }], tags: ['p', 'q'] },
      { data: { text: 'y' }, meta: { label: 'b' }, turns: [{ say: 'three' }], tags: [] },
    ];
    const { rows, facts } = await read(content.map((one) => JSON.stringify(one)).join('\n'), 'jsonl', [
      'data.text',
      'meta.label',
      'turns[].say',
      'turns[0].say',
    ]);
    expect(facts?.columns).toEqual(['data.text', 'meta.label', 'turns[].say', 'tags']);
    expect(rows).toEqual([
      ['x', 'a', 'one\ntwo', 'one'],
      ['y', 'b', 'three', 'three'],
    ]);
    const list = await read(content.map((one) => JSON.stringify(one)).join('\n'), 'jsonl', ['tags']);
    expect(list.faults).toMatchObject([
      { message: expect.stringContaining('is a list; name what is in it by a path such as “tags[]”') },
      {},
    ]);
  });
});
