/** Web pages, XML, notebooks, subtitles and mail as texts, and sequences of other formats than FASTA. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { TextFormat } from '../../src/shared/spec/manifests/text-corpus.ts';
import { ReportCollector } from '../../src/main/data/import/report-collector.ts';
import { htmlToText } from '../../src/main/data/reading/prose/html-text.ts';
import { notebookToText } from '../../src/main/data/reading/prose/notebook-text.ts';
import { subtitlesToText } from '../../src/main/data/reading/prose/subtitle-text.ts';
import { xmlToText } from '../../src/main/data/reading/prose/xml-text.ts';
import { readSourceDocuments } from '../../src/main/data/reading/read-source.ts';
import { findSourceFiles } from '../../src/main/data/reading/source-files.ts';
import { openTextDataset } from '../../src/main/data/text/dataset.ts';
import { importTextDataset } from '../../src/main/data/text/import-dataset.ts';
import { temporaryFolder } from './data-text-fixtures.ts';

const signal = new AbortController().signal;

function writeFile(name: string, content: string | Buffer, folder = temporaryFolder()): string {
  const path = join(folder, name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, content);
  return path;
}

async function documentsOf(path: string, boundary: 'file' | 'blank-line' = 'file', format?: TextFormat) {
  const found = [];
  const report = new ReportCollector();
  for await (const file of findSourceFiles({ sources: [path], format, signal })) {
    if (!('format' in file)) return [file];
    const request = { file, textColumn: 'text', boundary, signal, onBytes: () => undefined, report };
    for await (const batch of readSourceDocuments({ ...request, onNotArticle: () => undefined })) found.push(...batch);
  }
  return found.map((item) => ('text' in item ? item.text : `${item.line ?? ''} ${item.reason}: ${item.message}`));
}

async function labelled(sources: string[], options: Partial<Parameters<typeof importTextDataset>[0]> = {}) {
  const folder = join(temporaryFolder(), 'dataset');
  const manifest = await importTextDataset({ sources, folder, name: 'test', ...options });
  const dataset = openTextDataset(folder);
  const examples = Array.from({ length: dataset.size }, (_, index) => [
    dataset.text(index),
    dataset.classes[dataset.label(index)],
  ]);
  dataset.close();
  return { manifest, examples };
}

describe('a web page', () => {
  it('is what its reader sees', () => {
    const page = `<!doctype html><html><head><title>x</title><style>p{}</style></head><body>
      <h1>Soup &amp; bread</h1><p>Warm,
      <b>very</b> wa<i>rm</i>.<br>Twice.</p><script>if (a < b) alert("<p>no</p>")</script>
      <ul><li>one<li>two</ul><pre>a  b
  c</pre><table><tr><td>1</td><td>2</td></tr></table></body></html>`;
    expect(htmlToText(page)).toBe('Soup & bread\n\nWarm, very warm.\nTwice.\n\none\n\ntwo\n\na  b\n  c\n\n1 2');
  });

  it('survives what is found in the wild', () => {
    expect(htmlToText('<p>open <b>never closed<p>next &unknown; &#x263a;')).toBe(
      'open never closed\n\nnext &unknown; ☺',
    );
    expect(htmlToText('just text')).toBe('just text');
    expect(htmlToText('')).toBe('');
    expect(htmlToText(`<div>${'<script>'.repeat(2000)}`)).toBe('');
  });

  it('is found in folders, cut into paragraphs, and read in its encoding', async () => {
    const folder = temporaryFolder();
    writeFile('a.html', Buffer.from('<p>Gr\xfc\xdfe aus M\xfcnchen</p><p>zwei</p>', 'latin1'), folder);
    writeFile('b.htm', '<p>three</p>', folder);
    expect(await documentsOf(folder, 'blank-line')).toEqual(['Grüße aus München', 'zwei', 'three']);
  });
});

describe('an XML document', () => {
  it('has a paragraph for every element with text of its own', () => {
    const xml = `<?xml version="1.0"?><!-- no --><TEI xmlns="x"><head n="1">Title</head><body>
      <p>One <hi>bo</hi>ld &amp; <name>Ann</name>.</p><p><b>two</b> <i>words</i></p><empty/>
      <![CDATA[three < four]]></body></TEI>`;
    expect(xmlToText(xml)).toBe('Title\n\nOne bold & Ann. two words three < four');
    expect(xmlToText('<a><b>one</b>\n<c>two</c></a>')).toBe('one\n\ntwo');
  });

  it('is refused with its line where it is not well-formed, and fetches nothing', async () => {
    expect(await documentsOf(writeFile('a.xml', '<a>\n<b>x</a>'))).toEqual([
      expect.stringMatching(/^2 damaged: is not well-formed XML/),
    ]);
    const entity = '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>before &x; after</a>';
    expect(await documentsOf(writeFile('b.xml', entity))).toEqual([expect.stringContaining('is not well-formed XML')]);
  });
});

describe('a notebook', () => {
  it('is the source of its cells, without outputs', () => {
    const cells = [
      { cell_type: 'markdown', source: ['# Title\n', 'words'] },
      { cell_type: 'code', source: 'print(1)', outputs: [{ data: { 'image/png': 'iVBORw0KGgo' } }] },
      { cell_type: 'code', source: [] },
    ];
    expect(notebookToText(JSON.stringify({ nbformat: 4, cells }))).toBe('# Title\nwords\n\nprint(1)');
    const old = { nbformat: 3, worksheets: [{ cells: [{ cell_type: 'code', input: ['x = 1'] }] }] };
    expect(notebookToText(JSON.stringify(old))).toBe('x = 1');
  });

  it('is named where it is none', async () => {
    expect(await documentsOf(writeFile('a.ipynb', '{"a": 1}'))).toEqual([
      ' malformed: is not a Jupyter notebook: it has no cells',
    ]);
    expect(await documentsOf(writeFile('b.ipynb', 'not json'))).toEqual([' malformed: is not a Jupyter notebook']);
  });
});

describe('subtitles', () => {
  it('are what is said', () => {
    const srt =
      '\n1\n00:00:01,000 --> 00:00:02,000\n{\\an8}<i>Hello</i>\nthere.\n\n2\n00:00:03,000 --> 00:00:04,000\nYes &amp; no\n';
    expect(subtitlesToText(srt)).toBe('Hello there.\nYes & no');
    const vtt =
      'WEBVTT - x\nKind: captions\n\nSTYLE\n::cue { color: red }\n\nNOTE a\nremark\n\nfirst\n00:01.000 --> 00:02.000 align:start\n<v Ann>Hello</v>\n\n00:02.000 --> 00:03.000\nHello\n\n01:00:02.000 --> 01:00:03.000\nagain\n';
    expect(subtitlesToText(vtt)).toBe('Hello\nagain');
    expect(subtitlesToText(srt.replaceAll('\n', '\r\n'))).toBe('Hello there.\nYes & no');
  });
});

const mail = (subject: string, ...rest: string[]): string =>
  [`From: a@example.org`, `Subject: ${subject}`, ...rest].join('\r\n');

describe('mail', () => {
  it('is its subject and its text, decoded', async () => {
    const parts = [
      'Content-Type: multipart/alternative; boundary=b',
      '',
      '--b',
      'Content-Type: text/plain; charset=iso-8859-1',
      'Content-Transfer-Encoding: quoted-printable',
      '',
      'Gr=FC=DFe',
      '--b',
      'Content-Type: text/html',
      '',
      '<p>other</p>',
      '--b--',
    ];
    expect(await documentsOf(writeFile('a.eml', mail('=?utf-8?B?w6R0?=', ...parts)))).toEqual(['ät\n\nGrüße']);
    const base64 = ['Content-Transfer-Encoding: base64', 'Content-Type: text/html', '', btoa('<p>one</p><p>two</p>')];
    expect(await documentsOf(writeFile('b.eml', mail('x', ...base64)))).toEqual(['x\n\none\n\ntwo']);
    const attached = ['Content-Type: text/plain', 'Content-Disposition: attachment; filename=a.txt', '', 'hidden'];
    expect(await documentsOf(writeFile('c.eml', mail('only', ...attached)))).toEqual(['only']);
  });

  it('comes from mailboxes, message by message, and labelled from a folder for each class', async () => {
    const box = `From a@x Mon Jan  1\n${mail('one', '', 'body', '>From here', '').replaceAll('\r', '')}\nFrom b@x Mon Jan  2\n${mail('two', '', 'text').replaceAll('\r', '')}\n`;
    expect(await documentsOf(writeFile('all.mbox', box))).toEqual(['one\n\nbody\nFrom here', 'two\n\ntext']);
    expect(await documentsOf(writeFile('all.mbox.gz', gzipSync(box)))).toHaveLength(2);
    const folder = temporaryFolder();
    writeFile('ham/all.mbox', box, folder);
    writeFile('spam/1.eml', mail('win', '', 'money'), folder);
    const { examples, manifest } = await labelled([folder]);
    expect(manifest.report.readAs).toMatchObject([{ format: 'email', encoding: null, files: 2 }]);
    expect(examples).toEqual([
      ['one\n\nbody\nFrom here', 'ham'],
      ['two\n\ntext', 'ham'],
      ['win\n\nmoney', 'spam'],
    ]);
  });
});

describe('FASTQ', () => {
  it('gives its sequences, whatever the qualities look like', async () => {
    const fastq = '@r1 first\nACGT\nAC\n+\n@@II\nI@\n@r2\nTTNA\n+r2\n>IIA\n';
    expect(await documentsOf(writeFile('a.fastq', fastq))).toEqual(['ACGTAC', 'TTNA']);
    expect(await documentsOf(writeFile('a.fq.gz', gzipSync(fastq)))).toEqual(['ACGTAC', 'TTNA']);
  });

  it('names reads that are damaged', async () => {
    const fastq = '@r1\nACGT\n+\nIIIII\n@r2\nAC1T\n+\nIIII\n@r3\nAC\n+\nI';
    expect(await documentsOf(writeFile('a.fq', fastq))).toEqual([
      '1 malformed: the read “r1” has 4 symbols and 5 qualities',
      '5 malformed: the read “r2” holds “1”, which is not a symbol of a sequence',
      '9 damaged: the read “r3” breaks off',
    ]);
    expect(await documentsOf(writeFile('b.fq', '>r1\nACGT\n'))).toEqual([
      '1 malformed: is not FASTQ: a read begins with a line “@name”',
    ]);
  });
});

describe('GenBank', () => {
  it('gives the sequence of each record', async () => {
    const record = (name: string, rows: string): string =>
      `LOCUS       ${name} 24 bp DNA\nDEFINITION  a gene\n            label=exon.\nFEATURES\n     gene            1..4\nORIGIN\n${rows}//\n`;
    const file = record('ONE', '        1 acgtacgtac gtacgtacgt\n       21 ttta\n') + record('TWO', '        1 aa\n');
    expect(await documentsOf(writeFile('a.gb', file))).toEqual(['acgtacgtacgtacgtacgtttta', 'aa']);
    expect(await documentsOf(writeFile('b.gb', record('X', '')))).toEqual(['1 empty: the record “X” has no sequence']);
    expect(await documentsOf(writeFile('c.gb', 'ID   x\n'))).toEqual([
      '1 malformed: is not a GenBank file: a record begins with LOCUS',
    ]);
  });
});

describe('labels of sequences', () => {
  const fasta = '>sp|P1|A_HUMAN one\nACGT\n>sp|P2|B_MOUSE two\nCCGT\n>sp|P3|C_HUMAN\nGGGT\n';

  it('come from headers by a pattern', async () => {
    const source = writeFile('a.fa', fasta);
    const { examples } = await labelled([source], { sequences: { headerPattern: '_([A-Z]+)' } });
    expect(examples.map(([, label]) => label)).toEqual(['HUMAN', 'MOUSE', 'HUMAN']);
    const named = await labelled([source], { sequences: { headerPattern: '(P)(?<label>\\d)' } });
    expect(named.examples.map(([, label]) => label)).toEqual(['1', '2', '3']);
    await expect(labelled([source], { sequences: { headerPattern: '(' } })).rejects.toThrow(
      'The pattern “(” for labels in headers is not valid',
    );
  });

  it('come from a table by name; those it does not have are named', async () => {
    const source = writeFile('a.fa', fasta);
    const table = writeFile('labels.tsv', 'id\tlabel\nsp|P2|B_MOUSE\tb\nsp|P1|A_HUMAN\ta\nsp|P1|A_HUMAN\tother\n');
    const { examples, manifest } = await labelled([source], { sequences: { labelTable: table } });
    expect(examples).toEqual([
      ['ACGT', 'a'],
      ['CCGT', 'b'],
    ]);
    expect(manifest.report.skipped.listed).toMatchObject([
      {
        line: 5,
        reason: 'missing-label',
        message: 'is called “sp|P3|C_HUMAN”, which the table of labels does not have',
      },
    ]);
    expect(manifest.report.notes.listed.map(({ message }) => message)).toContain(
      'gives “sp|P1|A_HUMAN” another label than before: “a” was taken',
    );
    await expect(labelled([source], { sequences: { labelTable: table, idColumn: 'gene' } })).rejects.toThrow(
      'has no column “gene”; it has “id”, “label”',
    );
  });
});
