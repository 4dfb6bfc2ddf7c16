/** Makes a foreign network part of a program: the nodes that a value needs, in the file's order, each by its operator. */
import { LabError, isLabError } from '../../../shared/errors.ts';
import { nearest } from '../../../shared/spec/problems.ts';
import type { Initialiser } from '../../graph/initialiser.ts';
import type { Value } from '../../graph/index.ts';
import { broadcastTo, cast, constant, parameter, transpose } from '../../graph/index.ts';
import { elementCount, showShape } from '../../graph/shape.ts';
import type { BuildContext } from '../block.ts';
import type { NetworkFeed, NetworkNode, NetworkWeight, OnnxNetwork } from './network.ts';
import type { Operand } from './operand.ts';
import { isHost } from './operand.ts';
import { operators } from './operators/index.ts';
import type { Step } from './step.ts';
import { createStep } from './step.ts';

/** A value beyond this cannot be computed, and a shape of a file may say anything. */
const maximumElements = 2 ** 30;

/** Of all that is known while building, together. */
const maximumKnown = 2 ** 26;

export type Ports = Readonly<Partial<Record<NetworkFeed['port'], Value>>>;

/** A node that became part of the program. */
export interface BuiltNode {
  readonly node: NetworkNode;
  readonly inputs: readonly (Operand | undefined)[];
  readonly outputs: readonly (Operand | undefined)[];
}

export interface BuiltNetwork {
  readonly values: ReadonlyMap<string, Operand>;
  /** In the order in which they are computed; what is computed while building is among them. */
  readonly nodes: readonly BuiltNode[];
}

/**
 * Appends what the values `wanted` need. Weights become parameters under the current scope. Throws `LabError('bad-spec' |
 * 'shape')` naming the node that cannot be read, and what to do.
 */
export function buildNetwork(
  context: BuildContext,
  network: OnnxNetwork,
  ports: Ports,
  wanted: readonly string[],
): BuiltNetwork {
  const built = build(context, network, ports, wanted);
  for (const name of wanted) {
    if (built.find(name)) continue;
    const guess = nearest(name, built.values.keys());
    throw new LabError(
      'bad-spec',
      `the network has no value '${name}'${guess === undefined ? '' : `. Did you mean '${guess}'?`}`,
    );
  }
  return built;
}

/** As far as the network can be read: nodes that cannot, and those that need them, are left out. */
export function buildReadable(context: BuildContext, network: OnnxNetwork, ports: Ports): BuiltNetwork {
  return build(context, network, ports, network.outputs, true);
}

interface Build extends BuiltNetwork {
  /** A value, a weight, a constant or an input by its name. */
  find(name: string): Operand | undefined;
}

function build(
  context: BuildContext,
  network: OnnxNetwork,
  ports: Ports,
  wanted: readonly string[],
  leavesOut = false,
): Build {
  const values = new Map<string, Operand>();
  const weights = new Map(network.weights.map((weight) => [weight.name, weight]));
  const constants = new Map(network.constants.map((one) => [one.name, one]));
  const feeds = new Map(network.feeds.map((feed) => [feed.name, feed]));
  const find = (name: string): Operand | undefined => {
    const made = values.get(name);
    if (made) return made;
    const found = weights.get(name);
    const literal = constants.get(name);
    const feed = feeds.get(name);
    const value = found
      ? declare(context, found)
      : literal
        ? { kind: literal.kind, shape: literal.shape, data: Float64Array.from(literal.data) }
        : feed && fed(context, feed, ports);
    if (value) values.set(name, value);
    return value;
  };

  const batches = batchesOf(network, context.batchSize);
  const nodes: BuiltNode[] = [];
  let known = 0;
  for (const node of neededNodes(network, wanted)) {
    let inputs: BuiltNode['inputs'];
    let outputs: BuiltNode['outputs'];
    try {
      inputs = node.inputs.map((name) => (name === '' ? undefined : requireValue(node, name, find(name))));
      outputs = apply(node, createStep(node, inputs, { opset: network.opset, context, batches }));
    } catch (error) {
      if (leavesOut && isLabError(error)) continue;
      throw error;
    }
    node.outputs.forEach((name, index) => {
      const output = outputs[index];
      if (!output) return;
      values.set(name, output);
      if (isHost(output)) known += output.data.length;
    });
    if (known > maximumKnown) {
      throw new LabError('too-large', `node '${node.name}' (${node.op}): the constants of the network are too large`);
    }
    nodes.push({ node, inputs, outputs });
  }
  return { values, nodes, find };
}

function apply(node: NetworkNode, step: Step): readonly (Operand | undefined)[] {
  const what = `node '${node.name}' (${node.op})`;
  const operator = operators.get(node.op);
  if (!operator) {
    throw new LabError(
      'bad-spec',
      `${what}: this op cannot be read. Choose a layer before it for the head, or export the network without it`,
      { node: node.name, op: node.op },
    );
  }
  try {
    const result = operator(step);
    const outputs = Array.isArray(result) ? (result as readonly (Operand | undefined)[]) : [result as Operand]; // Operator's two forms
    for (const output of outputs) {
      if (output && !(elementCount(output.shape) <= maximumElements)) {
        throw new LabError('too-large', `it makes a tensor of the shape ${showShape(output.shape)}`);
      }
    }
    return outputs;
  } catch (error) {
    if (!isLabError(error)) throw error;
    const { path } = error.details;
    const message = typeof path === 'string' ? error.message.replace(`${path}: `, '') : error.message;
    throw new LabError(error.code, `${what}: ${message}`, { node: node.name, op: node.op }, error);
  }
}

function requireValue(node: NetworkNode, name: string, found: Operand | undefined): Operand {
  if (found) return found;
  throw new LabError('bad-spec', `node '${node.name}' (${node.op}) reads '${name}', which nothing before it makes`);
}

/** Nodes that the values depend on, in the file's order. */
export function neededNodes(network: Pick<OnnxNetwork, 'nodes'>, wanted: readonly string[]): readonly NetworkNode[] {
  const needed = new Set(wanted);
  const kept: NetworkNode[] = [];
  for (let index = network.nodes.length - 1; index >= 0; index--) {
    const node = network.nodes[index]!; // within bounds
    if (!node.outputs.some((name) => name !== '' && needed.has(name))) continue;
    for (const name of node.inputs) needed.add(name);
    kept.push(node);
  }
  return kept.reverse();
}

function declare({ program }: BuildContext, { parameter: name, shape, role, start }: NetworkWeight): Value {
  const initialiser: Initialiser =
    start === 'zeros'
      ? { type: 'zeros' }
      : start === 'ones'
        ? { type: 'constant', value: 1 }
        : { type: 'he-normal', fanIn: start };
  return parameter(program, name, shape, { initialiser, role, decay: typeof start === 'number' });
}

/** What a port gives, as the network declares its input. */
function fed(context: BuildContext, feed: NetworkFeed, ports: Ports): Value {
  const given = ports[feed.port] ?? filled(context, feed, ports);
  const typed = cast(given, feed.kind === 'float' ? 'float32' : feed.kind === 'boolean' ? 'bool' : 'int32');
  const value = feed.permutation ? transpose(typed, feed.permutation) : typed;
  const channels = channelAxis(feed);
  const declared = channels === undefined ? undefined : feed.shape[channels];
  if (feed.shape.length !== value.shape.length || (declared && declared !== value.shape[channels!])) {
    const shown = feed.shape.map((size) => size ?? '?').join(', ');
    throw new LabError('shape', `the network takes [${shown}] for '${feed.name}', got ${showShape(value.shape)}`);
  }
  return value;
}

/** The axis of colours or features, where a network can have no other size. */
function channelAxis({ port, permutation }: NetworkFeed): number | undefined {
  const own = { image: 1, sequence: 2, tokens: undefined, mask: undefined, segments: undefined }[port];
  return own === undefined || !permutation ? own : permutation.indexOf(own);
}

/** Texts without segments are all of the first one; without a mask all of them counts. */
function filled({ program }: BuildContext, { name, port }: NetworkFeed, { tokens }: Ports): Value {
  if (!tokens || (port !== 'mask' && port !== 'segments')) {
    throw new LabError('bad-spec', `the network needs '${port}' for its input '${name}'`);
  }
  return port === 'mask'
    ? broadcastTo(constant(program, 1), tokens.shape)
    : broadcastTo(constant(program, Int32Array.of(0)), tokens.shape);
}

/** How much larger than the batch that a network was written down for this one is; undefined where any size is meant. */
function batchesOf({ feeds }: OnnxNetwork, batchSize: number): Step['batches'] {
  const [feed] = feeds;
  const declared = feed?.shape[feed.permutation ? feed.permutation.indexOf(0) : 0];
  if (declared === undefined || declared === null) return undefined;
  if (batchSize % declared !== 0) {
    throw new LabError('bad-spec', `the network was written down for batches of ${declared}: take a multiple of it`);
  }
  return { declared, times: batchSize / declared };
}
