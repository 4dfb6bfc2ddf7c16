/** From the tensors of others to weights of the lab: which one becomes which, and how it has to be turned. */
import { LabError } from '../../shared/errors.ts';
import type { LazyTensor } from '../formats/safetensors.ts';
import { elementCount, sameShape, showShape } from '../graph/shape.ts';
import type { TensorArchive } from './tensor-files.ts';

export interface WeightMap {
  readonly weights: ReadonlyMap<string, LazyTensor>;
  /** Whether the archive has a tensor. */
  has(theirs: string): boolean;
  /** Throws `LabError('bad-input')` for a tensor that is not there. */
  shapeOf(theirs: string): readonly number[];
  /** A weight as it is. Throws `LabError('bad-input')` for one that is missing or has another shape. */
  copy(ours: string, theirs: string, shape: readonly number[]): void;
  /** A matrix [out, in], as PyTorch keeps those of linear layers, as our [in, out]. */
  linear(ours: string, theirs: string, inputs: number, outputs: number): void;
  /** A weight that is computed from several; `theirs` are the tensors that it needs, of these shapes. */
  derive(
    ours: string,
    shape: readonly number[],
    theirs: readonly (readonly [name: string, shape: readonly number[]])[],
    compute: (tensors: readonly Float32Array[]) => Float32Array,
  ): void;
  /** Tensors that none of the weights were made of, in the order of the file. */
  unused(): readonly string[];
}

/**
 * @param path of the file, for messages
 * @param what needs the tensors, for messages, e.g. 'BERT'
 */
export function createWeightMap(archive: TensorArchive, path: string, what: string): WeightMap {
  const weights = new Map<string, LazyTensor>();
  const taken = new Set<string>();
  const shapeOf = (theirs: string): readonly number[] => {
    const entry = archive.entries.get(theirs);
    if (entry) return entry.shape;
    throw new LabError('bad-input', `${path} has no tensor '${theirs}', which ${what} needs`, { path, tensor: theirs });
  };
  const expectTensor = (theirs: string, shape: readonly number[]): void => {
    const found = shapeOf(theirs);
    taken.add(theirs);
    if (sameShape(found, shape)) return;
    throw new LabError(
      'bad-input',
      `${path}: '${theirs}' is ${showShape(found)}, and ${what} needs ${showShape(shape)} here. The file and its config.json do not belong together`,
      { path, tensor: theirs, found, shape },
    );
  };
  const add = (ours: string, shape: readonly number[], read: LazyTensor['read']): void => {
    if (weights.has(ours)) throw new LabError('internal', `the weight ${ours} is mapped twice`);
    weights.set(ours, { shape, read });
  };
  return {
    weights,
    shapeOf,
    has: (theirs) => archive.entries.has(theirs),
    copy(ours, theirs, shape) {
      expectTensor(theirs, shape);
      add(ours, shape, () => archive.read(theirs));
    },
    linear(ours, theirs, inputs, outputs) {
      expectTensor(theirs, [outputs, inputs]);
      add(ours, [inputs, outputs], async () => transposed(await archive.read(theirs), outputs, inputs));
    },
    derive(ours, shape, theirs, compute) {
      for (const [name, wanted] of theirs) expectTensor(name, wanted);
      add(ours, shape, async () => {
        const tensors: Float32Array[] = [];
        for (const [name] of theirs) tensors.push(await archive.read(name));
        const result = compute(tensors);
        if (result.length === elementCount(shape)) return result;
        throw new LabError(
          'internal',
          `${ours} is ${showShape(shape)} and was computed with ${result.length} elements`,
        );
      });
    },
    unused: () => [...archive.entries.keys()].filter((name) => !taken.has(name)),
  };
}

/** A matrix [rows, columns], row by row, as [columns, rows]. */
export function transposed(matrix: Float32Array, rows: number, columns: number): Float32Array {
  const result = new Float32Array(matrix.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) result[column * rows + row] = matrix[row * columns + column]!;
  }
  return result;
}
