/** Short batches in short programs: the same results as with their padding, but for rounding. */
import { describe, expect, it } from 'vitest';
import { randomStream } from '../../../src/shared/random.ts';
import type { Executable, Feeds } from '../../../src/main/engines/engine.ts';
import { adamWDefaults } from '../../../src/main/engines/optimizer.ts';
import { initialParameters, resolvePipeline } from '../../../src/main/nn/index.ts';
import { ignoresPadding } from '../../../src/main/nn/padding.ts';
import { findTask } from '../../../src/main/tasks/index.ts';
import { bucketLengths, withLengthBuckets } from '../../../src/main/training/length-buckets.ts';
import type { Model } from '../../../src/main/training/model.ts';
import { buildModel } from '../../../src/main/training/model.ts';
import { engines, expectClose } from '../../numeric/harness.ts';

const length = 64;
const batchSize = 3;
const options = { layers: 2, hiddenSize: 16, heads: 2, dropout: 0 };

function modelOf(preset: string, pooling: string): Model {
  const task = findTask('text-classification');
  return {
    task,
    options: task.options.parse({ length, pooling, dropout: 0 }),
    pipeline: resolvePipeline({ preset, options }),
    facts: { input: { kind: 'tokens', length, vocabularySize: 50 }, classes: ['a', 'b'] },
  };
}

/** Rows of these many tokens, and padding. */
function feedsOf(used: readonly number[], seed: number): Feeds {
  const stream = randomStream(seed);
  const size = batchSize * length;
  const mask = Float32Array.from({ length: size }, (_, place) =>
    Number(place % length < used[Math.floor(place / length)]!),
  );
  return {
    tokens: Int32Array.from(mask, (real) => (real ? 1 + stream.integer(49) : 0)),
    segments: new Int32Array(size),
    mask,
    labels: Int32Array.from({ length: batchSize }, () => stream.integer(2)),
    weights: Float32Array.of(1, 2, 1),
  };
}

describe.each(engines)('batches of short texts on $name', ({ engine, device }) => {
  const place = { device, threads: 1 };

  async function open(model: Model) {
    const program = buildModel(model, 'training', batchSize);
    const full = await engine.compile(program, { ...place, optimizer: { ...adamWDefaults, epsilon: 1e-3 } });
    await full.importState({ parameters: initialParameters(program, 3) });
    const built: number[] = [];
    const buckets = withLengthBuckets(full, {
      model,
      build: (shorter) => {
        if (shorter.facts.input.kind === 'tokens') built.push(shorter.facts.input.length);
        return buildModel(shorter, 'training', batchSize);
      },
      compile: (shorter) => engine.compile(shorter, { ...place, shareStateWith: full }),
    });
    return { full, buckets, built };
  }

  it.each([
    ['bert-tiny', 'mean'],
    ['bert-tiny', 'max'],
    ['modern-tiny', 'last'],
    ['modern-tiny', 'attention'],
    ['modern-tiny-causal', 'first'],
  ])('have the gradients of the padded ones: %s, %s', async (preset, pooling) => {
    const { full, buckets, built } = await open(modelOf(preset, pooling));
    for (const used of [
      [5, 2, 9],
      [20, 1, 3],
      [3, 30, 30],
      [64, 1, 1],
    ]) {
      const feeds = feedsOf(used, used[0]!);
      const [padded, cut] = [await full.gradients(feeds), await buckets.gradients(feeds)];
      expectClose(cut.outputs.loss!.data, padded.outputs.loss!.data, 'loss', 1e-6);
      const flat = (gradients: typeof cut.gradients): number[] =>
        [...gradients.values()].flatMap(({ data }) => [...data]);
      const [ours, theirs] = [flat(cut.gradients), flat(padded.gradients)];
      const norm = Math.hypot(...theirs);
      expect(Math.hypot(...ours.map((value, index) => value - theirs[index]!)) / norm).toBeLessThan(1e-6);
      expect(norm).toBeGreaterThan(1e-3);
    }
    expect(built).toEqual([16, 24, 32]); // each when it was first needed, and the full one was there
    await buckets.release();
  });

  it('take the same steps, with micro-batches of different lengths too, and evaluate with the same weights', async () => {
    const model = modelOf('modern-tiny', 'mean');
    const [a, b] = [await open(model), await open(model)];
    const take = async (executable: Executable): Promise<void> => {
      for (const [step, lengths] of [
        [4, 9],
        [60, 3],
        [20, 20],
      ].entries()) {
        const [first, second] = lengths.map((used) => feedsOf([used, 2, 2], step + used));
        await executable.step([first!, second!], { learningRate: 1e-3, seed: 0, step });
      }
    };
    await take(a.full);
    await take(b.buckets);
    expect(b.built).toEqual([16, 24]);
    const [padded, cut] = [await a.full.exportState(), await b.buckets.exportState()];
    for (const [name, { data }] of padded.parameters) expectClose(cut.parameters.get(name)!.data, data, name, 1e-5);
    const feeds = feedsOf([7, 8, 9], 1);
    const [one, other] = [await b.full.run(feeds), await b.buckets.run(feeds)];
    expectClose(other.loss!.data, one.loss!.data, 'loss', 1e-6);
    for (const { buckets } of [a, b]) await buckets.release();
  });
});

describe('lengths of programs', () => {
  it('are a few shares of the full one, and never too short', () => {
    expect(bucketLengths(128)).toEqual([16, 24, 32, 48, 64, 96, 128]);
    expect(bucketLengths(64)).toEqual([16, 24, 32, 48, 64]);
    expect(bucketLengths(20)).toEqual([16, 20]);
    expect(bucketLengths(12)).toEqual([12]);
  });

  it('are there for pipelines whose blocks ignore what is masked', () => {
    const graph = resolvePipeline({ preset: 'bert-tiny', options });
    expect(ignoresPadding(graph)).toBe(true);
    expect(ignoresPadding(resolvePipeline({ preset: 'lstm-lm', options: {} }))).toBe(false);
    const unmasked = graph.blocks.map(({ inputs: { mask: _mask, ...inputs }, ...block }) => ({ ...block, inputs }));
    expect(ignoresPadding({ ...graph, blocks: unmasked })).toBe(false);
  });
});
