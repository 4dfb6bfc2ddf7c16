/** Options of the Transformer encoder: how it starts, what it refuses, and what positions do. */
import { describe, expect, it } from 'vitest';
import { createOnnxRuntimeEngine } from '../../../src/main/engines/onnxruntime/engine.ts';
import { createProgram, output } from '../../../src/main/graph/index.ts';
import type { BuildContext } from '../../../src/main/nn/index.ts';
import { buildPipeline, declareInputs, initialParameters, resolvePipeline } from '../../../src/main/nn/index.ts';
import { relativePositionBucket } from '../../../src/main/nn/relative-positions.ts';
import type { PipelineGraph } from '../../../src/shared/spec/pipeline.ts';
import { pipelineGraph } from '../../../src/shared/spec/pipeline.ts';

const length = 6;

function contextOf(): BuildContext {
  const input = { kind: 'tokens', length, vocabularySize: 11 } as const;
  return { program: createProgram('test'), mode: 'evaluation', batchSize: 1, input };
}

function encoder(options: object, embedding: object = {}): PipelineGraph {
  return pipelineGraph.parse({
    blocks: [
      {
        id: 'embedding',
        type: 'token-embedding',
        options: { hiddenSize: 8, positions: false, segments: 0, ...embedding },
        inputs: { tokens: 'input.tokens' },
      },
      {
        id: 'encoder',
        type: 'transformer-encoder',
        options: { heads: 2, ...options },
        inputs: { sequence: 'embedding', mask: 'input.mask' },
      },
    ],
    outputs: { sequence: 'encoder' },
  });
}

function build(graph: PipelineGraph): BuildContext {
  const context = contextOf();
  const { outputs, stages } = buildPipeline(context, graph, declareInputs(context));
  output(context.program, 'result', outputs.sequence!);
  output(context.program, 'embedded', stages['embedding.sequence']!);
  return context;
}

/** Of one text; weights have a size at which they do something. */
async function run(
  graph: PipelineGraph,
  tokens: readonly number[],
  real: readonly number[] = [1, 1, 1, 1, 1, 1],
  /** Parameters that begin with zeros, and get numbers. */
  isFilled: (name: string) => boolean = () => false,
) {
  const { program } = build(graph);
  const executable = await createOnnxRuntimeEngine().compile(program, { threads: 1 });
  const parameters = initialParameters(program, 3);
  for (const [name, { data }] of parameters) {
    if (isFilled(name)) for (let index = 0; index < data.length; index += 1) data[index] = Math.sin(index);
  }
  await executable.importState({ parameters });
  const mask = Float32Array.from(real);
  const segments = new Int32Array(length);
  const { result, embedded } = await executable.run({ tokens: Int32Array.from(tokens), segments, mask });
  await executable.release();
  return { result: [...result!.data], embedded: [...embedded!.data] };
}

const deviation = (values: Float32Array): number =>
  Math.sqrt(values.reduce((sum, value) => sum + value ** 2, 0) / values.length);

describe('output projections', () => {
  it.each([
    ['truncated-normal', 'depth-scaled', 1 / Math.sqrt(16)],
    ['glorot', 'depth-scaled', 1 / Math.sqrt(16)],
    ['he', 'depth-scaled', 1 / Math.sqrt(16)],
    ['orthogonal', 'depth-scaled', 1 / Math.sqrt(16)],
    ['glorot', 'zero', 0],
  ])('of %s weights start %s', (initialisation, outputInitialisation, ratio) => {
    const start = (how: string): ((name: string) => number) => {
      const graph = encoder({ layers: 8, initialisation, outputInitialisation: how });
      const parameters = initialParameters(build(graph).program, 1);
      return (name) => deviation(parameters.get(`encoder/layer.3/${name}/weight`)!.data);
    };
    const [plain, scaled] = [start('same'), start(outputInitialisation)];
    for (const name of ['attention/output', 'feed-forward/outer']) {
      expect(scaled(name) / plain(name)).toBeCloseTo(ratio, 5);
    }
    expect(scaled('attention/query')).toBe(plain('attention/query'));
  });

  it('as zeros make each layer the identity', async () => {
    const options = { normalisation: 'pre', finalNormalisation: false, outputInitialisation: 'zero', layers: 2 };
    const { result, embedded } = await run(encoder({ ...options, activation: 'swiglu' }), [1, 2, 3, 4, 5, 6]);
    expect(result).toEqual(embedded);
  });
});

describe('positions', () => {
  const options = { layers: 1, initialisation: 'orthogonal' };
  const first = ({ result }: { result: readonly number[] }): readonly number[] => result.slice(0, 8);

  it('without any, the order of the other tokens is not seen', async () => {
    const graph = encoder(options, { initialisation: 'glorot' });
    const [there, reordered] = [
      first(await run(graph, [1, 2, 3, 4, 5, 6])),
      first(await run(graph, [1, 6, 4, 3, 2, 5])),
    ];
    there.forEach((value, index) => expect(reordered[index]).toBeCloseTo(value, 5));
  });

  it('that are rotary make it seen', async () => {
    const graph = encoder({ ...options, positions: 'rotary' }, { initialisation: 'glorot' });
    const [there, reordered] = [
      first(await run(graph, [1, 2, 3, 4, 5, 6])),
      first(await run(graph, [1, 6, 4, 3, 2, 5])),
    ];
    expect(Math.max(...there.map((value, index) => Math.abs(value - reordered[index]!)))).toBeGreaterThan(1e-3);
  });

  it('that are rotary know distances alone: a text two places later is the same', async () => {
    const graph = encoder({ ...options, layers: 2, positions: 'rotary' }, { initialisation: 'glorot' });
    const { result: early } = await run(graph, [1, 2, 3, 4, 0, 0], [1, 1, 1, 1, 0, 0]);
    const { result: late } = await run(graph, [0, 0, 1, 2, 3, 4], [0, 0, 1, 1, 1, 1]);
    for (let index = 0; index < 4 * 8; index++) expect(late[2 * 8 + index]).toBeCloseTo(early[index]!, 5);
  });

  it('that are rotary need pairs of features', () => {
    expect(() => build(encoder({ positions: 'rotary', heads: 8 }))).toThrow(
      'encoder: rotary positions turn pairs of features, and a head has 1: make the hidden size a multiple of 16',
    );
  });
});

describe('the preset bert-tiny', () => {
  it('has a position table only where positions are learned', () => {
    const names = (positions: string): readonly string[] => {
      const graph = resolvePipeline({ preset: 'bert-tiny', options: { positions } });
      return [...build(graph).program.parameters.keys()];
    };
    const [learned, rotary, none] = [names('learned'), names('rotary'), names('none')];
    expect(learned.filter((name) => !rotary.includes(name))).toEqual(['embedding/position']);
    expect(none).toEqual(rotary);
  });
});

describe('relative positions', () => {
  /** Raffel et al. 2020, by the definition: exact buckets, then bounds evenly apart in the logarithm. */
  function slowBucket(distance: number, buckets: number, maximum: number, causal: boolean): number {
    const half = causal ? buckets : buckets / 2;
    const base = !causal && distance > 0 ? half : 0;
    const size = causal ? Math.max(-distance, 0) : Math.abs(distance);
    const exact = Math.floor(half / 2);
    if (size < exact) return base + size;
    let bucket = exact;
    while (bucket < half - 1 && size >= exact * (maximum / exact) ** ((bucket + 1 - exact) / (half - exact))) {
      bucket += 1;
    }
    return base + bucket;
  }

  it('have the buckets of the paper', () => {
    for (const [buckets, maximumDistance] of [
      [32, 100],
      [8, 37],
      [4, 9],
    ] as const) {
      for (const causal of [false, true]) {
        for (let distance = -300; distance <= 300; distance += 1) {
          expect(
            relativePositionBucket(distance, { buckets, maximumDistance, causal }),
            `${distance} of ${buckets} to ${maximumDistance}`,
          ).toBe(slowBucket(distance, buckets, maximumDistance, causal));
        }
      }
    }
  });

  it('have the buckets of T5 as transformers computes them', () => {
    const buckets = (causal: boolean) =>
      [-200, -128, -64, -20, -9, -8, -7, -1, 0, 1, 7, 8, 9, 20, 64, 128, 200].map((distance) =>
        relativePositionBucket(distance, { buckets: 32, maximumDistance: 128, causal }),
      );
    // transformers 5.24, T5Attention._relative_position_bucket
    expect(buckets(false)).toEqual([15, 15, 14, 10, 8, 8, 7, 1, 0, 17, 23, 24, 24, 26, 30, 31, 31]);
    expect(buckets(true)).toEqual([31, 31, 26, 17, 9, 8, 7, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
  });

  it('tell texts of the same words in another order apart, which nothing else does', async () => {
    const relative = encoder({ positions: 'relative', dropout: 0, attentionDropout: 0 });
    const tokens = [5, 6, 7, 8, 9, 10];
    const last = (values: readonly number[]) => values.slice(-8);
    const swapped = [6, 5, 7, 8, 9, 10];
    const none = encoder({ positions: 'none', dropout: 0, attentionDropout: 0 });
    const [a, b] = [await run(none, tokens), await run(none, swapped)];
    for (const [index, value] of last(a.result).entries()) expect(value).toBeCloseTo(last(b.result)[index]!, 5);
    const bias = (name: string) => name.endsWith('relative-positions');
    const [c, d] = [await run(relative, tokens, undefined, bias), await run(relative, swapped, undefined, bias)];
    const difference = Math.max(...last(c.result).map((value, index) => Math.abs(value - last(d.result)[index]!)));
    expect(difference).toBeGreaterThan(1e-4);
  });

  it('are one table for all layers, and refused where no distance is left for the last bucket', () => {
    const { program } = build(encoder({ positions: 'relative', layers: 3 }));
    const own = [...program.parameters.values()].filter(({ name }) => name.endsWith('relative-positions'));
    expect(own.map(({ shape }) => shape)).toEqual([[32, 2]]);
    expect(() => build(encoder({ positions: 'relative', maximumDistance: 8 }))).toThrow(/larger than 8/);
  });
});
