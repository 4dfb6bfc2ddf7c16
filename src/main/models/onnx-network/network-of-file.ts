/** Turns a network as it lies in a file into the block's option and the weights beside it. */
import { LabError } from '../../../shared/errors.ts';
import type { ForeignNetwork, ForeignNode, ForeignTensor } from '../../formats/onnx/read.ts';
import { elementCount } from '../../graph/index.ts';
import type { NetworkAttribute, NetworkConstant, NetworkWeight, OnnxNetwork } from '../../nn/onnx-network/network.ts';
import { feedsOf } from './feeds.ts';
import type { Role } from './weights.ts';
import { findWeights } from './weights.ts';

export interface ReadNetwork {
  readonly network: OnnxNetwork;
  /** By the names of the parameters, without the block's path. */
  readonly weights: ReadonlyMap<string, { readonly shape: readonly number[]; readonly data: Float32Array }>;
}

/** Opsets whose rules are known. */
const [oldest, newest] = [7, 22];

/** A constant of more elements lies with the weights, where it is not trained. */
const largestConstant = 2 ** 18;

/** Throws `LabError('format-version')` for an opset beyond what is known, `LabError('bad-input')` for inputs that no data of ours fits. */
export function networkOfFile(file: ForeignNetwork): ReadNetwork {
  if (file.opset < oldest || file.opset > newest) {
    throw new LabError(
      'format-version',
      `it uses opset ${file.opset} of ONNX; ${oldest} to ${newest} can be read. Export it for one of them, or convert it with onnx.version_converter`,
    );
  }
  const { nodes, tensors } = withoutIdentities(withConstants(file));
  const fed = new Set(file.inputs.map(({ name }) => name));
  const read = new Set(nodes.flatMap(({ inputs }) => inputs));
  const roles = findWeights({ nodes, tensors, fed });
  const names = parameterNames([...tensors.keys()].filter((name) => read.has(name)));
  const weights = new Map<string, { shape: readonly number[]; data: Float32Array }>();
  const entries: NetworkWeight[] = [];
  const constants: NetworkConstant[] = [];
  for (const [name, tensor] of tensors) {
    if (!read.has(name)) continue;
    const role = roles.get(name) ?? largeConstant(tensor);
    if (!role || elementCount(tensor.shape) === 0 || !(tensor.data instanceof Float32Array)) {
      constants.push({ name, kind: tensor.kind, shape: [...tensor.shape], data: [...tensor.data] });
      continue;
    }
    const parameter = names.get(name)!; // it is read
    entries.push({ name, parameter, shape: [...tensor.shape], ...role });
    weights.set(parameter, { shape: tensor.shape, data: tensor.data });
  }
  return {
    network: {
      opset: file.opset,
      nodes: nodes.map(({ op, domain, name, inputs, outputs, attributes }) => ({
        op,
        domain,
        name,
        inputs: [...inputs],
        outputs: [...outputs],
        attributes: Object.fromEntries(Object.entries(attributes).map(([key, value]) => [key, plain(value)])),
      })),
      constants,
      weights: entries,
      feeds: feedsOf(file.inputs, nodes),
      outputs: [...file.outputs],
    },
    weights,
  };
}

function largeConstant({ kind, shape }: ForeignTensor): Role | undefined {
  return kind === 'float' && elementCount(shape) > largestConstant ? { role: 'state', start: 'zeros' } : undefined;
}

interface Parts {
  readonly nodes: readonly ForeignNode[];
  readonly tensors: ReadonlyMap<string, ForeignTensor>;
}

const isTensor = (value: unknown): value is ForeignTensor =>
  typeof value === 'object' && value !== null && 'shape' in value && 'data' in value;

/** Constants among the nodes are tensors like others: some exporters write all weights so. */
function withConstants({ nodes, tensors }: Parts): Parts {
  const all = new Map(tensors);
  const rest = nodes.filter((node) => {
    const tensor = node.op === 'Constant' ? constantOf(node) : undefined;
    const [name] = node.outputs;
    if (!tensor || name === undefined) return true;
    all.set(name, tensor);
    return false;
  });
  return { nodes: rest, tensors: all };
}

function constantOf({ attributes, outputs }: ForeignNode): ForeignTensor | undefined {
  const name = outputs[0] ?? '';
  const list = (kind: 'float' | 'integer', values: readonly number[], shape: readonly number[]): ForeignTensor => ({
    name,
    kind,
    shape,
    data: kind === 'float' ? Float32Array.from(values) : Float64Array.from(values),
  });
  const { value, value_float: float, value_int: int, value_floats: floats, value_ints: ints } = attributes;
  if (isTensor(value)) return { ...value, name };
  if (typeof float === 'number') return list('float', [float], []);
  if (typeof int === 'number') return list('integer', [int], []);
  const numbers = floats ?? ints;
  if (!Array.isArray(numbers)) return undefined;
  const values = numbers.filter((item) => typeof item === 'number');
  return list(floats ? 'float' : 'integer', values, [values.length]);
}

/**
 * Exporters keep equal tensors once and give them other names by Identity. A matrix of two names is tied on purpose; vectors are
 * equal because nobody has trained them yet, and belong to several layers.
 */
function withoutIdentities({ nodes, tensors }: Parts): Parts {
  const all = new Map(tensors);
  const renamed = new Map<string, string>();
  const rest = nodes.filter(({ op, inputs, outputs }) => {
    const [from = '', to = ''] = [inputs[0], outputs[0]];
    const source = renamed.get(from) ?? from;
    const tensor = op === 'Identity' ? all.get(source) : undefined;
    if (!tensor || to === '') return true;
    if (tensor.shape.length >= 2) renamed.set(to, source);
    else all.set(to, { ...tensor, name: to });
    return false;
  });
  const rename = (name: string): string => renamed.get(name) ?? name;
  return { nodes: rest.map((node) => ({ ...node, inputs: node.inputs.map(rename) })), tensors: all };
}

/** Names as they are in the file, but parts of paths: without slashes at the ends and doubled ones. */
function parameterNames(names: readonly string[]): ReadonlyMap<string, string> {
  const taken = new Set<string>();
  return new Map(
    names.map((name) => {
      const plainName =
        name
          .split('/')
          .filter((part) => part !== '')
          .join('/') || 'tensor';
      let unique = plainName;
      for (let count = 2; taken.has(unique); count++) unique = `${plainName}.${count}`;
      taken.add(unique);
      return [name, unique] as const;
    }),
  );
}

function plain(value: ForeignNode['attributes'][string]): NetworkAttribute {
  if (typeof value === 'number' || typeof value === 'string') return value;
  if (isTensor(value)) return [...value.data];
  if ('unreadable' in value) return value;
  return [...value] as number[] | string[]; // attributes are lists of one of them
}
