/** Inverted residual units (M. Sandler, A. Howard, M. Zhu, A. Zhmoginov, L.-C. Chen, "MobileNetV2", CVPR 2018), and the depthwise convolution in them. */
import { z } from 'zod';
import { add, sizeAt } from '../../graph/index.ts';
import type { Value } from '../../graph/program.ts';
import { withScope } from '../../graph/program.ts';
import type { BuildContext } from '../block.ts';
import { defineBlock } from '../block.ts';
import { convolutionUnit, unitPaddingOption } from '../convolution-unit.ts';
import { batchNormalizationOptions } from '../image-layers.ts';
import { activationOption, initialisationOption } from '../layers.ts';

const oddSize = z
  .int()
  .min(1)
  .max(31)
  .refine((size) => size % 2 === 1, { message: 'must be odd' });

const shared = {
  kernel: oddSize.default(3).describe('Size of the depthwise filters in pixels, odd'),
  padding: unitPaddingOption.default('same'),
  activation: activationOption.default('relu6'),
  ...batchNormalizationOptions,
  initialisation: initialisationOption.default('he'),
};

const options = z.strictObject({
  channels: z.int().positive().default(32).describe('Channels of the result'),
  expansion: z.int().positive().default(6).describe('How many times more channels the depthwise convolution works on'),
  units: z.int().positive().default(1).describe('Units, one after the other'),
  stride: z.int().positive().default(1).describe('Pixels from one place to the next, in the first unit'),
  ...shared,
});

const map = { name: 'map', summary: 'Feature map', axes: ['batch', 'channels', 'height', 'width'] } as const;

defineBlock({
  type: 'inverted-residual',
  family: 'convolution',
  title: 'Inverted residual units',
  summary:
    'Units of a 1 × 1 convolution to more channels, a depthwise convolution and a 1 × 1 convolution to few channels without an activation, added to their own input where the size stays (Sandler et al. 2018, MobileNetV2; also EfficientNet-Lite).',
  options,
  inputs: [map],
  outputs: [map],
  build(context, inputs, settings) {
    let x = inputs.map!; // the port is required
    for (let index = 0; index < settings.units; index++) {
      const stride = index === 0 ? settings.stride : 1;
      x = withScope(context.program, `layer.${index}`, () => invertedUnit(context, x, stride, settings));
    }
    return { map: x };
  },
});

function invertedUnit(context: BuildContext, x: Value, stride: number, settings: z.output<typeof options>): Value {
  const inputs = sizeAt(x.shape, 1);
  const wide = { ...settings, channels: inputs * settings.expansion, stride: 1 };
  const expanded = settings.expansion === 1 ? x : convolutionUnit(context, x, 'expand', { ...wide, kernel: 1 });
  const filtered = convolutionUnit(context, expanded, 'depthwise', { ...wide, stride, groups: wide.channels });
  const narrow = { ...settings, kernel: 1, stride: 1, activation: 'identity' } as const;
  const projected = convolutionUnit(context, filtered, 'project', narrow);
  return stride === 1 && inputs === settings.channels ? add(projected, x) : projected;
}

defineBlock({
  type: 'depthwise-convolution',
  family: 'convolution',
  title: 'Depthwise convolution',
  summary:
    'One learned filter for each channel, so that channels do not mix (Howard et al. 2017), then batch normalisation and an activation. A 1 × 1 convolution usually follows.',
  options: z.strictObject({
    stride: z.int().positive().default(1).describe('Pixels from one place to the next'),
    ...shared,
  }),
  inputs: [map],
  outputs: [map],
  build(context, inputs, settings) {
    const channels = sizeAt(inputs.map!.shape, 1); // the port is required
    return { map: convolutionUnit(context, inputs.map!, 'depthwise', { ...settings, channels, groups: channels }) };
  },
});
