/** Sequences of symbols: FASTA as corpora and datasets, and tokens that are characters, k-mers or symbols apart by blanks. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { Tokenizer } from 'tokenizers';
import { describe, expect, it } from 'vitest';
import { genesAsFasta } from '../genes.ts';
import { openTextCorpus } from '../../src/main/data/text/corpus.ts';
import { openTextDataset } from '../../src/main/data/text/dataset.ts';
import type { ImportTextCorpusOptions } from '../../src/main/data/text/import-corpus.ts';
import { importTextCorpus } from '../../src/main/data/text/import-corpus.ts';
import { importTextDataset } from '../../src/main/data/text/import-dataset.ts';
import { trainTokenizer } from '../trained-tokenizer.ts';
import { trainTokenizerJson } from '../../src/main/data/tokenizer/train-tokenizer.ts';
import { trainedTokenizerOptions } from '../../src/shared/spec/manifests/text-corpus.ts';
import { temporaryFolder } from './data-text-fixtures.ts';

function writeFile(name: string, content: string | Buffer, folder = temporaryFolder()): string {
  const path = join(folder, name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, content);
  return path;
}

async function corpusOf(source: string, options: Partial<ImportTextCorpusOptions> = {}) {
  const folder = join(temporaryFolder(), 'corpus');
  const manifest = await importTextCorpus({ sources: [source], folder, name: 'test', threads: 0, ...options });
  const corpus = openTextCorpus(folder);
  const documents = Array.from({ length: corpus.documentCount }, (_, index) => {
    const ids = corpus.documentTokens(index);
    return Array.from(ids, (id) => corpus.tokenizer.token(id));
  });
  corpus.close();
  return { manifest, documents };
}

async function datasetOf(sources: string[]) {
  const folder = join(temporaryFolder(), 'dataset');
  const manifest = await importTextDataset({ sources, folder, name: 'test' });
  const dataset = openTextDataset(folder);
  const examples = Array.from({ length: manifest.examples }, (_, index) => [
    dataset.text(index),
    dataset.classes[dataset.label(index)],
  ]);
  dataset.close();
  return { manifest, examples };
}

describe('a FASTA corpus', () => {
  it('has a document for each sequence, whatever its lines, and a token for each symbol', async () => {
    const source = writeFile(
      'a.fasta',
      '; made by hand\n>one first of all\nACGT\r\nAC GT\n\n>two\nAACCA\n>three\nTT-N*\n',
    );
    const { manifest, documents } = await corpusOf(source, {
      tokenizer: { minimumFrequency: 1, lowercase: false },
    });
    expect(documents.map((tokens) => tokens.join(''))).toEqual(['ACGTACGT', 'AACCA', 'TT-N*']);
    expect(manifest).toMatchObject({ documents: 3, tokens: 18, unknownTokens: 0 });
    expect(manifest.options.tokenizer).toMatchObject({ kind: 'characters' });
  });

  it('reads compressed files by their names, and k-mers with single characters at the end', async () => {
    const source = writeFile('a.fna.gz', gzipSync('>one\nACGTAC\nGTA\n>two\nACGACG\n'));
    const { documents } = await corpusOf(source, {
      tokenizer: { kind: 'k-mers', k: 3, minimumFrequency: 1, lowercase: false },
    });
    expect(documents).toEqual([
      ['ACG', 'TAC', 'GTA'],
      ['ACG', 'ACG'],
    ]);
    const rest = await corpusOf(writeFile('b.fa', '>one\nACGTACGT\n'), {
      tokenizer: { kind: 'k-mers', k: 3, minimumFrequency: 1, lowercase: false },
    });
    expect(rest.documents).toEqual([['ACG', 'TAC', 'G', 'T']]);
  });

  it('leaves out sequences with anything else in them, and says where', async () => {
    const source = writeFile('a.faa', '>good\nMKV\n>bad\nMKV\nMK7V\nMM\n>empty\n>last\nMM\n');
    const { manifest, documents } = await corpusOf(source, { tokenizer: { minimumFrequency: 1, lowercase: false } });
    expect(documents.map((tokens) => tokens.join(''))).toEqual(['MKV', 'MM']);
    expect(manifest.report.skipped).toMatchObject({
      total: 2,
      listed: [
        {
          path: source,
          line: 5,
          reason: 'malformed',
          message: 'the sequence “bad” holds “7”, which is not a symbol of a sequence',
        },
        { path: source, line: 7, reason: 'empty', message: 'the sequence “empty” has no symbols' },
      ],
    });
  });

  it('cuts a sequence of millions into parts', async () => {
    const line = 'ACGT'.repeat(5000);
    const source = writeFile('a.fa', `>long\n${`${line}\n`.repeat(220)}>short\nACG\n`);
    const { manifest } = await corpusOf(source);
    expect(manifest).toMatchObject({ documents: 3, tokens: 220 * 20_000 + 3, report: { divided: 2 } });
  });

  it('is refused where it is none', async () => {
    const source = writeFile('a.fa', '\nACGT\n>one\nACGT\n');
    await expect(corpusOf(source)).rejects.toMatchObject({
      code: 'bad-input',
      message: expect.stringContaining(`${source}, line 2: is not FASTA: a sequence begins with a header line “>name”`),
    });
    const spaced = writeFile('a.txt', '>one\nACGT\n');
    expect((await corpusOf(spaced, { format: 'fasta' })).documents).toHaveLength(1);
  });
});

describe('a FASTA dataset', () => {
  it('takes labels from headers', async () => {
    const source = writeFile(
      'a.fasta',
      '>1 label=exon length=4\nACGT\n>2|label="5\' UTR"|x\nAC\nGG\n>3 mislabel=no label=exon\nTT\n',
    );
    const { examples } = await datasetOf([source]);
    expect(examples).toEqual([
      ['ACGT', 'exon'],
      ['ACGG', "5' UTR"],
      ['TT', 'exon'],
    ]);
  });

  it('takes labels from folders or files where headers have none', async () => {
    const folder = temporaryFolder();
    writeFile('coding/a.fa', '>1\nATG\n', folder);
    writeFile('other/b.fa', '>1\nTTT\n>2 label=coding\nATGATG\n', folder);
    const expected = [
      ['ATG', 'coding'],
      ['TTT', 'other'],
      ['ATGATG', 'coding'],
    ];
    expect((await datasetOf([folder])).examples).toEqual(expected);
    const files = [writeFile('coding.fa', '>1\nATG\n'), writeFile('other.fa.gz', gzipSync('>1\nTTT\n'))];
    expect((await datasetOf(files)).examples).toEqual(expected.slice(0, 2));
  });

  it('says what to do about sequences without a label', async () => {
    const source = writeFile('a.fa', '>1\nATG\n');
    await expect(datasetOf([source])).rejects.toMatchObject({
      code: 'bad-input',
      message: expect.stringContaining(
        `${source}, line 1: has no “label=…” in its header; write one, say where it stands`,
      ),
    });
  });
});

describe.each(['symbols', 'k-mers'] as const)('a trained %s tokenizer', (kind) => {
  const texts = ['ACGT acgu 12 N', 'ACGTACGTAC', 'e4 e5 Nf3 Nc6 Bb5'];
  const options = trainedTokenizerOptions.parse({ kind, k: 2, minimumFrequency: 1, lowercase: false });

  it('encodes like the library', async () => {
    const json = await trainTokenizerJson(texts, options);
    const tokenizer = await trainTokenizer(texts, options);
    const piece = fc.oneof(
      fc.constantFrom('AC', 'GT', 'A', 'N', 'Nf3', 'e5', '?', ' ', '\n', '\u3000', 'é', '😀', 'ACG'),
      fc
        .string({ unit: 'binary', maxLength: 4 })
        .filter((text) => text.isWellFormed() && !/[\p{Cn}\p{Co}]/u.test(text)),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 12 }), async (pieces) => {
        const text = pieces.join('');
        const reference = await Tokenizer.fromString(json).encode(text, null, { addSpecialTokens: false });
        expect([...tokenizer.encode(text)]).toEqual(reference.getIds());
      }),
      { numRuns: 100 },
    );
  });

  it('knows no piece that continues another, and writes texts as they were', async () => {
    const tokenizer = await trainTokenizer(texts, options);
    const text = kind === 'symbols' ? 'e4 Nf3 ACGT' : 'ACGTACA';
    const ids = tokenizer.encode(text);
    expect(ids).toHaveLength(kind === 'symbols' ? 3 : 4);
    expect(tokenizer.decode(ids)).toBe(text);
    expect(Array.from(ids, (id) => tokenizer.isContinuation(id))).not.toContain(true);
    expect(tokenizer.spacing).toBe(kind === 'symbols' ? ' ' : '');
  });
});

it('reads a k-mer that is not in the vocabulary character by character', async () => {
  const options = trainedTokenizerOptions.parse({ kind: 'k-mers', k: 3, minimumFrequency: 2, lowercase: false });
  const tokenizer = await trainTokenizer(['ACGACGTTTTTTGGA'], options);
  const ids = tokenizer.encode('ACGGGATTTCCNA');
  expect(Array.from(ids, (id) => tokenizer.token(id))).toEqual(['ACG', 'G', 'G', 'A', 'TTT', 'C', 'C', '[UNK]', 'A']);
});

describe('made-up genes', () => {
  it('are the same every time, with letters that say nothing of the class', async () => {
    const text = genesAsFasta({ count: 200, seed: 3, labelled: true });
    expect(genesAsFasta({ count: 200, seed: 3, labelled: true })).toBe(text);
    const { examples } = await datasetOf([writeFile('genes.fa', text)]);
    const coding = examples.filter(([, label]) => label === 'coding').map(([sequence]) => sequence!);
    expect(coding).toHaveLength(100);
    for (const gene of coding) expect(gene).toMatch(/^ATG(?:(?!TAA|TAG|TGA)[ACGT]{3})+(?:TAA|TAG|TGA)$/);
    const share = (label: string, letter: string): number => {
      const all = examples
        .filter((one) => one[1] === label)
        .map(([sequence]) => sequence!)
        .join('');
      return all.split(letter).length / all.length;
    };
    for (const letter of 'ACGT') expect(share('coding', letter)).toBeCloseTo(share('random', letter), 1);
  });
});
