/** Which input of a foreign network takes which data of ours, told by its type, its axes and its name. */
import { LabError } from '../../../shared/errors.ts';
import type { ForeignInput, ForeignNode } from '../../formats/onnx/read.ts';
import type { NetworkFeed } from '../../nn/onnx-network/network.ts';

const colours = new Set([1, 3, 4]);

/** The first feed is the one that carries the batch. Throws `LabError('bad-input')` for an input that nothing of ours fits. */
export function feedsOf(inputs: readonly ForeignInput[], nodes: readonly ForeignNode[]): NetworkFeed[] {
  const read = new Set(nodes.flatMap((node) => node.inputs));
  const feeds = inputs.filter(({ name }) => read.has(name)).map(feedOf);
  const order = ['image', 'tokens', 'sequence', 'mask', 'segments'];
  feeds.sort((a, b) => order.indexOf(a.port) - order.indexOf(b.port));
  const [main, ...rest] = feeds;
  if (!main) throw new LabError('bad-input', 'it has no input');
  const twin = rest.find(({ port }, index) => feeds.findIndex((other) => other.port === port) <= index);
  if (twin ?? (main.port !== 'tokens' && rest.length > 0)) {
    const shown = feeds.map(({ name }) => `'${name}'`).join(', ');
    throw new LabError('bad-input', `it takes several inputs at once (${shown}), which no data here has`);
  }
  return feeds;
}

function feedOf({ name, kind, shape }: ForeignInput): NetworkFeed {
  const rank = shape?.length;
  const sizes = (shape ?? []).map((size) => (typeof size === 'number' ? size : null));
  if (kind === 'float' && rank === 4) {
    const isChannelsLast = !colours.has(sizes[1] ?? 3) && (sizes[3] === 1 || sizes[3] === 3);
    return { name, kind, port: 'image', shape: sizes, ...(isChannelsLast && { permutation: [0, 2, 3, 1] }) };
  }
  if (kind === 'float' && rank === 3) {
    const isStepsFirst = isBatchName(shape?.[1]) || (sizes[1] === 1 && sizes[0] !== 1 && !isBatchName(shape?.[0]));
    return { name, kind, port: 'sequence', shape: sizes, ...(isStepsFirst && { permutation: [1, 0, 2] }) };
  }
  if (rank === 2 && (kind !== 'float' || /mask/i.test(name))) {
    return { name, kind, port: textPort(name), shape: sizes };
  }
  const shown = (shape ?? []).map((size) => size ?? '?').join(', ');
  const took = shape ? `${kind} numbers of the shape [${shown}]` : 'something whose shape it does not say';
  throw new LabError(
    'bad-input',
    `its input '${name}' takes ${took}: images are [batch, channels, height, width], tokens whole numbers [batch, length], sequences [batch, length, features]`,
  );
}

const isBatchName = (size: number | string | undefined): boolean =>
  typeof size === 'string' && /^(batch|n$|b$)/i.test(size);

function textPort(name: string): NetworkFeed['port'] {
  if (/mask/i.test(name)) return 'mask';
  if (/type|segment/i.test(name)) return 'segments';
  if (/pos/i.test(name)) {
    throw new LabError('bad-input', `it is fed its positions ('${name}'): export it so that it counts them itself`);
  }
  return 'tokens';
}
