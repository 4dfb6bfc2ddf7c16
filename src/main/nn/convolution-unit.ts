/** A convolution with batch normalisation and an activation: what the units of residual networks are made of. */
import { z } from 'zod';
import type { Value } from '../graph/program.ts';
import { withScope } from '../graph/program.ts';
import type { BuildContext } from './block.ts';
import type { BatchNormalizationLayerOptions } from './image-layers.ts';
import { batchNormalizationLayer, convolutionLayer } from './image-layers.ts';
import type { WeightInitialisation } from './initialisers.ts';
import { activations } from './layers.ts';

export const unitPaddingOption = z
  .enum(['same', 'symmetric'])
  .describe(
    "Where a stride leaves an odd pixel of padding: 'same' puts it at the bottom and right, as TensorFlow does; 'symmetric' pads all sides alike, as PyTorch does",
  );

export interface ConvolutionUnitOptions extends BatchNormalizationLayerOptions {
  readonly channels: number;
  /** Pixels both ways, odd. */
  readonly kernel: number;
  readonly stride?: number;
  readonly groups?: number;
  readonly padding: z.output<typeof unitPaddingOption>;
  readonly activation?: keyof typeof activations;
  readonly initialisation: WeightInitialisation;
}

/** x [N, C, H, W] → [N, channels, ⌈H / stride⌉, ⌈W / stride⌉], under `name/convolution` and `name/normalisation`. */
export function convolutionUnit(context: BuildContext, x: Value, name: string, options: ConvolutionUnitOptions): Value {
  const { channels, kernel, stride = 1, groups = 1, padding, activation = 'identity', initialisation } = options;
  return withScope(context.program, name, () => {
    const filtered = convolutionLayer(x, 'convolution', {
      channels,
      initialisation,
      groups,
      stride,
      kernel: [kernel, kernel],
      padding: padding === 'same' ? 'same' : (kernel - 1) / 2,
      bias: false,
    });
    return activations[activation](batchNormalizationLayer(filtered, 'normalisation', context, options));
  });
}
