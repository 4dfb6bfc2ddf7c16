/** The blocked kernels of ONNX Runtime: used where they are right, never in a graph that is to run elsewhere. */
import { describe, expect, it } from 'vitest';
import { channelBlock } from '../../src/main/engines/onnxruntime/channel-block.ts';
import { gradientsOf } from '../../src/main/graph/autodiff.ts';
import { convolution2d, createProgram, input, output, sum, tanh } from '../../src/main/graph/index.ts';
import type { ConvolutionOptions, Program } from '../../src/main/graph/index.ts';
import type { LoweringOptions } from '../../src/main/graph/onnx.ts';
import { blockedDomain, lowerToOnnx } from '../../src/main/graph/onnx.ts';
import { checkCase } from './harness.ts';

function domainsOf(channels: number, groups: number, options: LoweringOptions): string[] {
  const program = createProgram('blocks');
  const x = input(program, 'x', 'float32', [1, channels, 4, 4]);
  const kernel = input(program, 'kernel', 'float32', [channels, channels / groups, 3, 3]);
  const y = convolution2d(x, kernel, { padding: 1, groups });
  output(program, 'y', y);
  const [gradient] = gradientsOf(sum(tanh(y)), [x]);
  output(program, 'gradient', gradient!);
  return blockedOps(program, options);
}

/** The blocked ops in the gradient of `out` kernels alone, with a block of 16. */
function filterGradientDomains(
  out: number,
  shape: readonly number[],
  size: readonly number[] = [3, 3],
  options: ConvolutionOptions = {},
): string[] {
  const program = createProgram('blocks');
  const x = input(program, 'x', 'float32', shape);
  const kernel = input(program, 'kernel', 'float32', [out, shape[1]!, ...size]);
  const [gradient] = gradientsOf(sum(convolution2d(x, kernel, options)), [kernel]);
  output(program, 'gradient', gradient!);
  return blockedOps(program, { channelBlock: 16 });
}

function blockedOps(program: Program, options: LoweringOptions): string[] {
  return lowerToOnnx(program, program.outputs, options)
    .nodes.filter(({ domain }) => domain === blockedDomain)
    .map(({ opType }) => opType);
}

describe('blocked convolution', () => {
  it('is used forward and for the input gradient where the channels fit', () => {
    const both = ['ReorderInput', 'Conv', 'ReorderOutput', 'ReorderInput', 'Conv', 'ReorderOutput'];
    expect(domainsOf(16, 1, { channelBlock: 16 })).toEqual(both);
    expect(domainsOf(16, 1, { channelBlock: 8 })).toEqual(both);
  });

  it('is left alone where they do not, with groups, and in portable graphs', () => {
    expect(domainsOf(12, 1, { channelBlock: 8 })).toEqual([]);
    expect(domainsOf(16, 2, { channelBlock: 8 })).toEqual([]);
    expect(domainsOf(16, 1, {})).toEqual([]);
  });

  it('takes the batch for the channels in the gradient of the kernel, where the batch fits', () => {
    expect(filterGradientDomains(16, [16, 3, 6, 6])).toEqual(['ReorderInput', 'ReorderInput', 'Conv', 'ReorderOutput']);
    expect(filterGradientDomains(16, [12, 3, 6, 6])).toEqual([]); // images
    expect(filterGradientDomains(12, [16, 3, 6, 6])).toEqual([]); // kernels
    expect(filterGradientDomains(16, [16, 1, 6, 6])).toEqual([]); // one product for all images is faster
    expect(filterGradientDomains(32, [64, 20, 128, 128])).toEqual([]); // too much to read again for each channel
  });

  it.each([
    ['padded', { x: [16, 2, 3, 4], kernel: [16, 2, 3, 3] }, { padding: 1 }],
    ['padded on one side', { x: [16, 2, 3, 2], kernel: [16, 2, 2, 3] }, { padding: [1, 0, 0, 2] as const }],
    [
      'in steps, with pixels that are not read',
      { x: [16, 2, 6, 5], kernel: [16, 2, 3, 2] },
      { stride: [2, 3] as const },
    ],
    ['in steps, padded', { x: [16, 2, 4, 5], kernel: [16, 2, 3, 3] }, { padding: 'same', stride: 2 } as const],
    ['with holes', { x: [16, 2, 6, 5], kernel: [16, 2, 2, 3] }, { dilation: 2 }],
    ['of sequences', { x: [16, 2, 1, 6], kernel: [16, 2, 1, 3] }, { padding: [0, 1, 0, 1] as const }],
  ])('has the right gradient of the kernel %s', async (title, shapes, options) => {
    const kernel = shapes.kernel as [number, number, number, number];
    expect(filterGradientDomains(16, shapes.x, kernel.slice(2), options)).toContain('Conv');
    await checkCase({
      op: 'convolution',
      title,
      inputs: { x: { shape: shapes.x }, kernel: { shape: kernel } },
      build: ({ x, kernel: filters }) => convolution2d(x!, filters!, options),
    });
  });

  it('is right with the block that the probe found', async () => {
    const block = await channelBlock();
    expect([undefined, 4, 8, 16]).toContain(block);
    for (const options of [{ padding: 1 }, { padding: 'same', stride: 2 }, { padding: 2, dilation: 2 }] as const) {
      await checkCase({
        op: 'convolution',
        title: 'in blocks',
        inputs: { x: { shape: [2, 16, 5, 4] }, kernel: { shape: [16, 16, 3, 3] } },
        build: ({ x, kernel }) => convolution2d(x!, kernel!, options),
      });
    }
  });
});
