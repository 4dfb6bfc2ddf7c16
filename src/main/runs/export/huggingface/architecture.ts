/** A model class of transformers: whether a network is one, and under which names and in which layout it keeps the weights. */
import { LabError } from '../../../../shared/errors.ts';
import { namesOfOutput } from '../describe-network.ts';
import type { NetworkSubject } from '../source.ts';
import type { Weight } from '../weights.ts';
import type { TextEncoder } from './encoder.ts';

/** Class names in transformers. */
export interface HubClasses {
  readonly model: string;
  /** The Auto class that loads it. */
  readonly auto: string;
  /** There is no head for the task: what is written is the encoder alone. */
  readonly isHeadless?: true;
}

export interface HubArchitecture {
  /** As transformers writes it, e.g. `BERT`. */
  readonly title: string;
  /** What is different about the network, in the terms of its options; undefined where it is one of these models. */
  mismatch(encoder: TextEncoder, subject: NetworkSubject): string | undefined;
  /** The contents of config.json, without what every model has. */
  config(encoder: TextEncoder, subject: NetworkSubject, weights: Weights): Readonly<Record<string, unknown>>;
  readonly classes: (task: string) => HubClasses;
  /** What the tokenizer gives to the model. */
  readonly inputNames: readonly string[];
  tensors(encoder: TextEncoder, subject: NetworkSubject, weights: Weights): ReadonlyMap<string, Weight>;
}

/** The weights of a network, read in the layout of PyTorch. */
export interface Weights {
  has(ours: string): boolean;
  /** As it is. */
  copy(ours: string): Weight;
  /** Our [in, out] as [out, in]. */
  linear(ours: string): Weight;
}

/**
 * Weights by our names: as they are, or transposed as linear layers of PyTorch have them. Throws `LabError('internal')` for one that is
 * not there.
 */
export function weightsReader(weights: ReadonlyMap<string, Weight>): Weights {
  const copy = (ours: string): Weight => {
    const found = weights.get(ours);
    if (!found) throw new LabError('internal', `there is no weight ${ours}`);
    return found;
  };
  return { has: (ours) => weights.has(ours), copy, linear: (ours) => transposed(copy(ours)) };
}

function transposed({ shape, data }: Weight): Weight {
  const [rows, columns] = shape as readonly [number, number]; // weights of dense layers are matrices
  const result = new Float32Array(data.length);
  for (let row = 0; row < rows; row += 1) {
    for (let column = 0; column < columns; column += 1) result[column * rows + row] = data[row * columns + column]!;
  }
  return { shape: [columns, rows], data: result };
}

/** Matrices [in, out] beside each other, or vectors one after the other. */
export function sideBySide(parts: readonly Weight[]): Weight {
  const widths = parts.map(({ shape }) => shape.at(-1) ?? 0);
  const width = widths.reduce((sum, one) => sum + one, 0);
  const rows = parts[0]?.shape.length === 2 ? (parts[0].shape[0] ?? 0) : 1;
  const data = new Float32Array(rows * width);
  for (let row = 0; row < rows; row += 1) {
    let offset = row * width;
    for (const [index, part] of parts.entries()) {
      const own = widths[index] ?? 0;
      data.set(part.data.subarray(row * own, (row + 1) * own), offset);
      offset += own;
    }
  }
  return { shape: [...(parts[0]?.shape.slice(0, -1) ?? []), width], data };
}

/** Matrices [out, in] below each other, as fused projections keep them. */
export function stacked(parts: readonly Weight[]): Weight {
  const data = new Float32Array(parts.reduce((sum, part) => sum + part.data.length, 0));
  let offset = 0;
  for (const part of parts) {
    data.set(part.data, offset);
    offset += part.data.length;
  }
  const rows = parts.reduce((sum, { shape }) => sum + (shape[0] ?? 0), 0);
  return { shape: [rows, ...(parts[0]?.shape.slice(1) ?? [])], data };
}

/** A weight of zeros, for biases that transformers wants and our network has not. */
export function zerosOf(...shape: number[]): Weight {
  return { shape, data: new Float32Array(shape.reduce((product, size) => product * size, 1)) };
}

/** Activations of feed-forward sublayers: transformers' names by ours. */
export const activations: Readonly<Record<string, string>> = {
  gelu: 'gelu',
  'gelu-tanh': 'gelu_new',
  relu: 'relu',
  silu: 'silu',
};

/** An option of the task, as a word. */
export function taskOption({ model }: NetworkSubject, name: string): unknown {
  const options = model.options as Readonly<Record<string, unknown>>; // options of tasks are objects
  return options[name];
}

/** Names and numbers of the classes, labels, targets or tags, as config.json has them, and which of these they are. */
export function labelsConfig({ model: { facts } }: NetworkSubject): Record<string, unknown> {
  const names = namesOfOutput(facts);
  if (!names) return {};
  const problem = facts.targets ? 'regression' : facts.labelSet ? 'multi_label_classification' : undefined;
  return {
    id2label: Object.fromEntries(names.map((name, id) => [String(id), name])),
    label2id: Object.fromEntries(names.map((name, id) => [name, id])),
    ...(problem !== undefined && { problem_type: problem }),
  };
}
