import { describe, expect, it } from 'vitest';
import type { Tensor } from '../../../src/main/engines/engine.ts';
import type { Program } from '../../../src/main/graph/index.ts';
import { createProgram, elementCount, parameter } from '../../../src/main/graph/index.ts';
import { matchParameters, parameterGroups, requireTransfer } from '../../../src/main/training/fine-tuning.ts';

function programWith(shapes: Readonly<Record<string, readonly number[]>>): Program {
  const program = createProgram('test');
  for (const [name, shape] of Object.entries(shapes)) {
    parameter(program, name, shape, { initialiser: { type: 'zeros' } });
  }
  return program;
}

function tensorsOf(shapes: Readonly<Record<string, readonly number[]>>): Map<string, Tensor> {
  return new Map(
    Object.entries(shapes).map(([name, shape]) => [
      name,
      { shape, data: Float32Array.from({ length: elementCount(shape) }, (_, index) => index + 1) },
    ]),
  );
}

const network = {
  'backbone/embedding/token': [10, 4],
  'backbone/embedding/position': [3, 4],
  'backbone/encoder/layer.0/attention/query/weight': [4, 4],
  'backbone/encoder/layer.1/attention/query/weight': [4, 4],
  'backbone/encoder/layer.10/attention/query/weight': [4, 4],
  'head/output/weight': [4, 2],
};

describe('matching', () => {
  it('takes over what fits and reports the rest', () => {
    const program = programWith(network);
    const source = tensorsOf({
      ...network,
      'backbone/embedding/token': [12, 4],
      'backbone/embedding/position': [5, 4],
      'backbone/pooler/weight': [4, 4],
    });
    source.delete('backbone/encoder/layer.10/attention/query/weight');
    const { parameters, report } = matchParameters(program, source);
    expect(report).toEqual({
      matched: [
        { name: 'backbone/embedding/position', shape: [3, 4], found: [5, 4] },
        { name: 'backbone/encoder/layer.0/attention/query/weight', shape: [4, 4] },
        { name: 'backbone/encoder/layer.1/attention/query/weight', shape: [4, 4] },
      ],
      fresh: [
        { name: 'backbone/encoder/layer.10/attention/query/weight', shape: [4, 4] },
        { name: 'head/output/weight', shape: [4, 2] },
      ],
      mismatched: [{ name: 'backbone/embedding/token', shape: [10, 4], found: [12, 4] }],
      unused: [
        { name: 'head/output/weight', shape: [4, 2] },
        { name: 'backbone/pooler/weight', shape: [4, 4] },
      ],
    });
    // The first three of five positions, unchanged.
    expect(parameters.get('backbone/embedding/position')?.data).toEqual(
      Float32Array.from({ length: 12 }, (_, index) => index + 1),
    );
    expect(parameters.has('head/output/weight')).toBe(false);
  });

  it('refuses positions that were never learned, and a source with nothing in common', () => {
    const longer = matchParameters(
      programWith(network),
      tensorsOf({ ...network, 'backbone/embedding/position': [2, 4] }),
    );
    expect(() => {
      requireTransfer(longer.report, 'run x');
    }).toThrow(expect.objectContaining({ code: 'bad-spec', message: expect.stringContaining('maximumLength to 2') }));
    const nothing = matchParameters(programWith(network), tensorsOf({ 'head/output/weight': [4, 2] }));
    expect(() => {
      requireTransfer(nothing.report, 'run x');
    }).toThrow(expect.objectContaining({ code: 'bad-spec' }));
  });
});

describe('layer-wise learning rates', () => {
  it('fall from the head to the embedding by one factor a group', () => {
    const program = programWith(network);
    const group = parameterGroups(program, { layerwiseLearningRateDecay: 1 / 2.6, headScale: 3 });
    const scales = [...program.parameters.values()].map((one) => group(one).learningRateScale);
    // Groups, topmost first: layer.10, layer.1, layer.0, embedding (both tables).
    const expected = [...[4, 4, 3, 2, 1].map((depth) => 2.6 ** -depth), 3];
    scales.forEach((scale, index) => expect(scale).toBeCloseTo(expected[index] ?? NaN, 12));
    expect(scales).toHaveLength(expected.length);
  });

  it('wait for their turn from the head down', () => {
    const program = programWith(network);
    const group = parameterGroups(program, { layerwiseLearningRateDecay: 1, headScale: 1, unfreezeEvery: 5 });
    const starts = [...program.parameters.values()].map((one) => group(one).startsAt);
    expect(starts).toEqual([20, 20, 15, 10, 5, 0]);
  });

  it('are all the same without a decay, and weight decay is the parameter’s own', () => {
    const program = programWith({ 'backbone/a/weight': [2, 2], 'backbone/a/bias': [2], 'head/weight': [2, 2] });
    const group = parameterGroups(program, { layerwiseLearningRateDecay: 1, headScale: 1 });
    expect([...program.parameters.values()].map(group)).toEqual([
      { learningRateScale: 1, decay: true },
      { learningRateScale: 1, decay: false },
      { learningRateScale: 1, decay: true },
    ]);
  });
});
