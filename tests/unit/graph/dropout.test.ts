/** Dropout masks as a function of (seed, step, micro-batch, site). */
import { describe, expect, it } from 'vitest';
import type { Program } from '../../../src/main/graph/index.ts';
import { createProgram, dropout, dropoutFeeds, input, output } from '../../../src/main/graph/index.ts';
import { evaluate } from '../../numeric/reference/evaluate.ts';
import type { Tensor64 } from '../../numeric/reference/tensor.ts';

const length = 20_000;

function twoSites(rate: number): Program {
  const program = createProgram('test');
  const x = input(program, 'x', 'float32', [length]);
  output(program, 'first', dropout(x, rate));
  output(program, 'second', dropout(x, rate));
  return program;
}

/** What ones become at both sites. */
function masks(program: Program, seed: number, step: number, microBatch: number): readonly Tensor64[] {
  const given = Object.fromEntries(
    Object.entries(dropoutFeeds(program, seed, step, microBatch)).map(([name, data]) => [
      name,
      { shape: [data.length], data: Float64Array.from(data) },
    ]),
  );
  return evaluate([...program.outputs.values()], {
    ...given,
    x: { shape: [length], data: new Float64Array(length).fill(1) },
  });
}

describe('dropout', () => {
  const program = twoSites(0.3);

  it('repeats for the same seed, step and micro-batch, in another program as well', () => {
    expect(masks(program, 1, 2, 3)).toEqual(masks(twoSites(0.3), 1, 2, 3));
  });

  it.each([
    ['seed', [2, 2, 3]],
    ['step', [1, 3, 3]],
    ['micro-batch', [1, 2, 4]],
  ] as const)('differs with another %s', (_what, [seed, step, microBatch]) => {
    const [mask] = masks(program, 1, 2, 3);
    const [changed] = masks(program, seed, step, microBatch);
    expect(changed!.data).not.toEqual(mask!.data);
  });

  it('differs between sites of one step', () => {
    const [first, second] = masks(program, 1, 2, 3);
    expect(first!.data).not.toEqual(second!.data);
  });

  it.each([0.1, 0.3, 0.5, 0.9])('drops a share of %d and keeps the expectation', (rate) => {
    const [mask] = masks(twoSites(rate), 7, 0, 0);
    const dropped = mask!.data.filter((value) => value === 0).length / length;
    // Five standard deviations of a binomial share.
    expect(Math.abs(dropped - rate)).toBeLessThan(5 * Math.sqrt((rate * (1 - rate)) / length));
    expect(new Set(mask!.data)).toEqual(new Set([0, Math.fround(1 / (1 - rate))]));
  });

  it('shares one pool between sites of one rate and size, at least twice the window', () => {
    expect([...program.inputs.keys()]).toEqual(['x', 'random/pool:0.3:65536', 'random/offset:0', 'random/offset:1']);
  });

  it('does nothing at rate 0 and refuses other rates', () => {
    const x = input(createProgram('test'), 'x', 'float32', [2]);
    expect(dropout(x, 0)).toBe(x);
    expect(() => dropout(x, 1)).toThrow('a dropout rate lies between 0 and 1, not at 1');
    expect(() => dropout(x, -0.1)).toThrow('between 0 and 1');
  });
});
