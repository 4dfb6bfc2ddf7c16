/** What a foreign network is fed, as kinds of data of ours. */
import type { ImagePreprocessing } from '../../../shared/spec/manifests/model.ts';
import type { ForeignNetwork } from '../../formats/onnx/read.ts';
import { elementCount } from '../../graph/index.ts';
import type { PipelineInput } from '../../nn/index.ts';
import type { NetworkFeed, OnnxNetwork } from '../../nn/onnx-network/network.ts';

/** Where a network takes images of any size. */
const usualSide = 224;
/** Lines of text are wide: so many times as wide as high, where a network takes any width. */
const lineWidth = 4;
const usualLength = 64;

/** Sizes as declared, in the order in which our data has its axes. */
function sizesOf({ shape, permutation }: NetworkFeed): readonly (number | null)[] {
  if (!permutation) return shape;
  return permutation.map((_, axis) => shape[permutation.indexOf(axis)] ?? null);
}

/** Whether the file says rows and columns of the images that it reads. */
export function hasFixedSize({ feeds }: OnnxNetwork): boolean {
  const [, , height, width] = sizesOf(feeds[0]!); // a network has one
  return typeof height === 'number' && typeof width === 'number';
}

/** The data of the network's first feed; sizes that the file leaves open are usual ones. */
export function inputOf({ feeds, weights, nodes }: OnnxNetwork): PipelineInput {
  const feed = feeds[0]!; // a network has one
  const [, second, third, fourth] = sizesOf(feed);
  switch (feed.port) {
    case 'image': {
      const height = third ?? fourth ?? usualSide;
      const width = fourth ?? (third ? lineWidth * third : usualSide);
      return { kind: 'image', channels: second ?? 3, height, width };
    }
    case 'sequence':
      return { kind: 'frames', length: second ?? usualLength, features: third ?? 1 };
    default: {
      // The table that ids are looked up in says how many there are.
      const lookup = nodes.find(({ op, inputs }) => op === 'Gather' && inputs[1] === feed.name);
      const table = weights.find(({ name }) => name === lookup?.inputs[0]);
      return { kind: 'tokens', length: second ?? usualLength, vocabularySize: table?.shape[0] ?? 1 };
    }
  }
}

/** ImageNet's, for coloured images that the network does not normalise itself. */
const imagenet = { mean: [0.485, 0.456, 0.406], standardDeviation: [0.229, 0.224, 0.225] };

/** How images become what the network was trained on; undefined for other data. */
export function preprocessingOf(
  network: OnnxNetwork,
  { producer }: ForeignNetwork,
  input: PipelineInput,
): ImagePreprocessing | undefined {
  if (input.kind !== 'image') return undefined;
  const { height, width, channels } = input;
  const isOwn = producer.startsWith('Pretext Lab') || normalisesItself(network);
  const plain = { mean: new Array<number>(channels).fill(0), standardDeviation: new Array<number>(channels).fill(1) };
  return {
    height,
    width,
    channels: channels === 1 ? 1 : 3,
    fit: 'stretch',
    resizeShorter: null,
    statistics: channels === 3 && !isOwn ? imagenet : plain,
    channelOrder: 'rgb',
  };
}

/** Whether arithmetic with constants is the first thing that happens to pixels. */
function normalisesItself({ nodes, constants, feeds }: OnnxNetwork): boolean {
  const known = new Map(constants.map(({ name, shape }) => [name, elementCount(shape)]));
  const names = new Set(feeds.map(({ name }) => name));
  for (const { op, inputs, outputs } of nodes) {
    if (!inputs.some((name) => names.has(name))) continue;
    if (['Sub', 'Div', 'Mul', 'Add'].includes(op)) return inputs.some((name) => known.has(name));
    if (op !== 'Transpose' && op !== 'Identity' && op !== 'Cast') return op === 'BatchNormalization';
    for (const name of outputs) names.add(name);
  }
  return false;
}
