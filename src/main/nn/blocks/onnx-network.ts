/** A foreign network as one block: everything up to the layer on which the head is put. */
import { z } from 'zod';
import { isLabError, LabError } from '../../../shared/errors.ts';
import type { Shape, Value } from '../../graph/index.ts';
import { elementCount, reshape, transpose } from '../../graph/index.ts';
import { showShape } from '../../graph/shape.ts';
import type { BlockPart } from '../block.ts';
import { defineBlock } from '../block.ts';
import type { BuiltNetwork, Ports } from '../onnx-network/build.ts';
import { buildNetwork, buildReadable } from '../onnx-network/build.ts';
import type { OnnxNetwork } from '../onnx-network/network.ts';
import { unpackNetwork } from '../onnx-network/network.ts';
import { isHost } from '../onnx-network/operand.ts';

const options = z.strictObject({
  network: z.string().min(1).meta({ readOnly: true }).describe('The network as it was imported'),
  layer: z.string().min(1).describe('The value of the network that goes on to the head, by its name in the file'),
});

defineBlock({
  type: 'onnx-network',
  family: 'network',
  title: 'Imported network',
  summary:
    'A network from an ONNX file, up to one of its layers. All of its weights are trained unless they are frozen.',
  options,
  inputs: [
    { name: 'image', summary: 'Images', axes: ['batch', 'channels', 'height', 'width'], optional: true },
    { name: 'tokens', summary: 'Ids of tokens', axes: ['batch', 'length'], optional: true, whole: true },
    { name: 'mask', summary: '1 at real positions, 0 at padding', axes: ['batch', 'length'], optional: true },
    { name: 'segments', summary: 'Sentence of each token', axes: ['batch', 'length'], optional: true, whole: true },
    { name: 'sequence', summary: 'Feature vectors', axes: ['batch', 'length', 'features'], optional: true },
  ],
  outputs: [
    { name: 'vector', summary: 'Where the layer has one vector for each example', axes: ['batch', 'features'] },
    { name: 'sequence', summary: 'Where it has a sequence of them', axes: ['batch', 'length', 'features'] },
    { name: 'map', summary: 'Where it has a feature map', axes: ['batch', 'channels', 'height', 'width'] },
  ],
  build(context, inputs, { network, layer }) {
    const foreign = unpackNetwork(network);
    try {
      const { values } = buildNetwork(context, foreign, inputs, [layer]);
      const value = values.get(layer)!; // buildNetwork gives what was asked for
      if (isHost(value) || value.dtype !== 'float32') {
        throw new LabError(
          'bad-spec',
          `layer: '${layer}' is not something computed from the input. Choose another layer`,
        );
      }
      return portsOf(value, layer, context.batchSize);
    } catch (error) {
      const hint = lengthHint(foreign, inputs);
      if (!isLabError(error) || hint === undefined) throw error;
      throw new LabError(error.code, `${error.message}. ${hint}`, error.details, error);
    }
  },
  inside: {
    option: 'layer',
    list(context, inputs, { network: text }) {
      return partsOf(buildReadable(context, unpackNetwork(text), inputs), context.batchSize);
    },
  },
});

/** What may be behind an error: a network that was written down for one length, and is given another. */
function lengthHint({ feeds }: OnnxNetwork, ports: Ports): string | undefined {
  for (const { port, shape, permutation } of feeds) {
    const declared = port === 'image' ? undefined : shape[permutation ? permutation.indexOf(1) : 1];
    const given = ports[port]?.shape[1];
    if (!declared || given === undefined || declared === given) continue;
    const [what, how] = port === 'sequence' ? ['steps', 'bring them to'] : ['tokens', 'set task.length to'];
    return `The network was written down for ${declared} ${what}, and is given ${given}: ${how} ${declared}`;
  }
  return undefined;
}

/** What is computed of the input, node by node. */
function partsOf({ nodes }: BuiltNetwork, batchSize: number): readonly BlockPart[] {
  const seen = new Set<string>();
  return nodes.flatMap(({ node, inputs, outputs }) => {
    const parameters = inputs.flatMap((input) =>
      input && !isHost(input) && input.source.kind === 'parameter' ? [input.source.parameter] : [],
    );
    const fresh = parameters.filter(({ name, role }) => role === 'weight' && !seen.has(name));
    for (const { name } of fresh) seen.add(name);
    const [result] = outputs;
    const [name] = node.outputs;
    if (!result || isHost(result) || name === undefined) return [];
    const canBeChosen = result.dtype === 'float32' && placesBatch(result.shape, batchSize) !== undefined;
    return {
      name,
      kind: node.op,
      shape: result.shape,
      parameters: fresh.reduce((sum, { shape }) => sum + elementCount(shape), 0),
      canBeChosen,
      ...(canBeChosen && { value: Object.values(portsOf(result, name, batchSize))[0] }),
    };
  });
}

/** The axis of the batch in what a head can be put on; undefined for other shapes. */
function placesBatch(shape: Shape, batchSize: number): 0 | 1 | undefined {
  if (shape.length >= 2 && shape.length <= 4 && shape[0] === batchSize) return 0;
  return shape.length === 3 && shape[1] === batchSize ? 1 : undefined;
}

/** By its axes; a map of single places is a vector, too. */
function portsOf(value: Value, layer: string, batchSize: number): Readonly<Record<string, Value>> {
  const { shape } = value;
  const axis = placesBatch(shape, batchSize);
  if (axis === undefined) {
    throw new LabError(
      'bad-spec',
      `layer: '${layer}' has the shape ${showShape(shape)}: a head needs [batch, features], [batch, length, features] or a feature map. Choose another layer`,
    );
  }
  if (shape.length === 2) return { vector: value };
  if (shape.length === 3) return { sequence: axis === 0 ? value : transpose(value, [1, 0, 2]) };
  const isVector = shape[2] === 1 && shape[3] === 1;
  return { ...(isVector && { vector: reshape(value, shape.slice(0, 2)) }), map: value };
}
