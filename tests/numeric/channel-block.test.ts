/** The blocked kernels of ONNX Runtime: used where they are right, never in a graph that is to run elsewhere. */
import { describe, expect, it } from 'vitest';
import { channelBlock } from '../../src/main/engines/onnxruntime/channel-block.ts';
import { convolution2d, createProgram, gradientsOf, input, output, sum, tanh } from '../../src/main/graph/index.ts';
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
