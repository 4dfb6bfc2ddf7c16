/**
 * A training step of relative patch position on patch-cnn: 64 pairs of 32-pixel patches, every patch through the same
 * network in one batch. The program, the batches and the optimizer are those of a run.
 */
import { resolvePipeline } from '../src/main/nn/index.ts';
import { createPatchPairs } from '../src/main/tasks/images/patch-sampler.ts';
import { patchPosition } from '../src/main/tasks/patch-position.ts';
import { findTask } from '../src/main/tasks/task.ts';
import { buildModel } from '../src/main/training/model.ts';
import { statistics, syntheticImage } from './lib/synthetic-images.ts';
import { defineTorchBench } from './lib/torch-bench.ts';

const size = {
  batch: 64,
  side: 32,
  channels: 3,
  width: 32,
  features: 256,
  grid: 2,
  fusion: 256,
  imageSide: 160,
} as const;

const seed = 1;
const imageCount = 64;

export const bench = defineTorchBench({
  summary: 'training step of relative patch position on patch-cnn, with the optimizer, against PyTorch',
  size,
  workload() {
    const images = Array.from({ length: imageCount }, (_, index) => syntheticImage(size.imageSide, index));
    const shape = { height: size.imageSide, width: size.imageSide, channels: size.channels };
    const store = { shape, statistics, pixels: (index: number) => images[index]! };
    const geometry = { size: size.side, gap: 16, jitter: 2 };
    const pairs = createPatchPairs(store, { geometry, chroma: 'projection', detailLoss: 1 / 3 });
    const indices = Uint32Array.from(images.keys());
    const input = { kind: 'image', height: size.side, width: size.side, channels: size.channels, statistics } as const;
    const task = findTask(patchPosition.type);
    const options = patchPosition.options.parse({ patchSize: size.side, fusion: size.fusion });
    const pipeline = resolvePipeline({
      preset: 'patch-cnn',
      options: { width: size.width, features: size.features, grid: size.grid },
    });
    const model = { task, options, pipeline, facts: { input } };
    return {
      program: buildModel(model, 'training', size.batch),
      feeds: pairs.batch(indices, seed, 0, size.batch),
      nextBatch: (step) => pairs.batch(indices, seed, step * size.batch, size.batch),
    };
  },
});
