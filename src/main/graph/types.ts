/**
 * The types of tensor programs. Values, nodes, ops and programs speak of each other, so their types stand in one file; what
 * builds programs is in `program.ts`, what defines ops in `op.ts`, what lowers them in `onnx.ts`.
 */
import type * as tfjs from '@tensorflow/tfjs-core';
import type { Initialiser } from './initialiser.ts';

export type DType = 'float32' | 'int32' | 'uint8' | 'bool';
export type Shape = readonly number[];

export interface TensorType {
  readonly dtype: DType;
  readonly shape: Shape;
}

/** A tensor that the program will compute, be fed, or own. */
export interface Value extends TensorType {
  readonly id: number;
  readonly program: Program;
  readonly source: ValueSource;
}

export type ValueSource =
  | { readonly kind: 'input'; readonly name: string }
  | { readonly kind: 'parameter'; readonly parameter: Parameter }
  | { readonly kind: 'constant'; readonly data: ConstantData }
  | { readonly kind: 'node'; readonly node: Node; readonly index: number };

export type ConstantData = Float32Array | Int32Array | Uint8Array;

/** One application of an op. `path` is the block that made it, e.g. `encoder/layer.0/attention`. */
export interface Node<Attributes extends OpAttributes = OpAttributes> {
  readonly id: number;
  readonly op: Op<Attributes>;
  readonly inputs: readonly Value[];
  readonly attributes: Attributes;
  readonly outputs: readonly Value[];
  readonly path: string;
}

/**
 * A float32 tensor that outlives a step. Weights are changed by the optimizer; states (running statistics, a carried
 * recurrent state) only by `assign`. Both are in checkpoints, under `name`.
 */
export interface Parameter {
  readonly name: string;
  readonly shape: Shape;
  readonly initialiser: Initialiser;
  readonly role: 'weight' | 'state';
  /** Whether decoupled weight decay applies: true for matrices and kernels, false for biases and normalisation gains. */
  readonly decay: boolean;
  /** Frozen weights get no gradient, and what only they need is pruned from the backward pass. */
  trainable: boolean;
  readonly value: Value;
}

/** A window into a pool of random numbers; see `ops/dropout.ts`. */
export interface DropoutSite {
  readonly index: number;
  readonly rate: number;
  readonly windowLength: number;
  readonly pool: Value;
  readonly offset: Value;
}

/**
 * ∂loss/∂(rows of a table): each row of `rows` (shape `indices.shape` and that of one row) is to be added to the row of
 * the table that `indices`, int32 of any shape, says. Kept apart because adding is the host's work.
 */
export interface RowGradient {
  readonly kind: 'rows';
  readonly indices: Value;
  readonly rows: Value;
}

/** The gradient of one parameter: a dense part, rows to be added to it, or both. */
export interface ParameterGradient {
  readonly parameter: Parameter;
  readonly dense: Value | undefined;
  readonly rows: readonly RowGradient[];
}

export interface Program {
  readonly name: string;
  readonly nodes: Node[];
  readonly inputs: Map<string, Value>;
  readonly parameters: Map<string, Parameter>;
  readonly constants: Value[];
  readonly outputs: Map<string, Value>;
  /** New contents of state parameters, stored after the step. */
  readonly assignments: Map<Parameter, Value>;
  readonly dropoutSites: DropoutSite[];
  /** Filled by `appendGradients`. */
  gradients: readonly ParameterGradient[];
  /** Of `appendGradients`: the constant 1 of its own that all gradients begin with, ∂loss/∂loss. */
  lossGradient?: Value;
  /** Internal: the next id and the current block path. */
  readonly internal: { nextId: number; scope: string[]; constantCache: Map<string, Value> };
}

/** JSON-like, so that equal applications can be recognised. */
export type OpAttribute = number | string | boolean | readonly number[] | undefined;
export type OpAttributes = { readonly [name: string]: OpAttribute };

export type Gradient = Value | RowGradient | undefined;
export type TensorFlow = typeof tfjs;

/** Methods rather than function properties: an `Op<A>` is then usable as an `Op`. */
export interface OpDefinition<Attributes extends OpAttributes> {
  readonly name: string;
  /** Types of the outputs. Throws `LabError('shape')`; the block path and the op's name are added by `apply`. */
  infer(inputs: readonly TensorType[], attributes: Attributes): readonly TensorType[];
  /**
   * The vector-Jacobian product: given ∂loss/∂output for each output (undefined where nothing depends on it), returns
   * ∂loss/∂input for each input. Built from ops, so it is part of the program. Absent for ops without a gradient.
   * `needed[i]` is false where nobody wants the i-th answer, which saves building it.
   */
  gradient?(
    node: Node<Attributes>,
    outputs: readonly (Value | undefined)[],
    needed: readonly boolean[],
  ): readonly Gradient[];
  /** Emits ONNX nodes; returns the names of the outputs. */
  onnx(emit: OnnxEmitter, inputs: readonly string[], node: Node<Attributes>): readonly string[];
  /** Computes with TensorFlow.js. */
  tfjs(tf: TensorFlow, inputs: readonly tfjs.Tensor[], node: Node<Attributes>): readonly tfjs.Tensor[];
  /** Floating-point operations of one application; by default one for each element of the first output. */
  flops?(node: Node<Attributes>): number;
}

export type Op<Attributes extends OpAttributes = OpAttributes> = OpDefinition<Attributes>;

export type OnnxAttribute = number | string | readonly number[] | { readonly float: number };
export type OnnxAttributes = Readonly<Record<string, OnnxAttribute>>;

/** What an op's `onnx` method writes with. */
export interface OnnxEmitter {
  /** Appends a node, unless the same one is there already, and returns the names of its outputs (one unless `outputs` says more). */
  node(
    opType: string,
    inputs: readonly string[],
    options?: { readonly attributes?: OnnxAttributes; readonly domain?: string; readonly outputs?: number },
  ): readonly string[];
  /** As `node`, for one output. */
  one(opType: string, inputs: readonly string[], attributes?: OnnxAttributes, domain?: string): string;
  /** A constant of int64s, as shapes, axes and indices are given in ONNX; a vector unless a shape is given. */
  ints(values: readonly number[], shape?: Shape): string;
  int32(values: readonly number[], shape?: Shape): string;
  /** A scalar float32 constant. */
  float(value: number): string;
  /** A vector of float32 constants. */
  floats(values: readonly number[]): string;
  /** As in `LoweringOptions`. */
  readonly channelBlock: number | undefined;
  /** As in `LoweringOptions`. */
  readonly onDevice: boolean;
}
