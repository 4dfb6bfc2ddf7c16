/** Any ONNX network as a model: what is recognised, the head that comes along, its layers, and what is refused. */
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { modelProto } from '../../../src/main/formats/onnx/schema.ts';
import { readSafetensors } from '../../../src/main/formats/safetensors.ts';
import type { ReadModel } from '../../../src/main/models/family.ts';
import { recogniseModel } from '../../../src/main/models/recognise.ts';
import { openModelSource } from '../../../src/main/models/source.ts';
import { layersOf, previewModel } from '../../../src/main/runs/import-model.ts';
import { summarisePipeline } from '../../../src/main/runs/summarise-pipeline.ts';
import { findTask } from '../../../src/main/tasks/index.ts';
import { buildModel } from '../../../src/main/training/model.ts';
import { compiled, relativeError } from './recorded.ts';

const fixtures = path.resolve(import.meta.dirname, '../../fixtures/onnx');
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'onnx-model-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function read(file: string): Promise<ReadModel> {
  await using source = await openModelSource(file);
  const { family } = await recogniseModel(source);
  expect(family.name).toBe('onnx');
  return await family.read(source);
}

async function weightsOf({
  weights,
}: ReadModel): Promise<Map<string, { shape: readonly number[]; data: Float32Array }>> {
  const entries = [...weights].map(
    async ([name, { shape, read: load }]) => [name, { shape, data: await load() }] as const,
  );
  return new Map(await Promise.all(entries));
}

describe('a convolutional network with a classifier', () => {
  it.each(['convolutional-9', 'convolutional-17', 'convolutional-20-dynamo'])(
    '%s comes with its head',
    async (name) => {
      const model = await read(path.join(fixtures, `${name}.onnx`));
      expect(model.heads).toMatchObject([{ task: 'image-classification', labels: { length: 5 } }]);
      expect(Object.keys(model.pipeline.outputs)).toEqual(['vector']);
      const { tensors } = await readSafetensors(path.join(fixtures, `${name}.safetensors`));
      const image = tensors.get('image')!;
      const [batch, channels, height, width] = image.shape as [number, number, number, number];
      const task = findTask('image-classification');
      const [head] = model.heads;
      const network = {
        task,
        options: task.options.parse(head!.options),
        pipeline: model.pipeline,
        facts: { input: { kind: 'image' as const, channels, height, width }, classes: head!.labels! },
      };
      const program = buildModel(network, 'prediction', batch);
      expect([...program.parameters.keys()].sort()).toEqual([...model.weights.keys()].sort());

      // The pipeline normalises pixels, and what was recorded came after that.
      const { mean, standardDeviation } = model.preprocessing!.statistics;
      const pixels = Float32Array.from(image.data, (value, place) => {
        const channel = Math.floor(place / (height * width)) % channels;
        return value * standardDeviation[channel]! + mean[channel]!;
      });
      await using executable = await compiled(program, await weightsOf(model));
      const { logits } = await executable.run({ image: pixels });
      expect(relativeError(logits!.data, tensors.get('output')!.data)).toBeLessThan(1e-4);
    },
  );

  it('can be opened, and the head put on another layer', async () => {
    const model = await read(path.join(fixtures, 'convolutional-17.onnx'));
    const summary = summarisePipeline(model.pipeline, model.input);
    expect(summary.problems).toEqual([]);
    const { inside, parameters } = summary.blocks.find(({ type }) => type === 'onnx-network')!;
    const parts = inside!.parts;
    expect(parts.filter(({ kind }) => kind === 'Conv').length).toBe(6);
    expect(parts.reduce((sum, part) => sum + part.parameters, 0)).toBe(parameters);
    const map = parts.find(({ kind }) => kind === 'MaxPool')!;
    expect(map).toMatchObject({ canBeChosen: true, shape: [6, 3, 3] });
    const blocks = model.pipeline.blocks.map((block) =>
      block.id === 'network' ? { ...block, options: { ...block.options, layer: map.name } } : block,
    );
    const changed = summarisePipeline({ blocks, outputs: { map: 'network.map' } }, model.input);
    expect(changed).toMatchObject({ problems: [], outputs: { map: [6, 3, 3] } });
  });
});

describe('other data', () => {
  it.each([
    ['attention-17', { kind: 'tokens', vocabularySize: 11 }, ['vector']],
    ['recurrent-14', { kind: 'frames', features: 4 }, ['sequence']],
    ['enlarging-17', { kind: 'image', channels: 3 }, ['map', 'vector']],
  ])('%s', async (name, input, outputs) => {
    const model = await read(path.join(fixtures, `${name}.onnx`));
    expect(model.input).toMatchObject(input);
    expect(Object.keys(model.pipeline.outputs)).toEqual(outputs);
    expect(model.heads).toEqual([]);
    expect(summarisePipeline(model.pipeline, model.input).problems).toEqual([]);
  });
});

describe('what is refused, by the name of the file', () => {
  const dim = ['batch', 3, 8, 8].map((size) => (typeof size === 'number' ? { dimValue: size } : { dimParam: size }));
  const write = async (node: readonly object[], opset = 17): Promise<string> => {
    const file = path.join(folder, 'net.onnx');
    const input = [{ name: 'x', type: { tensorType: { elemType: 1, shape: { dim } } } }];
    const graph = { node, input, output: [{ name: 'y' }], initializer: [] };
    await writeFile(file, modelProto.encode({ irVersion: 8, opsetImport: [{ version: opset }], graph }).finish());
    return file;
  };
  const node = (opType: string, input: readonly string[], output: string): object => ({
    opType,
    name: `the ${opType}`,
    input,
    output: [output],
  });

  it.each([
    [
      'an op that is missing, with its node',
      [node('NonMaxSuppression', ['x'], 'y')],
      17,
      /net\.onnx: node 'the NonMaxSuppression' \(NonMaxSuppression\): this op cannot be read/,
    ],
    ['an opset that is not known', [node('Relu', ['x'], 'y')], 30, /net\.onnx: it uses opset 30/],
    [
      'a value that nothing makes',
      [node('Relu', ['z'], 'y'), node('Relu', ['x'], 'w')],
      17,
      /net\.onnx: node 'the Relu' \(Relu\) reads 'z'/,
    ],
    ['an output that is not computed', [node('Shape', ['x'], 'y')], 17, /not something computed from the input/],
  ])('%s', async (_title, nodes, opset, message) => {
    const file = await write(nodes, opset);
    await expect(read(file)).rejects.toThrow(message);
  });

  it('an op that is missing, but not the network before it: its layers are shown, and one of them can be chosen', async () => {
    const file = await write([
      node('Relu', ['x'], 'r'),
      node('NonMaxSuppression', ['r'], 'y'),
      node('Relu', ['y'], 'z'),
    ]);
    await expect(read(file)).rejects.toThrow(/Choose a layer before it/);
    const { parts } = (await layersOf(file))!;
    expect(parts.map(({ name, canBeChosen }) => [name, canBeChosen])).toEqual([['r', true]]);
    const { model } = await previewModel(file, { layer: 'r' });
    expect(Object.keys(model.pipeline.outputs)).toEqual(['map', 'vector']);
  });

  it('another length of texts than it was written down for, with the one that it takes', async () => {
    const file = path.join(folder, 'fixed.onnx');
    const shape = { dim: [{ dimParam: 'batch' }, { dimValue: 4 }] };
    const graph = {
      node: [node('Gather', ['table', 'tokens'], 'g'), node('Reshape', ['g', 'size'], 'y')],
      input: [{ name: 'tokens', type: { tensorType: { elemType: 7, shape } } }],
      output: [{ name: 'y' }],
      initializer: [
        { name: 'table', dims: [7, 3], dataType: 1, floatData: new Array(21).fill(0.5) },
        { name: 'size', dims: [2], dataType: 7, int64Data: [-1, 12] },
      ],
    };
    await writeFile(file, modelProto.encode({ irVersion: 8, opsetImport: [{ version: 17 }], graph }).finish());
    const { model } = await previewModel(file, { layer: 'y' });
    const { pipeline, input } = model;
    expect(input).toMatchObject({ kind: 'tokens', length: 4 });
    expect(summarisePipeline(pipeline, input).problems).toEqual([]);
    if (input.kind !== 'tokens') throw new Error('it reads tokens');
    for (const length of [6, 8]) {
      const { problems } = summarisePipeline(pipeline, { ...input, length });
      expect(problems).toHaveLength(1);
      expect(problems[0]!.message).toMatch(/for 4 tokens, and is given \d: set task\.length to 4/);
    }
  });

  it('a folder with several of them', async () => {
    for (const name of ['a.onnx', 'b.onnx']) {
      await copyFile(path.join(fixtures, 'recurrent-14.onnx'), path.join(folder, name));
    }
    await expect(read(folder)).rejects.toThrow(/several ONNX networks: name one of a\.onnx, b\.onnx/);
  });
});
