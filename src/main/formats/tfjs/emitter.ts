/** Writes the nodes of a TensorFlow graph as TensorFlow.js reads them, and collects the weights. */
import { LabError } from '../../../shared/errors.ts';
import type { OnnxNode } from '../../graph/onnx.ts';
import type { ConstantData } from '../../graph/program.ts';
import { elementCount } from '../../graph/shape.ts';

export type TfType = 'float32' | 'int32' | 'bool';

/** What flows between nodes. Sizes are known when the graph runs; the rank, mostly, before. */
export interface TfValue {
  /** Of the node, with `:1` and so on for its further outputs. */
  readonly name: string;
  readonly rank: number | undefined;
  /** Of a vector, such as a shape that is computed. */
  readonly length?: number | undefined;
  /** Of a constant. */
  readonly constant?: TfConstant;
}

export interface TfConstant {
  readonly type: TfType;
  readonly shape: readonly number[];
  readonly data: ConstantData;
}

/** Attributes in the JSON form of TensorFlow's `AttrValue`. */
export type TfAttribute =
  number | boolean | string | readonly number[] | { readonly type: TfType } | { readonly shape: readonly number[] };

export interface TfNode {
  readonly name: string;
  readonly op: string;
  readonly input: readonly string[];
  readonly attr: Readonly<Record<string, unknown>>;
}

export interface TfWeight extends TfConstant {
  readonly name: string;
}

export interface TfEmitter {
  readonly nodes: readonly TfNode[];
  readonly weights: readonly TfWeight[];
  op(
    op: string,
    inputs: readonly TfValue[],
    options?: {
      readonly attributes?: Readonly<Record<string, TfAttribute>>;
      readonly rank?: number | undefined;
      readonly length?: number | undefined;
    },
  ): TfValue;
  /** As `op`, for several outputs of one rank. */
  several(op: string, inputs: readonly TfValue[], count: number, rank: number | undefined): readonly TfValue[];
  input(name: string, type: TfType, shape: readonly number[]): TfValue;
  /** Gives a value the name that whoever runs the model asks for. */
  output(name: string, value: TfValue): void;
  constant(constant: TfConstant, name?: string): TfValue;
  /** A vector of int32s. */
  ints(values: readonly number[]): TfValue;
  int(value: number): TfValue;
  float(value: number): TfValue;
}

/** The outputs of a node. Throws `LabError('bad-input')` for what TensorFlow.js cannot do. */
export type TfOperator = (tf: TfEmitter, node: OnnxNode, inputs: readonly TfValue[]) => readonly TfValue[];

/** DataType of TensorFlow. */
export const tfTypes: Readonly<Record<TfType, string>> = { float32: 'DT_FLOAT', int32: 'DT_INT32', bool: 'DT_BOOL' };

export function createTfEmitter(): TfEmitter {
  const nodes: TfNode[] = [];
  const weights: TfWeight[] = [];
  const known = new Map<string, TfValue>();
  const taken = new Set<string>();
  const unique = (wanted: string): string => {
    // Colons count outputs, and a caret marks an edge of control.
    const plain = wanted.replaceAll(/[^A-Za-z0-9_./-]/gu, '_');
    let name = plain;
    for (let count = 1; taken.has(name); count += 1) name = `${plain}_${String(count)}`;
    taken.add(name);
    return name;
  };
  const add = (
    op: string,
    name: string,
    inputs: readonly TfValue[],
    attributes: Readonly<Record<string, TfAttribute>>,
  ): string => {
    const attr = Object.fromEntries(Object.entries(attributes).map(([key, value]) => [key, attributeValue(value)]));
    nodes.push({ name, op, input: inputs.map((input) => input.name), attr });
    return name;
  };
  const constant = (value: TfConstant, wanted = 'constant'): TfValue => {
    const { type, shape, data } = value;
    if (data.length !== elementCount(shape)) throw new LabError('internal', `${wanted} does not have its shape`);
    const isSmall = data.length <= 16;
    const key = `${type} ${shape.join()} ${data.join()}`;
    const same = isSmall ? known.get(key) : undefined;
    if (same) return same;
    const name = unique(wanted);
    add('Const', name, [], { dtype: { type }, value: { shape } });
    weights.push({ name, ...value });
    const made = { name, rank: shape.length, length: shape.length === 1 ? shape[0] : undefined, constant: value };
    if (isSmall) known.set(key, made);
    return made;
  };
  return {
    nodes,
    weights,
    constant,
    op(op, inputs, { attributes = {}, rank, length } = {}) {
      return { name: add(op, unique(op), inputs, attributes), rank, length };
    },
    several(op, inputs, count, rank) {
      const name = add(op, unique(op), inputs, { num_split: count });
      return Array.from({ length: count }, (_, index) => ({
        name: index === 0 ? name : `${name}:${String(index)}`,
        rank,
      }));
    },
    input(name, type, shape) {
      taken.add(name);
      return { name: add('Placeholder', name, [], { dtype: { type }, shape: { shape } }), rank: shape.length };
    },
    output(name, value) {
      if (taken.has(name)) throw new LabError('internal', `two values are called ${name}`);
      taken.add(name);
      add('Identity', name, [value], {});
    },
    ints: (values) => constant({ type: 'int32', shape: [values.length], data: Int32Array.from(values) }),
    int: (value) => constant({ type: 'int32', shape: [], data: Int32Array.of(value) }),
    float: (value) => constant({ type: 'float32', shape: [], data: Float32Array.of(value) }),
  };
}

function attributeValue(value: TfAttribute): unknown {
  if (typeof value === 'number') return { i: String(value) };
  if (typeof value === 'boolean') return { b: value };
  if (typeof value === 'string') return { s: Buffer.from(value).toString('base64') };
  if ('type' in value) return { type: tfTypes[value.type] };
  if ('shape' in value) return { shape: { dim: value.shape.map((size) => ({ size: String(size) })) } };
  return { list: { i: value.map(String) } };
}
