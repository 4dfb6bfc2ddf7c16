/** Runs a program op by op on TensorFlow.js, giving each tensor back as soon as its last reader is done. */
import type { Tensor, TypedArray } from '@tensorflow/tfjs-core';
import { LabError, messageOf } from '../../../shared/errors.ts';
import type { TensorFlow } from '../../graph/op.ts';
import type { ConstantData, DType, Node, Program, Value } from '../../graph/program.ts';
import { elementCount, showShape } from '../../graph/shape.ts';
import type { Tensor as HostTensor } from '../engine.ts';

/** Tensors by the id of the value they hold. */
export type Tensors = ReadonlyMap<number, Tensor>;

export interface Interpreter {
  /** Computes the wanted values from those given (inputs and parameters); the answer's tensors are the caller's to dispose. */
  run(given: Tensors, wanted: readonly Value[]): Map<number, Tensor>;
  release(): void;
}

/** Runs all or some outputs of a program; constants are uploaded once, when this is called. */
export function createInterpreter(tf: TensorFlow, program: Program): Interpreter {
  const constants = new Map(
    program.constants.flatMap((value) =>
      value.source.kind === 'constant' ? [[value.id, upload(tf, value, value.source.data)] as const] : [],
    ),
  );
  const lastReader = new Map<number, Node>();
  for (const node of program.nodes) for (const { id } of node.inputs) lastReader.set(id, node);

  return {
    run(given, wanted) {
      const wantedIds = new Set(wanted.map(({ id }) => id));
      const computed = new Map<number, Tensor>();
      const tensorOf = ({ id }: Value): Tensor => {
        const tensor = computed.get(id) ?? given.get(id) ?? constants.get(id);
        if (!tensor) throw new LabError('internal', 'a node reads a value that was not computed');
        return tensor;
      };
      const drop = (value: Value, node: Node): void => {
        if (wantedIds.has(value.id) || (lastReader.get(value.id) ?? node) !== node) return;
        computed.get(value.id)?.dispose();
        computed.delete(value.id);
      };
      try {
        for (const node of program.nodes) {
          const outputs = applyNode(tf, node, node.inputs.map(tensorOf));
          node.outputs.forEach((value, index) => {
            const tensor = outputs[index];
            if (tensor) computed.set(value.id, tensor);
          });
          for (const value of [...node.inputs, ...node.outputs]) drop(value, node);
        }
        // Results of their own, also where a result is an input, a parameter or a constant.
        return new Map(wanted.map((value) => [value.id, computed.get(value.id) ?? tensorOf(value).clone()]));
      } catch (error) {
        for (const tensor of computed.values()) tensor.dispose();
        throw error;
      }
    },
    release() {
      for (const tensor of constants.values()) tensor.dispose();
    },
  };
}

function applyNode(tf: TensorFlow, node: Node, inputs: readonly Tensor[]): readonly Tensor[] {
  try {
    return tf.tidy(() => [...node.op.tfjs(tf, inputs, node)]);
  } catch (error) {
    const place = node.path === '' ? node.op.name : `${node.path}: ${node.op.name}`;
    throw new LabError(
      'engine-failed',
      `TensorFlow failed in ${place}: ${messageOf(error)}`,
      { path: node.path },
      error,
    );
  }
}

/** A tensor with the data, which is copied: TensorFlow.js would keep the array itself. */
export function upload(
  tf: TensorFlow,
  { dtype, shape }: { dtype: DType; shape: readonly number[] },
  data: ConstantData,
): Tensor {
  return tf.tensor(
    dtype === 'uint8' ? Int32Array.from(data) : data.slice(),
    [...shape],
    dtype === 'uint8' ? 'int32' : dtype,
  );
}

/** Checks and uploads what is fed. Throws `LabError('shape')` for a length that does not fit. */
export function uploadFeed(tf: TensorFlow, name: string, value: Value, data: ConstantData | undefined): Tensor {
  if (!data) throw new LabError('internal', `the input '${name}' was not fed`);
  const length = elementCount(value.shape);
  if (data.length !== length) {
    throw new LabError(
      'shape',
      `the input '${name}' needs ${showShape(value.shape)}, that is ${String(length)} elements, and was fed ${String(data.length)}`,
    );
  }
  return upload(tf, value, data);
}

/** A copy in the caller's memory. */
export async function download(
  tensor: Tensor,
  { dtype, shape }: { dtype: DType; shape: readonly number[] },
): Promise<HostTensor> {
  const data: TypedArray = await tensor.data();
  if (dtype === 'float32') return { shape, data: Float32Array.from(data) };
  return { shape, data: dtype === 'int32' ? Int32Array.from(data) : Uint8Array.from(data) };
}
