/** Residual units: what two convolutions add to their input (K. He, X. Zhang, S. Ren, J. Sun 2016). */
import { z } from 'zod';
import { add, relu, sizeAt } from '../../graph/index.ts';
import type { Value } from '../../graph/program.ts';
import { withScope } from '../../graph/program.ts';
import type { BuildContext } from '../block.ts';
import { defineBlock } from '../block.ts';
import { batchNormalizationLayer, batchNormalizationOptions, convolutionLayer } from '../image-layers.ts';
import { initialisationOption } from '../layers.ts';

const options = z.strictObject({
  channels: z.int().positive().default(32).describe('Channels of the result'),
  units: z.int().positive().default(1).describe('Residual units, one after the other'),
  stride: z.int().positive().default(1).describe('Pixels from one place to the next, in the first unit'),
  ...batchNormalizationOptions,
  initialisation: initialisationOption.default('he'),
});

type Options = z.output<typeof options>;

defineBlock({
  type: 'residual',
  family: 'convolution',
  title: 'Residual units',
  summary:
    'Units of two 3 × 3 convolutions with batch normalisation, added to their own input (He et al. 2016). Where sizes change, the input passes through a 1 × 1 convolution.',
  options,
  inputs: [{ name: 'map', summary: 'Feature map', axes: ['batch', 'channels', 'height', 'width'] }],
  outputs: [{ name: 'map', summary: 'Feature map', axes: ['batch', 'channels', 'height', 'width'] }],
  build(context, { map }, settings) {
    let x = map!; // the port is required
    for (let index = 0; index < settings.units; index++) {
      const stride = index === 0 ? settings.stride : 1;
      x = withScope(context.program, `layer.${index}`, () => residualUnit(context, x, stride, settings));
    }
    return { map: x };
  },
});

function residualUnit(context: BuildContext, x: Value, stride: number, settings: Options): Value {
  const { channels, initialisation } = settings;
  const convolve = (value: Value, name: string, size: number, step: number): Value =>
    withScope(context.program, name, () => {
      const filtered = convolutionLayer(value, 'convolution', {
        channels,
        initialisation,
        kernel: [size, size],
        stride: step,
        padding: size === 1 ? 'valid' : 'same',
        bias: false,
      });
      return batchNormalizationLayer(filtered, 'normalisation', context, settings);
    });
  const change = convolve(relu(convolve(x, 'first', 3, stride)), 'second', 3, 1);
  const fits = stride === 1 && sizeAt(x.shape, 1) === channels;
  return relu(add(change, fits ? x : convolve(x, 'shortcut', 1, stride)));
}
