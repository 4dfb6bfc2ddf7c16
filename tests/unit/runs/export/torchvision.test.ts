// Networks for torchvision: the names are those that our importer knows of torchvision's own files, and what torchvision could not
// build is refused. What torchvision computes with the files is checked by scripts/check-torchvision.py.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeSafetensors } from '../../../../src/main/formats/safetensors.ts';
import { recogniseModel } from '../../../../src/main/models/recognise.ts';
import { openModelSource } from '../../../../src/main/models/source.ts';
import { resolvePipeline } from '../../../../src/main/nn/index.ts';
import { mobilenetOf } from '../../../../src/main/runs/export/torchvision/mobilenet.ts';
import { torchvisionTensors } from '../../../../src/main/runs/export/torchvision/network.ts';
import { resnetOf } from '../../../../src/main/runs/export/torchvision/resnet.ts';
import { exportProgram } from '../../../../src/main/runs/export/network-graph.ts';
import type { Weight } from '../../../../src/main/runs/export/weights.ts';
import { findTask } from '../../../../src/main/tasks/index.ts';
import type { PipelineGraph } from '../../../../src/shared/spec/pipeline.ts';
import { elementCount } from '../../../../src/main/graph/index.ts';
import type { Model } from '../../../../src/main/training/model.ts';

const statistics = { mean: [0.4, 0.5, 0.6], standardDeviation: [0.2, 0.3, 0.25] };
const input = { kind: 'image', height: 32, width: 32, channels: 3, statistics } as const;
const classes = ['cat', 'dog', 'bird'];
const pipelineOf = (preset: string, options: Record<string, unknown> = {}): PipelineGraph =>
  resolvePipeline({ preset, options });

/** The residual network of one unit in each stage: no preset, and few weights. */
function shortResnet(): PipelineGraph {
  const { blocks, outputs } = pipelineOf('resnet18');
  return {
    outputs,
    blocks: blocks.map((block) =>
      block.type === 'residual' ? { ...block, options: { ...block.options, units: 1 } } : block,
    ),
  };
}

/** Each weight with numbers of its own, and none of them like another: there are millions, which need not be random. */
function numberedWeights(model: Model): ReadonlyMap<string, Weight> {
  const { parameters } = exportProgram(model, 1);
  return new Map(
    [...parameters.values()].map(({ name, shape }, index) => {
      const data = new Float32Array(elementCount(shape)).fill(index);
      for (let place = 0; place < Math.min(data.length, 4096); place += 1) data[place] = index + place / 8192;
      return [name, { shape, data }];
    }),
  );
}

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'torchvision-'));
});
afterAll(() => rm(folder, { recursive: true }));

const cases = [
  {
    name: 'ResNet',
    pipeline: shortResnet(),
    of: resnetOf,
    title: 'ResNet-10',
    python:
      'model = torchvision.models.resnet.ResNet(torchvision.models.resnet.BasicBlock, [1, 1, 1, 1], num_classes=3)',
  },
  {
    name: 'MobileNetV2',
    pipeline: pipelineOf('mobilenet-v2', { width: 0.25 }),
    of: mobilenetOf,
    title: 'MobileNetV2',
    python:
      'model = torchvision.models.mobilenet_v2(num_classes=3, width_mult=0.25, inverted_residual_setting=[[1, 32, 1, 1], [6, 32, 2, 2], [6, 32, 3, 2], [6, 64, 4, 2], [6, 96, 3, 1], [6, 160, 3, 2], [6, 320, 1, 1]])',
  },
];

describe.each(cases)('$name', ({ name, pipeline, of, title, python }) => {
  it('is read back with the same weights from the names of torchvision', async () => {
    const network = of(pipeline);
    if (typeof network === 'string') throw new Error(network);
    expect(network.title).toBe(title);
    expect(network.python(3)[0]).toBe(python);
    const task = findTask('image-classification');
    const model = { task, options: task.options.parse({}), pipeline, facts: { input, classes } };
    const weights = numberedWeights(model);
    const tensors = torchvisionTensors(network, weights, 'head/image-classes/output');
    const file = join(folder, `${name}.safetensors`);
    await writeSafetensors(file, tensors, { format: 'pt' });
    await using source = await openModelSource(file);
    const { family } = await recogniseModel(source);
    const read = await family.read(source);
    expect(read.title).toBe(title);
    expect(read.notes).toEqual([]);
    // What pictures are normalised with is no weight of torchvision's networks.
    const own = [...weights.keys()].filter((weight) => !weight.startsWith('backbone/pixels/'));
    expect([...read.weights.keys()].filter((weight) => !weight.startsWith('backbone/pixels/')).sort()).toEqual(
      own.sort(),
    );
    for (const weight of own) {
      // Millions of numbers: compared as bytes.
      const found = await read.weights.get(weight)!.read();
      expect(Buffer.from(found.buffer).equals(Buffer.from(weights.get(weight)!.data.buffer)), weight).toBe(true);
    }
  });

  it('leaves the head out where it has no counterpart', () => {
    const network = of(pipeline);
    if (typeof network === 'string') throw new Error(network);
    expect(network.python(undefined).at(-1)).toMatch(/= torch\.nn\.Identity\(\)$/u);
  });
});

describe('what torchvision could not build', () => {
  it.each([
    [
      'another width',
      resnetOf(pipelineOf('resnet18', { width: 16 })),
      /channels of its block stem is 16, and torchvision's is 64/u,
    ],
    ['small images', resnetOf(pipelineOf('resnet-mini')), /the block stem is called conv1|after|is called/u],
    [
      'the padding of TensorFlow',
      mobilenetOf(pipelineOf('efficientnet-lite0')),
      /padding of its block stem is "same"/u,
    ],
  ])('%s', (_name, found, reason) => {
    expect(found).toMatch(reason);
  });

  it('has functions with names for the usual sizes', () => {
    const lines = ['resnet18', 'resnet34', 'resnet50', 'mobilenet-v2'].map((preset) => {
      const found = (preset.startsWith('resnet') ? resnetOf : mobilenetOf)(pipelineOf(preset));
      return typeof found === 'string' ? found : found.python(1000)[0];
    });
    expect(lines).toEqual([
      'model = torchvision.models.resnet18(num_classes=1000)',
      'model = torchvision.models.resnet34(num_classes=1000)',
      'model = torchvision.models.resnet50(num_classes=1000)',
      'model = torchvision.models.mobilenet_v2(num_classes=1000)',
    ]);
  });
});
