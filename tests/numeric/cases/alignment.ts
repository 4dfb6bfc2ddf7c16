/** Uses of alignments: their losses with gradients, and the probabilities of places, which have none. */
import type { Value } from '../../../src/main/graph/index.ts';
import { monotonicAlignment, stopGradient } from '../../../src/main/graph/index.ts';
import type { CaseInput, OpCase } from '../harness.ts';

const none = -1e30;
const sizes = [6, 3, 4] as const;
const inputs: Readonly<Record<string, CaseInput>> = {
  emissions: { shape: sizes },
  /** The first example has four places, the second three, the third may end at either of two. */
  ends: { shape: [3, 4], data: [none, none, none, 0, none, none, 0, none, none, 0, 0, none] },
};

function align(title: string, given: Readonly<Record<string, CaseInput>>, output: 'losses' | 'posteriors'): OpCase {
  return {
    op: 'monotonic-alignment',
    title: `${title}: ${output}`,
    inputs: given,
    constant: output === 'losses' ? ['ends'] : ['emissions', 'ends'],
    build: ({ emissions, ends }): Value => {
      const { losses, posteriors } = monotonicAlignment(emissions!, ends!); // as the inputs are named
      return output === 'losses' ? losses : stopGradient(posteriors);
    },
  };
}

const oneWay = { emissions: { shape: [3, 2, 3] }, ends: { shape: [2, 3], data: [none, none, 0, none, none, 0] } };
const onePlace = { emissions: { shape: [4, 2, 1] }, ends: { shape: [2, 1], data: [0, 0] } };
const oneStep = { emissions: { shape: [1, 2, 2] }, ends: { shape: [2, 2], data: [0, none, 0, none] } };

export const alignmentCases: readonly OpCase[] = [
  align('texts of different lengths', inputs, 'losses'),
  align('texts of different lengths', inputs, 'posteriors'),
  align('as many steps as places', oneWay, 'losses'),
  align('as many steps as places', oneWay, 'posteriors'),
  align('one place', onePlace, 'losses'),
  align('one step', oneStep, 'posteriors'),
];
