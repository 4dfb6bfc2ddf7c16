/** Where the branches of a pipeline meet: side by side, or added. */
import { z } from 'zod';
import { LabError } from '../../../shared/errors.ts';
import { add, concat } from '../../graph/index.ts';
import type { Value } from '../../graph/program.ts';
import { sameShape, showShape } from '../../graph/shape.ts';
import { defineBlock } from '../block.ts';

const branch = (name: string, optional: boolean) =>
  ({ name, summary: 'The result of a branch', axes: ['batch', 'length', 'features'], optional }) as const;

defineBlock({
  type: 'join-sequences',
  family: 'join',
  title: 'Join sequences',
  summary: 'Puts the vectors of two to four sequences of one length side by side, or adds them.',
  options: z.strictObject({
    how: z.enum(['side-by-side', 'add']).default('side-by-side').describe('Concatenate the features, or add them'),
  }),
  inputs: [branch('a', false), branch('b', false), branch('c', true), branch('d', true)],
  outputs: [{ name: 'sequence', summary: 'All branches', axes: ['batch', 'length', 'features'] }],
  build(_context, inputs, { how }) {
    const values = ['a', 'b', 'c', 'd'].flatMap((name) => inputs[name] ?? []) as [Value, ...Value[]]; // 'a' is required
    const [first, ...others] = values;
    const compared = ({ shape }: Value): readonly number[] => (how === 'add' ? shape : shape.slice(0, 2));
    const odd = others.find((value) => !sameShape(compared(value), compared(first)));
    if (odd) {
      const what = how === 'add' ? 'of one shape' : 'of one length';
      throw new LabError(
        'shape',
        `expects sequences ${what}, got ${showShape(first.shape)} and ${showShape(odd.shape)}`,
      );
    }
    return { sequence: how === 'add' ? values.reduce(add) : concat(values, 2) };
  },
});
