// What the guided start says of dropped files, for how long it trains, and how it names things; and whether two models agree.
import { describe, expect, it } from 'vitest';
import { agreementWords } from '../../../src/renderer/src/features/demos/agreement.ts';
import { describeFound, fitToMinutes, freeName } from '../../../src/renderer/src/features/start/start-plan.ts';
import type { ImportRequest, Inspection } from '../../../src/shared/contract/materials.ts';

function inspected(changes: Partial<Inspection> = {}): Inspection {
  return {
    files: { total: 40, bytes: 4000, byExtension: {}, listed: [], ignored: 0 },
    suggestion: null,
    table: null,
    model: null,
    text: null,
    tagged: null,
    images: null,
    sounds: null,
    problems: [],
    ...changes,
  };
}

const classes = (...names: readonly string[]) => names.map((name) => ({ name, count: 20 }));
const request = (kind: ImportRequest['kind']) => ({ kind, name: 'data', sources: ['/data'] }) as ImportRequest; // no other option matters

describe('what was dropped', () => {
  it('is told with its labels, as far as they can be listed', () => {
    const images = { classes: classes('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'), pictures: [] };
    expect(describeFound(request('image-dataset'), inspected({ images }), false)).toMatchObject({
      title: 'Pictures with labels',
      details: '40 files: a, b, c, d, e, f and 2 more',
      isLabelled: true,
      refusal: null,
    });
    expect(describeFound(request('text-corpus'), inspected(), false)).toMatchObject({
      title: 'Text without labels',
      details: '40 files',
      refusal: null,
    });
  });

  it('cannot teach labels without any, nor with one class', () => {
    expect(describeFound(request('text-corpus'), inspected(), true).refusal).toMatch(/no labels/);
    const sounds = { total: 3, classes: classes('only'), recordings: [] };
    expect(describeFound(request('audio-dataset'), inspected({ sounds }), false).refusal).toMatch(/at least two/);
  });
});

describe('a training of a few minutes', () => {
  it('is cut in proportion, and left alone where it is short or its time is not known', () => {
    const spec = { training: { steps: 4000, batchSize: 8 } };
    expect(fitToMinutes(spec, 720, 4000)).toEqual({ training: { steps: 1000, batchSize: 8 } });
    expect(fitToMinutes(spec, 100, 4000)).toBe(spec);
    expect(fitToMinutes(spec, null, 4000)).toBe(spec);
    expect(fitToMinutes({ training: { epochs: 10 } }, 360, 5000)).toEqual({ training: { epochs: 5 } });
    // Less than an epoch of much data is told in steps.
    expect(fitToMinutes({ training: { epochs: 10 } }, 3600, 20_000)).toEqual({ training: { steps: 1000 } });
  });

  it('still learns something on a computer that is busy', () => {
    expect(fitToMinutes({ training: { steps: 1000 } }, 7200, 1000)).toEqual({ training: { steps: 400 } });
    const short = { training: { steps: 300 } };
    expect(fitToMinutes(short, 7200, 300)).toBe(short);
    const few = { training: { epochs: 10 } };
    expect(fitToMinutes(few, 7200, 80)).toBe(few);
    expect(fitToMinutes(few, 7200, 800)).toEqual({ training: { epochs: 5 } });
  });
});

it('a name that is taken gets the next number', () => {
  expect(freeName('mails', new Set())).toBe('mails');
  expect(freeName('mails', new Set(['mails', 'mails-2']))).toBe('mails-3');
});

describe('two models', () => {
  const said = (question: string, ...labels: readonly string[]) => ({
    question,
    choices: labels.map((label) => ({ label, probability: 0.5 })),
  });

  it('agree where the first answers to the same questions are the same', () => {
    expect(agreementWords([said('Class', 'spam', 'ham')], [said('Class', 'spam')])).toBe('Both say the same.');
    expect(agreementWords([said('Class', 'spam')], [said('Class', 'ham')])).toBe('They say different things.');
    const [first, second] = [
      [said('[MASK1]', 'a'), said('[MASK2]', 'b')],
      [said('[MASK1]', 'a'), said('[MASK2]', 'c')],
    ];
    expect(agreementWords(first, second)).toBe('The same first answer to 1 of 2 questions.');
  });

  it('are not compared over other questions, nor without choices', () => {
    expect(agreementWords([said('Class', 'spam')], [said('Label', 'spam')])).toBe('');
    expect(agreementWords([said('Number')], [said('Number')])).toBe('');
    expect(agreementWords([said('Class', 'spam')], [])).toBe('');
  });
});
