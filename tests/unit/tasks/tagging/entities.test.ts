// Entities in tags, whole and damaged, beside seqeval (recorded by `scripts/record-seqeval.py`).
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { describe, expect, it } from 'vitest';
import type { EntityCounts } from '../../../../src/main/tasks/tagging/entities.ts';
import {
  areEntityTags,
  countEntities,
  entitiesOf,
  entityMetrics,
  repairedTags,
  tagNormaliser,
  totalOf,
} from '../../../../src/main/tasks/tagging/entities.ts';

const sequences = z.array(z.array(z.string()));
const recorded = z.array(
  z.object({
    truth: sequences,
    answers: sequences,
    entities: z.array(z.array(z.tuple([z.string(), z.int(), z.int()]))),
    metrics: z.record(z.string(), z.tuple([z.number(), z.number(), z.number(), z.number()])),
  }),
);
const file = path.resolve(import.meta.dirname, '../../../fixtures/seqeval.json');
const cases = recorded.parse(JSON.parse(readFileSync(file, 'utf8')));

describe('entities', () => {
  it.each(cases.map((one, index) => [index, one] as const))(
    'are those of seqeval, case %i',
    (_, { truth, answers, entities, metrics }) => {
      expect(answers.map((tags) => entitiesOf(tags).map(({ type, from, to }) => [type, from, to]))).toEqual(entities);
      const counts = new Map<string, EntityCounts>();
      truth.forEach((tags, index) => {
        countEntities(counts, entitiesOf(tags), entitiesOf(answers[index]!));
      });
      const { micro, ...byType } = metrics;
      const shown = ({ precision, recall, f1, support }: ReturnType<typeof entityMetrics>) => [
        precision,
        recall,
        f1,
        support,
      ];
      shown(totalOf(counts)).forEach((value, index) => expect(value).toBeCloseTo(micro![index]!, 12));
      for (const [type, expected] of Object.entries(byType)) {
        shown(entityMetrics(counts.get(type)!)).forEach((value, index) =>
          expect(value).toBeCloseTo(expected[index]!, 12),
        );
      }
    },
  );

  it('are repaired to tags that may follow each other, and stay the same entities', () => {
    const damaged = ['I-PER', 'E-PER', 'I-LOC', 'O', 'E-LOC', 'S-PER', 'I-PER'];
    const repaired = repairedTags(damaged);
    expect(repaired).toEqual(['B-PER', 'I-PER', 'B-LOC', 'O', 'B-LOC', 'B-PER', 'B-PER']);
    expect(entitiesOf(repaired)).toEqual(entitiesOf(damaged));
  });

  it('are told from parts of speech by their tags', () => {
    expect(areEntityTags(['O', 'B-PER', 'I-PER'])).toBe(true);
    expect(areEntityTags(['NN', 'VB'])).toBe(false);
    expect(areEntityTags(['O'])).toBe(false);
  });

  it('may be written as BILOU, and without a type', () => {
    const read = (...tags: string[]) => tags.map(tagNormaliser(tags));
    expect(read('U-PER', 'L-PER', 'B-PER', 'U')).toEqual(['S-PER', 'E-PER', 'B-PER', 'U']);
    expect(read('B', 'I', 'O')).toEqual(['B-entity', 'I-entity', 'O']);
    expect(read('B', 'L', 'U', 'O')).toEqual(['B-entity', 'E-entity', 'S-entity', 'O']);
    // Parts of speech of one letter.
    expect(read('B', 'N', 'O')).toEqual(['B', 'N', 'O']);
  });
});
