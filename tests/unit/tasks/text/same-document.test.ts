import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadTokenizer } from '../../../../src/main/data/tokenizer/tokenizer.ts';
import type { Feeds } from '../../../../src/main/tasks/index.ts';
import { pairTexts } from '../../../../src/main/tasks/text/describe.ts';
import { cutPassages, fewestTokens } from '../../../../src/main/tasks/text/document-passages.ts';
import { inspectPassages } from '../../../../src/main/tasks/text/passage-audit.ts';
import { buildModel } from '../../../../src/main/training/model.ts';
import type { TextFixture } from './text-fixtures.ts';
import { corpusOf, documentText, markedCorpus, marksIn } from './text-fixtures.ts';
import type { OpenedTask } from './tiny-models.ts';
import { compile, LENGTH, openTask } from './tiny-models.ts';

const type = 'masked-words-same-document';
const rows = 8;

let fixture: TextFixture;
beforeAll(async () => {
  fixture = await markedCorpus();
});
afterAll(() => fixture.remove());

const open = (options: Record<string, unknown> = {}): OpenedTask => openTask(fixture, type, options);

describe('passages of documents', () => {
  it('are at least two of each document that is long enough, equally long, inside it and without overlap', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 2000 })),
        fc.integer({ min: 16, max: 510 }),
        (lengths, capacity) => {
          let tokenOffset = 0;
          const sections = lengths.map((tokenCount, document) => {
            const section = { document, firstSentence: document, endSentence: document + 1, tokenOffset, tokenCount };
            tokenOffset += tokenCount;
            return section;
          });
          const passages = cutPassages(sections, capacity);
          const used = sections.filter(({ tokenCount }) => tokenCount >= 2 * fewestTokens);
          expect(passages.documentCount).toBe(used.length);
          let next = 0;
          used.forEach((section, document) => {
            const { first, end } = passages.passages(document);
            expect(first).toBe(next);
            expect(end - first).toBeGreaterThanOrEqual(2);
            next = end;
            let free = section.tokenOffset;
            for (let passage = first; passage < end; passage += 1) {
              expect(passages.document(passage)).toBe(document);
              expect(passages.offset(passage)).toBe(free);
              expect(passages.length(passage)).toBeLessThanOrEqual(capacity);
              expect(passages.length(passage)).toBeGreaterThanOrEqual(Math.min(capacity, fewestTokens));
              free += passages.length(passage);
            }
            expect(free).toBeLessThanOrEqual(section.tokenOffset + section.tokenCount);
          });
          expect(passages.count).toBe(next);
        },
      ),
    );
  });
});

describe('the batches of masked words and passages of one document', () => {
  const marksOf = (feeds: Feeds, row: number): string[] => [
    ...marksIn(pairTexts(loadTokenizer(fixture.tokenizerFile), feeds, row, LENGTH).join(' ')),
  ];

  it('have two different passages of one document in rows 2i and 2i + 1, and no document in two pairs', () => {
    const { sampler } = open();
    let others = 0;
    const batches = [
      ...Array.from({ length: 40 }, (_, step) => sampler.trainingBatch(3, step, rows)),
      sampler.evaluationBatch('validation', 0, 4),
    ];
    for (const feeds of batches) {
      const documents: string[] = [];
      for (let row = 0; row < feeds.weights!.length; row += 2) {
        const [left, right] = [marksOf(feeds, row), marksOf(feeds, row + 1)];
        if (left.length === 0 || right.length === 0) continue; // the mark itself may be cut
        expect(left).toHaveLength(1);
        expect(right).toEqual(left);
        const text = (index: number): string =>
          pairTexts(loadTokenizer(fixture.tokenizerFile), feeds, index, LENGTH).join(' ');
        others += Number(text(row) !== text(row + 1));
        documents.push(left[0]!);
      }
      expect(new Set(documents).size).toBe(documents.length);
    }
    expect(others).toBeGreaterThan(150);
    sampler.close();
  });

  it('are a pure function of seed and step, and evaluation is the same each time and padded with weight 0', () => {
    const plain = (feeds: Feeds): unknown => Object.fromEntries(Object.entries(feeds).map(([k, v]) => [k, [...v]]));
    const [one, two] = [open(), open()];
    const later = [5, 0, 9].map((step) => plain(one.sampler.trainingBatch(1, step, rows)));
    expect([9, 5, 0].map((step) => plain(two.sampler.trainingBatch(1, step, rows)))).toEqual([
      later[2],
      later[0],
      later[1],
    ]);
    expect(plain(one.sampler.trainingBatch(2, 5, rows))).not.toEqual(later[0]);
    const count = one.sampler.evaluationBatchCount('validation', rows);
    const last = one.sampler.evaluationBatch('validation', count - 1, rows);
    expect(plain(last)).toEqual(plain(two.sampler.evaluationBatch('validation', count - 1, rows)));
    const all = Array.from({ length: count }, (_, index) => [
      ...one.sampler.evaluationBatch('validation', index, rows).weights!,
    ]).flat();
    expect(all.join('')).toMatch(/^1+0*$/);
    expect(all.filter((weight) => weight === 1).length % 2).toBe(0);
    for (const { sampler } of [one, two]) sampler.close();
  });

  it('refuse numbers of rows that are no pairs, and corpora without two documents on each side', async () => {
    const { model, sampler } = open();
    for (const size of [2, 5]) expect(() => buildModel(model, 'training', size)).toThrow(/even number of at least 4/);
    sampler.close();
    const single = await corpusOf([documentText(0, 120)]);
    try {
      expect(() => openTask(single, type, {})).toThrow(/at least 4 documents/);
    } finally {
      await single.remove();
    }
  });
});

/** Equation 1 of the SimCLR paper, pair by pair. */
function slowContrast(embeddings: readonly (readonly number[])[], temperature: number, decoupled: boolean): number {
  const cosine = (a: readonly number[], b: readonly number[]): number =>
    a.reduce((sum, value, index) => sum + value * b[index]!, 0) / (Math.hypot(...a) * Math.hypot(...b));
  const losses = embeddings.map((own, row) => {
    const similarity = embeddings.map((other) => cosine(own, other) / temperature);
    const partner = row ^ 1;
    const others = similarity.filter((_, other) => other !== row && !(decoupled && other === partner));
    return Math.log(others.reduce((sum, value) => sum + Math.exp(value), 0)) - similarity[partner]!;
  });
  return losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
}

describe('the program of masked words and passages of one document', () => {
  it.each(['nt-xent', 'dcl'])(
    'adds the loss of masked words and the weighted %s of mean vectors',
    async (contrastLoss) => {
      const { model, sampler, settings } = open({ contrastLoss, contrastWeight: 0.5, temperature: 0.5 });
      const executable = await compile(model, 'evaluation', rows);
      const evaluation = model.task.evaluation(settings, model.facts);
      const feeds = sampler.evaluationBatch('validation', 0, rows);
      const outputs = await executable.run(feeds);
      const { data, shape } = outputs.embeddings!;
      const embeddings = Array.from({ length: rows }, (_, row) =>
        Array.from(data.subarray(row * shape[1]!, (row + 1) * shape[1]!)),
      );
      const contrast = slowContrast(embeddings, 0.5, contrastLoss === 'dcl');
      expect(outputs.sameDocumentLoss!.data[0]).toBeCloseTo(contrast, 4);
      expect(outputs.loss!.data[0]).toBeCloseTo(outputs.maskedWordsLoss!.data[0]! + 0.5 * contrast, 4);
      evaluation.add(outputs, feeds);
      const { metrics } = evaluation.result();
      expect(metrics.loss).toBeCloseTo(outputs.loss!.data[0]!, 4);
      const found = Array.from(outputs.predictions!.data).filter((other, row) => other === (row ^ 1)).length;
      expect(metrics.sameDocumentAccuracy).toBeCloseTo(found / rows, 12);
      await executable.release();
      sampler.close();
    },
  );

  it('is told from one that counts shared words by its audit, which finds marked documents by their words', async () => {
    const { model, sampler } = open();
    const executable = await compile(model, 'evaluation', rows);
    const { findings } = await inspectPassages({
      sampler,
      setup: { options: {}, dataFolder: fixture.corpus, splitSeed: 1 },
      parameters: new Map(),
      batchSize: rows,
      run: (feeds) => executable.run(feeds),
      signal: new AbortController().signal,
    });
    const value = (name: string): number => findings.find((finding) => finding.name === name)!.value;
    // Every document has a word of its own in each of its sentences.
    expect(value('other passage found, shared words')).toBeGreaterThan(0.95);
    expect(value('other passage found, network')).toBeLessThan(value('other passage found, shared words'));
    expect(findings.some(({ warning }) => warning?.includes('shared words'))).toBe(true);
    await executable.release();
    sampler.close();
  });
});
