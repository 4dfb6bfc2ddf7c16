// Completion in experiment files: what may be written where the cursor stands, from the schema that editors get.
import { describe, expect, it } from 'vitest';
import {
  completionsAt,
  lineOfPath,
  placeAtEnd,
} from '../../../src/renderer/src/features/experiments/spec-completion.ts';
import type { JsonSchema } from '../../../src/shared/spec/problems.ts';

const schema: JsonSchema = {
  properties: {
    name: {},
    task: {
      anyOf: [
        { properties: { type: { const: 'masked-words' }, maskProbability: { description: 'Share of hidden tokens' } } },
        { properties: { type: { const: 'next-word' }, stride: {} } },
      ],
    },
    training: {
      properties: {
        steps: {},
        averaging: { type: 'boolean' },
        optimizer: { properties: { type: { enum: ['adamw', 'lion'] } } },
      },
    },
    pipeline: { properties: { blocks: { items: { properties: { id: {}, type: { enum: ['linear', 'pooling'] } } } } } },
  },
};
const labels = (text: string, value: unknown = {}): readonly string[] => {
  const place = placeAtEnd(text);
  return place ? completionsAt(place, schema, value).map(({ label }) => label) : [];
};

describe('completion', () => {
  it('names the options of the part that is written, by its indentation', () => {
    expect(labels('na')).toEqual(['name', 'task', 'training', 'pipeline']);
    expect(labels('training:\n  steps: 3\n  op')).toEqual(['steps', 'averaging', 'optimizer']);
    expect(labels('training:\n  optimizer:\n    ty')).toEqual(['type']);
    expect(labels('training:\n  optimizer:\n    type: lion\n  st')).toEqual(['steps', 'averaging', 'optimizer']);
    expect(labels('training:\n  steps: 3\nna')).toEqual(['name', 'task', 'training', 'pipeline']);
  });

  it('offers the values that an option can have', () => {
    expect(labels('training:\n  optimizer:\n    type: l')).toEqual(['adamw', 'lion']);
    expect(labels('training:\n  averaging: ')).toEqual(['true', 'false']);
    expect(labels('training:\n  steps: ')).toEqual([]);
  });

  it('knows the options of the task that is chosen alone', () => {
    expect(labels('task:\n  type: next-word\n  s', { task: { type: 'next-word' } })).toEqual(['type', 'stride']);
    const place = placeAtEnd('task:\n  m')!;
    const found = completionsAt(place, schema, { task: { type: 'masked-words' } });
    expect(found.find(({ label }) => label === 'maskProbability')?.about).toBe('Share of hidden tokens');
  });

  it('looks into lists', () => {
    expect(labels('pipeline:\n  blocks:\n    - id: a\n      ty')).toEqual(['id', 'type']);
    expect(labels('pipeline:\n  blocks:\n    - id: a\n      type: p')).toEqual(['linear', 'pooling']);
    expect(labels('pipeline:\n  blocks:\n    - i')).toEqual(['id', 'type']);
  });

  it('has nothing to offer within comments and texts', () => {
    expect(placeAtEnd('# na')).toBeUndefined();
    expect(placeAtEnd('name: "a b')).toBeUndefined();
  });
});

describe('the line of an option', () => {
  const yaml =
    'name: a\ntask:\n  type: x\ntraining:\n  steps: 3\n  optimizer:\n    type: y\npipeline:\n  blocks:\n    - id: a\n      type: b\n    - id: c\n';

  it('is found by its path', () => {
    expect(lineOfPath(yaml, ['name'])).toBe(1);
    expect(lineOfPath(yaml, ['training', 'optimizer', 'type'])).toBe(7);
    expect(lineOfPath(yaml, ['pipeline', 'blocks', 0, 'type'])).toBe(11);
    expect(lineOfPath(yaml, ['pipeline', 'blocks', 1, 'id'])).toBe(12);
    expect(lineOfPath(JSON.stringify({ a: 1, b: { c: 2 } }, null, 2), ['b', 'c'])).toBe(4);
  });

  it('is the nearest around what is missing', () => {
    expect(lineOfPath(yaml, ['task', 'steps'])).toBe(2);
    expect(lineOfPath(yaml, ['data'])).toBeUndefined();
  });
});
