// Pairs of sequences from aligned FASTA and from tables: what is kept of them, and what is left out, by its line.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { alignedPair, alignedRows, cigarOf, readCigar } from '../../src/main/data/text/aligned-pair.ts';
import { openTextDataset } from '../../src/main/data/text/dataset.ts';
import { importTextDataset, type ImportTextDatasetOptions } from '../../src/main/data/text/import-dataset.ts';
import { homologousFamilies, membersAsFasta, pairsAsFasta } from '../../src/main/data/samples/homologous-families.ts';
import { temporaryFolder } from './data-text-fixtures.ts';

async function importPairs(file: string, content: string, options: Partial<ImportTextDatasetOptions> = {}) {
  const root = temporaryFolder();
  writeFileSync(join(root, file), content);
  const folder = join(temporaryFolder(), 'dataset');
  await importTextDataset({ sources: [root], folder, name: 'Pairs', labels: { kind: 'alignments' }, ...options });
  const dataset = openTextDataset(folder);
  const pairs = Array.from({ length: dataset.size }, (_, index) => [
    dataset.text(index),
    dataset.textPair(index),
    dataset.writtenLabel(index),
  ]);
  dataset.close();
  const { skipped } = dataset.manifest.report;
  return { dataset, pairs, skipped: skipped.listed.map(({ line, message }) => `${line}: ${message}`) };
}

describe('aligned FASTA', () => {
  it('has a pair in each two records, aligned, related or unrelated', async () => {
    const fasta = [
      '>a family=x\nMKV-LA\n',
      '>b family=x\nM-VQ.A\n',
      '>c label=unrelated\nACDE\n>d\nGHI-KLMN\n',
      '>e label=related\nACDEF\n>f label=related\nGHIKLMN\n',
    ].join('');
    const { dataset, pairs, skipped } = await importPairs('pairs.fasta', fasta);
    expect(skipped).toEqual([]);
    expect(pairs).toEqual([
      ['MKVLA', 'MVQA', '1M1D1M1D1I1M'],
      ['ACDE', 'GHIKLMN', 'unrelated'],
      ['ACDEF', 'GHIKLMN', 'related'],
    ]);
    expect(dataset.manifest.targets).toEqual({
      kind: 'alignments',
      related: 2,
      unrelated: 1,
      aligned: 1,
      alignedPairs: 3,
    });
    expect(dataset.manifest.pairs).toBe(true);
  });

  it('names what cannot be used by its line, and goes on with the next pair', async () => {
    const fasta = [
      ...['>a', 'MK-', '>b', 'MKVL'],
      ...['>c', '---', '>d', 'MKV'],
      ...['>e', 'M1V', '>f', 'MKV'],
      ...['>g', 'MK--', '>h', '--MK'],
      ...['>i label=maybe', 'MK', '>j', 'MK'],
      ...['>k label=related', 'MK', '>l label=unrelated', 'MK'],
      ...['>m', 'MK', '>n', 'MR', '>o', 'MKV'],
    ].join('\n');
    const { pairs, skipped } = await importPairs('pairs.fa', fasta);
    expect(pairs).toEqual([['MK', 'MR', '2M']]);
    expect(skipped).toEqual([
      '1: “a” and “b”: the rows of the pair have 3 and 4 columns: those of an alignment have as many, with - for a gap',
      '5: “c” and “d”: the first sequence is gaps only',
      '10: the sequence “e” holds “1”, which is not a symbol of a sequence; its pair is left out',
      '13: “g” and “h”: no residue of the one sequence stands above one of the other',
      '17: “i” and “j”: “maybe” is neither related nor unrelated',
      '21: the headers of “k” and “l” say “related” and “unrelated”',
      '29: the sequence “o” has no partner: the file has an odd number of records, and each pair is two, one after the other',
    ]);
  });

  it('needs an alignment', async () => {
    await expect(importPairs('pairs.fasta', '>a label=0\nMK\n>b\nMR\n')).rejects.toThrow(/No pair is aligned/);
  });

  it('keeps families and sequences on one side of a split', async () => {
    const fasta = '>a family=1\nMK\n>b\nMR\n>c family=1\nAC\n>d\nAD\n>e\nAD\n>f\nGH\n>g\nKL\n>h\nKM\n';
    const { dataset } = await importPairs('pairs.fasta', fasta);
    const [first, second, third, fourth] = dataset.groups;
    expect([second, third]).toEqual([first, first]);
    expect(fourth).not.toBe(first);
    expect(dataset.manifest.groups).toBe(1);
  });
});

describe('tables of pairs', () => {
  it('have a column for each row of the alignment, and one that may say whether they are related', async () => {
    const table = 'x,y,same\nMK-V,M-RV,1\nACD,EF,no\nAB,ABC,yes\nA-B,ABC,2\nA?,AB,1\n';
    const columns = { textColumn: 'x', pairColumn: 'y' };
    const { pairs, skipped } = await importPairs('pairs.csv', table, { ...columns, labelColumn: 'same' });
    expect(pairs).toEqual([
      ['MKV', 'MRV', '1M1D1I1M'],
      ['ACD', 'EF', 'unrelated'],
      ['AB', 'ABC', 'related'],
    ]);
    expect(skipped).toEqual([
      '5: “2” is neither related nor unrelated',
      '6: the first sequence holds “?”, which is not a symbol of a sequence',
    ]);
    const plain = await importPairs('pairs.csv', 'text,pair\nMK,MR\nAB,ABC\n');
    expect(plain.pairs).toEqual([['MK', 'MR', '2M']]);
    expect(plain.skipped).toHaveLength(1);
  });
});

describe('alignments as CIGAR strings', () => {
  it('are one for each set of aligned pairs', () => {
    const read = (first: string, second: string) => alignedPair(first, second, '');
    expect(read('A-CD', 'AE-D')).toEqual(read('AC-D', 'A-ED'));
    expect(read('--AC', 'EFAC')).toMatchObject({ label: '2I2M' });
    expect(readCigar('2M3D1I4M')).toEqual({
      aligned: Int32Array.of(0, 1, -1, -1, -1, 3, 4, 5, 6),
      secondLength: 7,
      pairs: 6,
      opened: 2,
      extended: 2,
    });
    expect(readCigar('unrelated')).toBeUndefined();
    expect(cigarOf([0, 1, -1, -1, -1, 3, 4, 5, 6], 7)).toBe('2M3D1I4M');
    expect(alignedRows('ACD', 'AED', [0, -1, 2])).toMatchObject({ first: 'AC-D', second: 'A-ED' });
  });
});

describe('families of sequences', () => {
  const options = {
    ...({ alphabet: 'protein', families: 6, members: 5, pairs: 4 } as const),
    ...{ shortest: 30, longest: 40, divergence: 1, seed: 3 },
  };

  it('are the same for a seed, and stay apart from the pairs', () => {
    const made = homologousFamilies(options);
    expect(homologousFamilies(options)).toEqual(made);
    expect(homologousFamilies({ ...options, seed: 4 })).not.toEqual(made);
    expect(made.members).toHaveLength(30);
    const related = made.pairs.filter(({ isRelated }) => isRelated);
    expect(related).toHaveLength(24);
    expect(made.pairs.length - related.length).toBe(12);
    const unlabelled = new Set(made.members.map(({ residues }) => residues));
    for (const { first, second } of made.pairs) {
      for (const { row } of [first, second]) expect(unlabelled.has(row.replaceAll('-', ''))).toBe(false);
    }
  });

  it('are imported as they are, with rows of one length', async () => {
    const { pairs: made, members } = homologousFamilies(options);
    const { pairs, skipped, dataset } = await importPairs('pairs.fasta', [...pairsAsFasta(made)].join(''));
    expect(skipped).toEqual([]);
    expect(pairs).toHaveLength(made.length);
    expect(dataset.manifest.groups).toBe(2);
    expect([...membersAsFasta(members)]).toHaveLength(30);
  });

  it('of nucleotides change by transitions more often than by all transversions', () => {
    const { pairs } = homologousFamilies({ ...options, alphabet: 'dna', pairs: 40, divergence: 0.1 });
    const counts = { transitions: 0, transversions: 0 };
    for (const { isRelated, first, second } of pairs) {
      if (!isRelated) continue;
      for (const [place, a] of Array.from(first.row).entries()) {
        const b = second.row[place]!;
        if (a === b || a === '-' || b === '-') continue;
        counts['AG'.includes(a) === 'AG'.includes(b) ? 'transitions' : 'transversions'] += 1;
      }
    }
    expect(counts.transitions).toBeGreaterThan(1.5 * counts.transversions);
  });
});
