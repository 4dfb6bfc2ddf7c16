/** Residual units: what two or three convolutions add to their input (K. He, X. Zhang, S. Ren, J. Sun 2016). */
import { z } from 'zod';
import { LabError } from '../../../shared/errors.ts';
import { add, relu, sizeAt } from '../../graph/index.ts';
import type { Value } from '../../graph/program.ts';
import { withScope } from '../../graph/program.ts';
import type { BuildContext } from '../block.ts';
import { defineBlock } from '../block.ts';
import { convolutionUnit, unitPaddingOption } from '../convolution-unit.ts';
import { batchNormalizationOptions } from '../image-layers.ts';
import { initialisationOption } from '../layers.ts';

const options = z.strictObject({
  channels: z.int().positive().default(32).describe('Channels of the result'),
  units: z.int().positive().default(1).describe('Residual units, one after the other'),
  stride: z.int().positive().default(1).describe('Pixels from one place to the next, in the first unit'),
  padding: unitPaddingOption.default('same'),
  ...batchNormalizationOptions,
  initialisation: initialisationOption.default('he'),
});

type Options = z.output<typeof options>;

const map = { name: 'map', summary: 'Feature map', axes: ['batch', 'channels', 'height', 'width'] } as const;

defineBlock({
  type: 'residual',
  family: 'convolution',
  title: 'Residual units',
  summary:
    'Units of two 3 × 3 convolutions with batch normalisation, added to their own input (He et al. 2016). Where sizes change, the input passes through a 1 × 1 convolution.',
  options,
  inputs: [map],
  outputs: [map],
  build: (context, inputs, settings) => ({
    map: residualUnits(context, inputs.map!, settings, (x, stride) => {
      const first = unit(context, x, 'first', settings, { kernel: 3, stride, activation: 'relu' });
      return unit(context, first, 'second', settings, { kernel: 3 });
    }),
  }),
});

const bottleneckOptions = z.strictObject({
  ...options.shape,
  channels: z.int().positive().default(256).describe('Channels of the result'),
  reduction: z.int().positive().default(4).describe('How many times fewer channels the 3 × 3 convolution works on'),
});

defineBlock({
  type: 'bottleneck',
  family: 'convolution',
  title: 'Bottleneck residual units',
  summary:
    'Units of a 1 × 1 convolution to fewer channels, a 3 × 3 convolution that has the stride, and a 1 × 1 convolution back, added to their own input (He et al. 2016, the units of ResNet-50).',
  options: bottleneckOptions,
  inputs: [map],
  outputs: [map],
  build(context, inputs, settings) {
    const { channels, reduction } = settings;
    if (channels % reduction !== 0) {
      throw new LabError('bad-spec', `${channels} channels cannot be reduced ${reduction} times: make one a multiple`);
    }
    const narrow = { channels: channels / reduction, activation: 'relu' } as const;
    return {
      map: residualUnits(context, inputs.map!, settings, (x, stride) => {
        const first = unit(context, x, 'first', settings, { ...narrow, kernel: 1 });
        const second = unit(context, first, 'second', settings, { ...narrow, kernel: 3, stride });
        return unit(context, second, 'third', settings, { kernel: 1 });
      }),
    };
  },
});

function unit(
  context: BuildContext,
  x: Value,
  name: string,
  settings: Options,
  own: Pick<Parameters<typeof convolutionUnit>[3], 'kernel' | 'stride' | 'activation'> & { channels?: number },
): Value {
  return convolutionUnit(context, x, name, { ...settings, stride: 1, ...own });
}

/** relu(f(x) + x) for each unit; where f changes the size, x goes through a 1 × 1 convolution. */
function residualUnits(
  context: BuildContext,
  map: Value,
  settings: Options,
  f: (x: Value, stride: number) => Value,
): Value {
  let x = map;
  for (let index = 0; index < settings.units; index++) {
    const stride = index === 0 ? settings.stride : 1;
    x = withScope(context.program, `layer.${index}`, () => {
      const fits = stride === 1 && sizeAt(x.shape, 1) === settings.channels;
      const change = f(x, stride);
      return relu(add(change, fits ? x : unit(context, x, 'shortcut', settings, { kernel: 1, stride })));
    });
  }
  return x;
}
