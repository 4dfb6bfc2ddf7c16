/** A training step of image classification on the ResNet-20 of He et al. 2016: 64 images of 32 × 32 pixels, ten classes. */
import { randomStream } from '../src/shared/random.ts';
import type { Feeds } from '../src/main/engines/engine.ts';
import { resolvePipeline } from '../src/main/nn/index.ts';
import { imageClassification } from '../src/main/tasks/image-classification.ts';
import { writePlanar } from '../src/main/tasks/images/image-facts.ts';
import { findTask } from '../src/main/tasks/task.ts';
import { buildModel } from '../src/main/training/model.ts';
import { statistics, syntheticImage } from './lib/synthetic-images.ts';
import { defineTorchBench } from './lib/torch-bench.ts';

const size = { batch: 64, side: 32, channels: 3, width: 16, units: 3, classes: 10 } as const;

const seed = 1;

function createBatch(): Feeds {
  const stream = randomStream(seed);
  const length = size.channels * size.side * size.side;
  const image = new Float32Array(size.batch * length);
  for (let row = 0; row < size.batch; row++) {
    writePlanar(syntheticImage(size.side, row), size.channels, image, row * length);
  }
  return {
    image,
    labels: Int32Array.from({ length: size.batch }, () => stream.integer(size.classes)),
    weights: new Float32Array(size.batch).fill(1),
  };
}

export const bench = defineTorchBench({
  summary: 'training step of a ResNet-20 on 32-pixel images, with the optimizer, against PyTorch',
  size,
  workload() {
    const task = findTask(imageClassification.type);
    const options = imageClassification.options.parse({});
    const pipeline = resolvePipeline({ preset: 'resnet-mini', options: { width: size.width, units: size.units } });
    const input = { kind: 'image', height: size.side, width: size.side, channels: size.channels, statistics } as const;
    const classes = Array.from({ length: size.classes }, (_, index) => `class ${index}`);
    const model = { task, options, pipeline, facts: { input, classes } };
    return { program: buildModel(model, 'training', size.batch), feeds: createBatch() };
  },
});
