/** What torchvision needs to build a network again, and under which names it keeps the weights. */
import { LabError } from '../../../../shared/errors.ts';
import type { PipelineGraph } from '../../../../shared/spec/pipeline.ts';
import type { WeightNames } from '../../../models/families/image/image-weights.ts';
import { transposed } from '../../../models/weight-map.ts';
import type { Weight } from '../weights.ts';
import { withDefaults } from './blocks.ts';

export interface TorchvisionNetwork {
  /** E.g. `ResNet-18`. */
  readonly title: string;
  /** Python that builds it, for so many classes; without a head for none. */
  readonly python: (classes: number | undefined) => readonly string[];
  /** Of the layer to the classes. */
  readonly head: string;
  /** That the layer reads. */
  readonly features: number;
  /** Tells which tensor of torchvision is which weight of ours. */
  readonly map: (names: WeightNames) => void;
}

/** Options that only training reads, so that another value is no other network. */
const onlyOfTraining = new Set(['momentum', 'initialisation']);

/**
 * What is different about a pipeline from one that torchvision has, in the terms of its options; undefined where it computes the same.
 */
export function differenceOf(pipeline: PipelineGraph, expected: PipelineGraph): string | undefined {
  for (const [index, theirs] of expected.blocks.entries()) {
    const ours = pipeline.blocks[index];
    if (ours?.type !== theirs.type) {
      return `after ${String(index)} blocks it has ${ours?.type ?? 'none'}, not ${theirs.type}`;
    }
    if (ours.id !== theirs.id) return `the block ${theirs.id} is called ${ours.id} in it`;
    if (JSON.stringify(ours.inputs) !== JSON.stringify(theirs.inputs)) return `its block ${ours.id} has another input`;
    const own = withDefaults(ours.type, ours.options);
    for (const [name, value] of Object.entries(withDefaults(theirs.type, theirs.options))) {
      if (onlyOfTraining.has(name) || JSON.stringify(own[name]) === JSON.stringify(value)) continue;
      return `${name} of its block ${ours.id} is ${JSON.stringify(own[name])}, and torchvision's is ${JSON.stringify(value)}`;
    }
  }
  const more = pipeline.blocks[expected.blocks.length];
  return more && `it has a block more, ${more.id}`;
}

/** The weights of a network under the names of torchvision, in the layout of PyTorch. Throws `LabError('corrupt')` for one that is missing. */
export function torchvisionTensors(
  { map, head, features }: TorchvisionNetwork,
  weights: ReadonlyMap<string, Weight>,
  ourHead: string | undefined,
): ReadonlyMap<string, Weight> {
  const tensors = new Map<string, Weight>();
  const weightOf = (name: string): Weight => {
    const found = weights.get(name);
    if (found) return found;
    throw new LabError('corrupt', `The checkpoint has no weights for ${name}`, { name });
  };
  const names: WeightNames = {
    copy(ours, theirs) {
      tensors.set(theirs, weightOf(ours));
    },
    linear(ours, theirs, inputs, outputs) {
      tensors.set(theirs, { shape: [outputs, inputs], data: transposed(weightOf(ours).data, inputs, outputs) });
    },
  };
  map(names);
  if (ourHead !== undefined) {
    const bias = weightOf(`${ourHead}/bias`);
    names.linear(`${ourHead}/weight`, `${head}.weight`, features, bias.data.length);
    tensors.set(`${head}.bias`, bias);
  }
  return tensors;
}
