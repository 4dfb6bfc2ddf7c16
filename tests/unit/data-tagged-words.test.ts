// Tagged words from the files of annotation tools: CoNLL of several kinds, JSON lines with words and tags, texts with spans.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openTextDataset } from '../../src/main/data/text/dataset.ts';
import { importTextDataset, type ImportTextDatasetOptions } from '../../src/main/data/text/import-dataset.ts';
import { sentenceOfSpans } from '../../src/main/data/text/tagged-words.ts';
import { temporaryFolder } from './data-text-fixtures.ts';

async function importTagged(file: string, content: string, options: Partial<ImportTextDatasetOptions> = {}) {
  const root = temporaryFolder();
  writeFileSync(join(root, file), content);
  const folder = join(temporaryFolder(), 'dataset');
  await importTextDataset({ sources: [root], folder, name: 'Tags', labels: { kind: 'tags' }, ...options });
  const dataset = openTextDataset(folder);
  const sentences = Array.from({ length: dataset.size }, (_, index) => [
    dataset.text(index),
    dataset.writtenLabel(index),
  ]);
  dataset.close();
  const { skipped } = dataset.manifest.report;
  return { dataset, sentences, skipped: skipped.listed.map(({ line, message }) => `${line}: ${message}`) };
}

describe('CoNLL files', () => {
  it('have a word and its tag on each line, blank lines, and marks of documents', async () => {
    const conll = [
      '-DOCSTART- -X- O O',
      '',
      'EU NNP I-NP B-ORG',
      'rejects VBZ I-VP O',
      '',
      'Peter NNP I-NP B-PER',
      'Blackburn NNP I-NP I-PER',
      '',
      '-DOCSTART- -X- O O',
      '',
      'He PRP I-NP O',
      '',
      '',
      'broken',
      'line NN I-NP O',
      '',
    ];
    const { dataset, sentences, skipped } = await importTagged('train.conll', conll.join('\n'));
    expect(sentences).toEqual([
      ['EU rejects', 'B-ORG O'],
      ['Peter Blackburn', 'B-PER I-PER'],
      ['He', 'O'],
    ]);
    expect(skipped).toEqual(['14: has 1 column, where a word and its tag make from 2 to 10']);
    expect([...dataset.groups]).toEqual([0, 0, 2]);
    expect(dataset.manifest.targets).toEqual({
      kind: 'tags',
      tags: ['B-ORG', 'B-PER', 'I-PER', 'O'].map((name) => ({ name, words: name === 'O' ? 2 : 1 })),
    });
    const parts = await importTagged('train.conll', conll.join('\n'), { labelColumn: '2' });
    expect(parts.sentences[0]).toEqual(['EU rejects', 'NNP VBZ']);
  });

  it('may have number signs among their words, and comments', async () => {
    const spaces = [
      '# id = 7',
      'lost V O',
      '# # B-MONEY',
      '5 CD I-MONEY',
      '',
      '# id = 8',
      '# # B-MONEY',
      '3 CD I-MONEY',
      '# 2',
    ];
    expect((await importTagged('a.conll', spaces.join('\n'))).sentences).toEqual([
      ['lost # 5', 'O B-MONEY I-MONEY'],
      ['# 3', 'B-MONEY I-MONEY'],
    ]);
    const tabs = ['# text', 'is\tO', '#\tB', '1\tI', '', '#\tO', 'so it\tO', '# a comment'];
    expect((await importTagged('a.conll', tabs.join('\n'))).sentences).toEqual([
      ['is # 1', 'O B I'],
      ['# so\u00a0it', 'O O'],
    ]);
  });

  it('may be those of Universal Dependencies', async () => {
    const conllu = [
      '# text = Vámonos al mar',
      '1-2\tVámonos\t_\t_\t_\t_\t_\t_\t_\t_',
      '1\tVamos\tir\tVERB\t_\t_\t0\troot\t_\t_',
      '2\tnos\tnosotros\tPRON\t_\t_\t1\tobj\t_\t_',
      '2.1\t_\t_\t_\t_\t_\t_\t_\t_\t_',
      '3\tNew York\tmar\tPROPN\t_\t_\t1\tobl\t_\t_',
      '',
    ];
    const { sentences } = await importTagged('es.conllu', conllu.join('\r\n'));
    expect(sentences).toEqual([['Vamos nos New\u00a0York', 'VERB PRON PROPN']]);
  });
});

describe('JSON lines', () => {
  it('have words with tags, by their names or numbers', async () => {
    const lines = [
      { tokens: ['Ann', 'ran'], ner_tags: [1, 0] },
      { tokens: ['Bo'], ner_tags: [1, 0] },
      { tokens: ['It', 'ran'], ner_tags: [0, 7] },
    ];
    const names = { labels: { kind: 'tags', names: ['O', 'B-PER'] } } as const;
    const content = lines.map((line) => JSON.stringify(line)).join('\n');
    const { sentences, skipped } = await importTagged('a.jsonl', content, names);
    expect(sentences).toEqual([['Ann ran', 'B-PER O']]);
    expect(skipped).toEqual(['2: has 1 word and 2 tags', '3: has no tag for “ran”']);
  });

  it('have texts with spans, as lists or objects', async () => {
    const lines = [
      {
        text: 'Ann Lee met Bo.',
        label: [
          [0, 7, 'PER'],
          [12, 14, 'PER'],
        ],
      },
      { text: 'In Rome', spans: [{ start: 3, end: 7, label: 'LOC' }] },
      { text: 'In Rome', spans: [{ start: 3, end: 70, label: 'LOC' }] },
      {
        text: 'In old Rome',
        entities: [
          [3, 11, 'LOC'],
          [7, 11, 'LOC'],
        ],
      },
    ];
    const { sentences, skipped } = await importTagged('a.jsonl', lines.map((line) => JSON.stringify(line)).join('\n'));
    expect(sentences).toEqual([
      ['Ann Lee met Bo .', 'B-PER I-PER O B-PER O'],
      ['In Rome', 'O B-LOC'],
    ]);
    expect(skipped).toEqual([
      '3: the span 3 to 70 (LOC) is not in the text',
      '4: the span 7 to 11 (LOC) overlaps the span 3 to 11 (LOC); a word has one tag',
    ]);
  });

  it('count characters as Python does, and cut words where spans do', () => {
    expect(sentenceOfSpans('😀 Ann-Lee', [{ start: 2, end: 5, label: 'PER' }])).toEqual({
      words: ['😀', 'Ann', '-', 'Lee'],
      tags: ['O', 'B-PER', 'O', 'O'],
    });
  });
});

describe('spans that cannot be used', () => {
  const problemOf = (text: string, ...spans: Parameters<typeof sentenceOfSpans>[1]) => {
    const found = sentenceOfSpans(text, spans);
    return 'problem' in found ? found.problem : undefined;
  };

  it('are told with what is wrong', () => {
    expect(problemOf('In Rome', { start: 2, end: 3, label: 'LOC' })).toBe('the span 2 to 3 (LOC) covers no word');
    expect(problemOf('In Rome', { start: 3, end: 3, label: 'LOC' })).toBe('the span 3 to 3 (LOC) is empty');
    expect(problemOf('In Rome', { start: 3, end: 7, label: ' ' })).toBe('the span 3 to 7 has no label');
    expect(problemOf('In Rome', { start: -1, end: 7, label: 'LOC' })).toBe('the span -1 to 7 (LOC) is not in the text');
    // Bytes or UTF-16 units instead of characters.
    expect(problemOf('😀 Rome', { start: 3, end: 6, label: 'LOC', text: 'Rome' })).toBe(
      'the span 3 to 6 (LOC) says “Rome” and covers “ome”: offsets count the characters of the text',
    );
    expect(problemOf('😀 Rome', { start: 2, end: 6, label: 'LOC', text: 'Rome ' })).toBeUndefined();
  });

  it('may have other names, and a document of JSON is no JSON lines', async () => {
    const newer = { text: 'In Rome', entities: [{ id: 1, label: 'LOC', start_offset: 3, end_offset: 7 }] };
    const { sentences } = await importTagged(
      'a.jsonl',
      [newer, { text: 'So be it', label: [] }].map((one) => JSON.stringify(one)).join('\n'),
    );
    expect(sentences).toEqual([
      ['In Rome', 'O B-LOC'],
      ['So be it', 'O O O'],
    ]);
    const array = importTagged('a.json', JSON.stringify([newer]));
    await expect(array).rejects.toThrow(/JSON lines/u);
  });
});
