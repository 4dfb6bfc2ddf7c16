/**
 * Networks on images of others against their own libraries (`scripts/record-image-models.py`), which computed in float64: answers,
 * gradients, running statistics.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { readSafetensors, writeSafetensors } from '../../../src/main/formats/safetensors.ts';
import type { ReadModel } from '../../../src/main/models/family.ts';
import { recogniseModel } from '../../../src/main/models/recognise.ts';
import { openModelSource } from '../../../src/main/models/source.ts';
import { findTask } from '../../../src/main/tasks/index.ts';
import { buildModel } from '../../../src/main/training/model.ts';
import { compiled, fixture, relativeError, type Weight } from './recorded.ts';

const batch = 4;
const labels = Int32Array.of(0, 2, 1, 2);
const tolerance = 1e-4;

/** What the script calls `pixel`: whole numbers that both languages compute alike, from 0 to 1. */
const images = (side: number): Float32Array =>
  Float32Array.from({ length: batch * 3 * side * side }, (_, index) => ((index * index * 31 + index * 17) % 251) / 255);

async function read(name: string, file: string): Promise<{ model: ReadModel; weights: Map<string, Weight> }> {
  await using source = await openModelSource(path.join(fixture(name), file));
  const { family } = await recogniseModel(source);
  const model = await family.read(source);
  const weights = new Map<string, Weight>();
  for (const [weight, { shape, read: readWeight }] of model.weights) {
    weights.set(weight, { shape, data: await readWeight() });
  }
  return { model, weights };
}

const side = (name: string): number => (name.startsWith('vit') ? 12 : 40);

function network(name: string, { pipeline, input, heads }: ReadModel) {
  const task = findTask('image-classification');
  const [head] = heads;
  if (input.kind !== 'image' || !head?.labels) throw new Error('a model of images with a head was recorded');
  const shape = { height: side(name), width: side(name) };
  const options = task.options.parse(head.options);
  return { task, options, pipeline, facts: { input: { ...input, ...shape }, classes: head.labels } };
}

const recorded: readonly (readonly [name: string, file: string, title: string])[] = [
  ['resnet-torchvision', 'model.pth', 'ResNet-12'],
  ['resnet-timm', 'model.safetensors', 'ResNet-17'],
  ['resnet-transformers', 'model.safetensors', 'ResNet-17'],
  ['mobilenet-torchvision', 'model.pth', 'MobileNetV2'],
  ['mobilenet-timm', 'model.safetensors', 'MobileNetV2'],
  ['efficientnet-lite-timm', 'model.safetensors', 'EfficientNet-Lite'],
  ['efficientnet-lite-package', 'model.pth', 'EfficientNet-Lite'],
  ['vit-transformers', 'model.safetensors', 'ViT, 2 layers of 8 features, patches of 4 × 4'],
  ['vit-timm', 'model.safetensors', 'ViT, 2 layers of 8 features, patches of 4 × 4'],
  ['vit-torchvision', 'model.pth', 'ViT, 2 layers of 8 features, patches of 4 × 4'],
  ['vit-torchvision-published', 'model.pth', 'ViT, 2 layers of 8 features, patches of 4 × 4'],
];

describe.each(recorded)('%s', (name, file, title) => {
  it('answers as its own library does', async () => {
    const { model, weights } = await read(name, file);
    expect(model.title).toBe(title);
    expect(model.notes).toEqual([]);
    const { tensors } = await readSafetensors(path.join(fixture(name), 'outputs.safetensors'));
    await using executable = await compiled(buildModel(network(name, model), 'prediction', batch), weights);
    const { logits } = await executable.run({ image: images(side(name)) });
    expect(relativeError(logits!.data, tensors.get('logits')!.data)).toBeLessThan(tolerance);
  });

  it('has the gradients of its own library, and moves its running statistics alike', async () => {
    const { model, weights } = await read(name, file);
    const { weights: expected } = await read(name, 'gradients.safetensors');
    const { tensors } = await readSafetensors(path.join(fixture(name), 'outputs.safetensors'));
    const program = buildModel(network(name, model), 'training', batch);
    await using executable = await compiled(program, weights);
    const feeds = { image: images(side(name)), labels, weights: new Float32Array(batch).fill(1) };
    const { outputs, gradients } = await executable.gradients(feeds);
    expect(relativeError(outputs.loss!.data, tensors.get('loss')!.data)).toBeLessThan(tolerance);
    const join = (values: ReadonlyMap<string, { data: ArrayLike<number> }>, names: readonly string[]): number[] =>
      names.flatMap((weight) => Array.from(values.get(weight)!.data));
    const trained = [...gradients.keys()].sort();
    const isWeight = (weight: string): boolean => program.parameters.get(weight)!.role === 'weight';
    expect(trained).toEqual([...program.parameters.keys()].filter(isWeight).sort());
    expect(relativeError(join(gradients, trained), join(expected, trained))).toBeLessThan(tolerance);

    await executable.step([feeds], { learningRate: 0, seed: 0, step: 0 });
    const { parameters } = await executable.exportState();
    const states = [...parameters.keys()].filter((weight) => /normalisation\/(mean|variance)$/.test(weight));
    expect(states.length > 0).toBe(!name.startsWith('vit'));
    if (states.length > 0) {
      expect(relativeError(join(parameters, states), join(expected, states))).toBeLessThan(tolerance);
    }
  });
});

describe('what comes along', () => {
  it('is the preprocessing of transformers, its names of classes, and those of timm', async () => {
    const { model: resnet } = await read('resnet-transformers', 'model.safetensors');
    expect(resnet.heads[0]!.labels).toEqual(['cat', 'dog', 'bird']);
    expect(resnet.preprocessing).toEqual({
      height: 224,
      width: 224,
      channels: 3,
      fit: 'center-crop',
      resizeShorter: 256,
      statistics: { mean: [0.485, 0.456, 0.406], standardDeviation: [0.229, 0.224, 0.225] },
      channelOrder: 'rgb',
    });
    const { model: lite, weights } = await read('efficientnet-lite-timm', 'model.safetensors');
    expect(lite.preprocessing).toMatchObject({ height: 40, resizeShorter: 45, statistics: { mean: [0.5, 0.5, 0.5] } });
    expect(weights.get('backbone/pixels/mean')!.data).toEqual(Float32Array.of(0.5, 0.5, 0.5));
    const { model: vit } = await read('vit-transformers', 'model.safetensors');
    expect(vit.preprocessing).toMatchObject({ height: 12, fit: 'stretch', resizeShorter: null });
    const { model: torchvision } = await read('vit-torchvision', 'model.pth');
    expect(torchvision.preprocessing).toMatchObject({ height: 12, fit: 'center-crop', resizeShorter: 13 });
    const { model: mobile } = await read('mobilenet-torchvision', 'model.pth');
    expect(mobile.heads[0]!.labels).toEqual(['class 0', 'class 1', 'class 2']);
    expect(mobile.preprocessing).toMatchObject({ height: 224, resizeShorter: 256 });
  });
});

describe('a network that is another one', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'image-families-'));
    return () => rm(folder, { recursive: true, force: true });
  });

  /** The recorded model with tensors changed. */
  async function changed(
    name: string,
    file: string,
    change: (tensors: Map<string, Weight>) => void,
    config?: object,
  ): Promise<unknown> {
    await using recordedSource = await openModelSource(path.join(fixture(name), file));
    const archive = await recordedSource.tensors();
    const tensors = new Map<string, Weight>();
    for (const [tensor, { shape }] of archive.entries) tensors.set(tensor, { shape, data: await archive.read(tensor) });
    change(tensors);
    await writeSafetensors(path.join(folder, 'model.safetensors'), tensors);
    await writeFile(path.join(folder, 'config.json'), JSON.stringify(config ?? {}));
    await using source = await openModelSource(folder);
    const { family } = await recogniseModel(source);
    return await family.read(source);
  }
  const one = (shape: readonly number[]): Weight => ({
    shape,
    data: new Float32Array(shape.reduce((product, size) => product * size, 1)),
  });

  it.each([
    [
      'squeeze and excitation',
      'mobilenet-torchvision',
      'model.pth',
      'features.2.conv.se.weight',
      [1],
      'another network',
    ],
    ['another shortcut', 'resnet-torchvision', 'model.pth', 'layer2.0.downsample.2.weight', [6], 'another network'],
    ['layer scale', 'vit-timm', 'model.safetensors', 'blocks.0.ls1.gamma', [8], 'another network'],
    ['a stem of another size', 'resnet-torchvision', 'model.pth', 'conv1.weight', [4, 3, 3, 3], 'conv1.weight'],
    ['grey images', 'resnet-torchvision', 'model.pth', 'conv1.weight', [4, 1, 7, 7], '1 channels'],
    ['a layer before the head', 'vit-torchvision', 'model.pth', 'heads.pre_logits.weight', [8, 8], 'another network'],
    ['places that are no square', 'vit-timm', 'model.safetensors', 'pos_embed', [1, 9, 8], 'pos_embed'],
  ] as const)('is refused: %s', async (_what, name, file, tensor, shape, reason) => {
    const wanted = changed(name, file, (tensors) => tensors.set(tensor, one(shape)), { num_attention_heads: 2 });
    await expect(wanted).rejects.toMatchObject({
      code: 'bad-input',
      message: expect.stringMatching(new RegExp(`${folder}.*${reason}`)),
    });
  });

  it('is refused where a tensor is missing, with its name', async () => {
    const wanted = changed('mobilenet-torchvision', 'model.pth', (tensors) =>
      tensors.delete('features.3.conv.1.1.running_var'),
    );
    await expect(wanted).rejects.toMatchObject({ message: expect.stringContaining('features.3.conv.1.1.running_var') });
  });

  it('is refused where config.json says that it computes otherwise', async () => {
    const wanted = changed('resnet-transformers', 'model.safetensors', () => undefined, {
      downsample_in_bottleneck: true,
    });
    await expect(wanted).rejects.toMatchObject({ message: expect.stringContaining('downsample_in_bottleneck') });
  });

  it('is refused where nothing tells the heads of attention', async () => {
    await expect(changed('vit-timm', 'model.safetensors', () => undefined)).rejects.toMatchObject({
      message: expect.stringContaining('num_attention_heads'),
    });
  });

  it('is not taken for a MobileNet because timm calls its parts alike', async () => {
    const wanted = changed('mobilenet-timm', 'model.safetensors', () => undefined, { architecture: 'mnasnet_100' });
    await expect(wanted).rejects.toMatchObject({
      message: expect.stringContaining('not a model that the lab can read'),
    });
  });
});
