// What is said of leaks in one line.
import { describe, expect, it } from 'vitest';
import type { RunLeaks } from '../../../src/shared/spec/leaks.ts';
import { describeLeaks } from '../../../src/shared/spec/leaks.ts';

const found = (changes: Partial<RunLeaks>): string =>
  describeLeaks({
    ...{ testExamples: 12, leaked: 0, excluded: [], unchecked: [], tooShort: 0 },
    ...{ sources: [{ name: 'mails', relation: 'training', leaked: changes.leaked ?? 0 }] },
    ...changes,
  } as RunLeaks); // the members that are read

describe('the line about leaks', () => {
  it('says how many were found, and how many are too short to tell', () => {
    expect(found({})).toBe('No leaks: none of 12 test examples occurs in the other splits');
    expect(found({ tooShort: 3 })).toMatch(/^No leaks: .* \(3 too short to tell\)$/);
    expect(found({ leaked: 1, tooShort: 11 })).toMatch(/^1 of 12 test examples also occurs .*11 too short/);
  });

  it('does not call it clean where nothing could be told', () => {
    expect(found({ tooShort: 12 })).toBe('Leaks cannot be told: all 12 test examples are too short');
  });
});
