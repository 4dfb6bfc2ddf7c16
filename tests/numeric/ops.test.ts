/** Every op on both engines, forward and backward, against float64 references. */
import { describe, expect, it } from 'vitest';
import { registeredOps } from '../../src/main/graph/op.ts';
import { alignmentCases } from './cases/alignment.ts';
import { elementwiseCases } from './cases/elementwise.ts';
import { imageCases } from './cases/images.ts';
import { layerCases } from './cases/layers.ts';
import { recurrenceCases } from './cases/recurrence.ts';
import { structuralCases } from './cases/structural.ts';
import { checkCase } from './harness.ts';

const cases = [
  ...elementwiseCases,
  ...structuralCases,
  ...layerCases,
  ...imageCases,
  ...recurrenceCases,
  ...alignmentCases,
];

describe('every op', () => {
  it('has a case here', () => {
    const covered = new Set(cases.map(({ op }) => op));
    const missing = [...registeredOps().keys()].filter((name) => !covered.has(name));
    expect(missing).toEqual([]);
  });
});

describe.each([...Map.groupBy(cases, ({ op }) => op)])('%s', (_op, own) => {
  it.each(own.map((opCase) => [opCase.title, opCase] as const))('%s', async (_title, opCase) => {
    await checkCase(opCase);
  });
});
