// What a person says of a model at its import: the layer of an ONNX network, names of classes, and how images become its input.
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createProgram, output } from '../../../src/main/graph/index.ts';
import { readLabels } from '../../../src/main/models/label-file.ts';
import { buildPipeline, declareInputs } from '../../../src/main/nn/index.ts';
import { previewModel } from '../../../src/main/runs/import-model.ts';
import type { PipelineGraph } from '../../../src/shared/spec/pipeline.ts';
import { compiled } from './recorded.ts';

const models = path.resolve(import.meta.dirname, '../../fixtures/models');
const onnx = path.resolve(import.meta.dirname, '../../fixtures/onnx/convolutional-17.onnx');
const resnet = path.join(models, 'resnet-timm', 'model.safetensors');
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'model-settings-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('names of classes', () => {
  it('are taken from a file, one a line or as JSON', async () => {
    const [lines, json] = [path.join(folder, 'a.txt'), path.join(folder, 'b.json')];
    await writeFile(lines, '\uFEFFtench\r\ngreat white shark\r\nhen\r\n');
    await writeFile(json, '["tench", "great white shark", "hen"]');
    expect(await readLabels(lines)).toEqual(['tench', 'great white shark', 'hen']);
    expect(await readLabels(json)).toEqual(['tench', 'great white shark', 'hen']);
    const { model } = await previewModel(resnet, { labels: await readLabels(lines) });
    expect(model.heads[0]!.labels).toEqual(['tench', 'great white shark', 'hen']);
  });

  it('are refused with a gap, twice the same, or too few', async () => {
    const file = path.join(folder, 'gap.txt');
    await writeFile(file, 'one\n\nthree\n');
    await expect(readLabels(file)).rejects.toThrow(/no name in line 2/u);
    await writeFile(file, '[1]');
    await expect(readLabels(file)).rejects.toThrow(/array of names/u);
    await expect(previewModel(resnet, { labels: ['a', 'b', 'a'] })).rejects.toThrow(/'a' comes twice/u);
    await expect(previewModel(resnet, { labels: ['a', 'b'] })).rejects.toThrow(/2 names for 3 outputs/u);
    await expect(previewModel(path.join(models, 'minilm'), { labels: ['a', 'b'] })).rejects.toThrow(/without a head/u);
  });
});

describe('how images become the input', () => {
  it('goes before what the files say, in the statistics of the network, too', async () => {
    const settings = { height: 64, width: 32, fit: 'cover', mean: [0.1, 0.2, 0.3], std: [0.5, 0.6, 0.7] } as const;
    const { model } = await previewModel(resnet, { ...settings, mean: [...settings.mean], std: [...settings.std] });
    expect(model.input).toMatchObject({ height: 64, width: 32 });
    expect(model.preprocessing).toMatchObject({
      height: 64,
      fit: 'cover',
      resizeShorter: null,
      statistics: { mean: [0.1, 0.2, 0.3], standardDeviation: [0.5, 0.6, 0.7] },
    });
  });

  it('keeps the share of a crop in another size', async () => {
    const { model } = await previewModel(resnet, { height: 80, width: 80 });
    expect(model.preprocessing).toMatchObject({ height: 80, fit: 'center-crop', resizeShorter: 90 });
  });

  it('is refused where the network cannot read it', async () => {
    const vit = path.join(models, 'vit-transformers');
    await expect(previewModel(path.join(models, 'bert'), { mean: [0.5] })).rejects.toThrow(/reads no images/u);
    await expect(previewModel(resnet, { std: [1, 1] })).rejects.toThrow(/2 numbers for 3 channels/u);
    await expect(previewModel(resnet, { std: [1, 0, 1] })).rejects.toThrow(/cannot be 0/u);
    await expect(previewModel(vit, { height: 13, width: 13 })).rejects.toThrow(/cannot read images of 13 × 13/u);
    await expect(previewModel(resnet, { layer: 'x' })).rejects.toThrow(/whose head has its place/u);
  });

  it('may be blue, green, red: the normalised channels change places', async () => {
    const pipeline: PipelineGraph = {
      blocks: [
        {
          id: 'pixels',
          type: 'image-normalisation',
          options: { channelOrder: 'bgr' },
          inputs: { image: 'input.image' },
        },
      ],
      outputs: { image: 'pixels.image' },
    };
    const program = createProgram('channels');
    const statistics = { mean: [0.1, 0.2, 0.3], standardDeviation: [0.5, 0.25, 0.125] };
    const input = { kind: 'image', height: 1, width: 2, channels: 3, statistics } as const;
    const context = { program, mode: 'evaluation' as const, batchSize: 1, input };
    output(program, 'standardised', buildPipeline(context, pipeline, declareInputs(context)).outputs.image!);
    const weights = new Map(
      [...program.parameters.values()].map(({ name, shape }) => [
        name,
        { shape, data: Float32Array.from(name.endsWith('mean') ? statistics.mean : statistics.standardDeviation) },
      ]),
    );
    await using executable = await compiled(program, weights);
    const { standardised } = await executable.run({ image: Float32Array.of(0.1, 0.6, 0.2, 0.7, 0.3, 0.55) });
    const expected = [0, 2, 0, 2, 0, 1];
    for (const [index, value] of expected.entries()) expect(standardised!.data[index]).toBeCloseTo(value, 5);
  });
});

describe('an ONNX network', () => {
  it('has its head where it is told', async () => {
    const { model } = await previewModel(onnx);
    const block = model.pipeline.blocks.find(({ type }) => type === 'onnx-network')!;
    const suggested = String(block.options.layer);
    await expect(previewModel(onnx, { layer: `${suggested}x` })).rejects.toThrow(
      new RegExp(`Did you mean '${suggested}'`, 'u'),
    );
    const { model: same } = await previewModel(onnx, { layer: suggested });
    expect(same.pipeline).toEqual(model.pipeline);
  });

  it('takes the preprocessing that lies beside it', async () => {
    const own = path.join(folder, 'beside');
    await cp(onnx, path.join(own, 'net.onnx'));
    const { model: alone } = await previewModel(own);
    if (alone.input.kind !== 'image') throw new Error('a network on images was recorded');
    const { height, width } = alone.input;
    const write = (fields: object) => writeFile(path.join(own, 'preprocessor_config.json'), JSON.stringify(fields));
    await write({ size: { height, width }, image_mean: [0.1, 0.2, 0.3], image_std: [0.4, 0.5, 0.6] });
    const { model } = await previewModel(own);
    expect(model.preprocessing?.statistics).toEqual({ mean: [0.1, 0.2, 0.3], standardDeviation: [0.4, 0.5, 0.6] });
  });
});
