/**
 * Several steps in one call, for devices on which ONNX Runtime's Node binding cannot leave tensors: weights and moments are carried
 * from step to step within it, and cross the bus once for all of them.
 */
import type { OnnxGraph, OnnxNode, OnnxValueInfo } from '../../graph/onnx.ts';

export interface ManySteps {
  /** Inputs of the step whose next values are outputs of it: [input, output]. */
  readonly carried: readonly (readonly [input: string, output: string])[];
  /** Inputs that each step has its own of. */
  readonly own: readonly string[];
  readonly steps: number;
}

/** Inputs of the graph of many steps: a carried tensor as it is before the first, and all steps' own of one name, [steps, ...]. */
export const beforeFirst = (input: string): string => `first:${input}`;
export const ofAll = (input: string): string => `all:${input}`;
/** Outputs of it, for what is carried after the last step, and for every step's result, [steps, ...]. */
export const afterLast = (output: string): string => `last:${output}`;
export const eachStep = (output: string): string => `each:${output}`;

/** A graph that repeats `step`. What is neither carried nor of a step alone keeps its name and is the same for all of them. */
export function repeatSteps(step: OnnxGraph, { carried, own, steps }: ManySteps): OnnxGraph {
  const inputs = new Map(step.inputs.map((info) => [info.name, info]));
  const outputs = new Map(step.outputs.map((info) => [info.name, info]));
  const inputOf = (name: string): OnnxValueInfo => inputs.get(name)!; // names come from the same program
  const outputOf = (name: string): OnnxValueInfo => outputs.get(name)!;
  const carriedInputs = carried.map(([input]) => inputOf(input));
  const carriedOutputs = carried.map(([, output]) => outputOf(output));
  const ownInputs = own.map(inputOf);
  const taken = new Set([...carried.map(([input]) => input), ...own]);
  const shared = step.inputs.filter(({ name }) => !taken.has(name));
  const kept = new Set(carried.map(([, output]) => output));
  const results = step.outputs.filter(({ name }) => !kept.has(name));

  const renamed = (info: OnnxValueInfo, name: string): OnnxValueInfo => ({ ...info, name });
  const forAll = (info: OnnxValueInfo, name: string): OnnxValueInfo => ({
    ...info,
    name,
    shape: [steps, ...info.shape],
  });
  const body: OnnxGraph = {
    ...step,
    name: 'step',
    inputs: [...carriedInputs, ...ownInputs],
    outputs: [...carriedOutputs, ...results],
  };
  const scan: OnnxNode = {
    opType: 'Scan',
    domain: '',
    name: 'steps',
    inputs: [...carriedInputs.map(({ name }) => beforeFirst(name)), ...own.map(ofAll)],
    outputs: [...carriedOutputs.map(({ name }) => afterLast(name)), ...results.map(({ name }) => eachStep(name))],
    attributes: { num_scan_inputs: own.length },
    body,
  };
  return {
    name: `${step.name}, ${String(steps)} steps`,
    nodes: [scan],
    initialisers: [],
    inputs: [
      ...carriedInputs.map((info) => renamed(info, beforeFirst(info.name))),
      ...ownInputs.map((info) => forAll(info, ofAll(info.name))),
      ...shared,
    ],
    outputs: [
      ...carriedOutputs.map((info) => renamed(info, afterLast(info.name))),
      ...results.map((info) => forAll(info, eachStep(info.name))),
    ],
  };
}
