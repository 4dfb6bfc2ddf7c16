/** Convolutions along a sequence: filters over windows of words (Kim 2014) or of sound. */
import { z } from 'zod';
import { add, concat, convolution1d, multiply, reshape, sizeAt, transpose } from '../../graph/index.ts';
import type { Value } from '../../graph/program.ts';
import { parameter, withScope } from '../../graph/program.ts';
import { defineBlock } from '../block.ts';
import { weightInitialiser } from '../initialisers.ts';
import { activationOption, activations, dropoutLayer, dropoutOption, initialisationOption } from '../layers.ts';

const options = z.strictObject({
  kernels: z
    .array(z.int().positive().max(64))
    .min(1)
    .default([3, 4, 5])
    .describe('Sizes of the windows, in positions; the results of several are put side by side'),
  channels: z.int().positive().default(100).describe('Number of filters of each size'),
  dilation: z.int().positive().default(1).describe('Positions between the weights of a filter'),
  activation: activationOption.default('relu'),
  dropout: dropoutOption.default(0).describe('Dropout of the results while training'),
  initialisation: initialisationOption.default('he'),
});

defineBlock({
  type: 'sequence-convolution',
  family: 'convolution',
  title: 'Sequence convolution',
  summary:
    'Learned filters over windows of a sequence, of one or several sizes (Kim 2014). The sequence keeps its length; padding counts as zeros.',
  options,
  ignoresPadding: true,
  inputs: [
    { name: 'sequence', summary: 'A vector for each position', axes: ['batch', 'length', 'features'] },
    { name: 'mask', summary: '1 at real positions, 0 at padding', axes: ['batch', 'length'], optional: true },
  ],
  outputs: [{ name: 'sequence', summary: 'The filters at each position', axes: ['batch', 'length', 'features'] }],
  build(context, { sequence, mask }, { kernels, channels, dilation, activation, dropout, initialisation }) {
    const { program, mode } = context;
    const x = sequence!; // the port is required
    const features = sizeAt(x.shape, 2);
    const real = mask ? multiply(x, reshape(mask, [...mask.shape, 1])) : x;
    const rows = transpose(real, [0, 2, 1]);
    const results = [...new Set(kernels)].map((size) =>
      withScope(program, `window.${String(size)}`, () => {
        const kernel = parameter(program, 'kernel', [channels, features, size], {
          initialiser: weightInitialiser(initialisation, size * features, size * channels),
        });
        const bias = parameter(program, 'bias', [channels], { initialiser: { type: 'zeros' } });
        return add(convolution1d(rows, kernel, { padding: 'same', dilation }), reshape(bias, [1, channels, 1]));
      }),
    );
    const joined = results.length === 1 ? results[0]! : concat(results as [Value, ...Value[]], 1); // there is at least one size
    const active = activations[activation](transpose(joined, [0, 2, 1]));
    return { sequence: dropoutLayer(active, dropout, mode) };
  },
});
