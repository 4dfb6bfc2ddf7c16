/** What a tagger has wrong: entities, or tags of single words, with the sentences they stand in. */
import { z } from 'zod';
import { count } from './common.ts';

/** Of an entity its type, of a word its tag; null for none. */
const label = z.string().nullable();

export const tagErrorsInput = z.strictObject({
  id: z.string(),
  split: z.enum(['validation', 'test']).default('test'),
  /** Sentences with an error of this kind; with any error without it. */
  kind: z.strictObject({ actual: label, predicted: label }).optional(),
  offset: count.default(0),
  limit: z.int().min(1).max(200).default(20),
});
export type TagErrorsInput = z.output<typeof tagErrorsInput>;

const taggedWord = z.object({ word: z.string(), tag: z.string(), probability: z.number() });

export const tagErrors = z.object({
  /** Whether tags are those of entities, such as B-PER; else every word is an error of its own. */
  hasEntities: z.boolean(),
  /** The most frequent first. With equal labels the limits of an entity are wrong. */
  kinds: z.array(z.object({ actual: label, predicted: label, count })),
  /** Sentences of the kind that was asked for. */
  total: count,
  sentences: z.array(z.object({ actual: z.array(taggedWord), predicted: z.array(taggedWord) })),
});
export type TagErrors = z.output<typeof tagErrors>;
