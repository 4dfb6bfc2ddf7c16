/** One node of a foreign network as its operator sees it: inputs and attributes, with the errors of files that are not right. */
import { LabError } from '../../../shared/errors.ts';
import type { Program, Value } from '../../graph/index.ts';
import type { BuildContext } from '../block.ts';
import type { HostTensor } from './host-tensor.ts';
import type { NetworkNode } from './network.ts';
import type { Operand } from './operand.ts';
import { isHost, valueOf } from './operand.ts';

export interface Step {
  readonly op: string;
  readonly opset: number;
  readonly context: BuildContext;
  readonly program: Program;
  /** Undefined where an optional input is left out. */
  readonly inputs: readonly (Operand | undefined)[];
  readonly outputCount: number;
  /** The batch that the network was written down for, where it is a fixed one, and how many there are of it now. */
  readonly batches: { readonly declared: number; readonly times: number } | undefined;
  /** Throws `LabError('bad-spec')` where the input is left out; so do the next four. */
  operand(index: number): Operand;
  /** As a value of the program. */
  value(index: number): Value;
  /** Known while the program is built. Throws `LabError('bad-spec')` for one that depends on what the network is fed. */
  known(index: number): HostTensor;
  /** Whole numbers of a known input; undefined where it is left out. */
  integers(index: number): readonly number[] | undefined;
  number(index: number): number | undefined;
  integer(name: string, otherwise: number): number;
  float(name: string, otherwise: number): number;
  text(name: string, otherwise: string): string;
  list(name: string): readonly number[] | undefined;
  texts(name: string): readonly string[] | undefined;
}

/** Gives the outputs, in the order of the node's; what nobody reads may be left out at the end. */
export type Operator = (step: Step) => Operand | readonly (Operand | undefined)[];

export function createStep(
  node: NetworkNode,
  inputs: readonly (Operand | undefined)[],
  { opset, context, batches }: Pick<Step, 'opset' | 'context' | 'batches'>,
): Step {
  const { program } = context;
  const operand = (index: number): Operand => {
    const found = inputs[index];
    if (!found) throw new LabError('bad-spec', `it has no input ${index + 1}`);
    return found;
  };
  const known = (index: number): HostTensor => {
    const found = operand(index);
    if (isHost(found)) return found;
    const name = node.inputs[index] ?? '';
    throw new LabError(
      'bad-spec',
      `its input '${name}' has to be fixed, and depends on what the network is fed. Export the network with fixed sizes, or choose a layer before it`,
    );
  };
  const numeric = (name: string, otherwise: number): number => {
    const found = node.attributes[name];
    if (found === undefined) return otherwise;
    if (typeof found !== 'number') throw new LabError('bad-spec', `its attribute ${name} is not a number`);
    return found;
  };
  const lists = (name: string): readonly unknown[] | undefined => {
    const found = node.attributes[name];
    if (found !== undefined && !Array.isArray(found)) {
      throw new LabError('bad-spec', `its attribute ${name} is not a list`);
    }
    return found;
  };
  return {
    op: node.op,
    opset,
    context,
    program,
    inputs,
    outputCount: node.outputs.length,
    batches,
    operand,
    value: (index) => valueOf(program, operand(index)),
    known,
    integers: (index) => (inputs[index] ? [...known(index).data] : undefined),
    number(index) {
      if (!inputs[index]) return undefined;
      const { data } = known(index);
      if (data.length !== 1) throw new LabError('bad-spec', `its input ${index + 1} is not a single number`);
      return data[0];
    },
    integer: numeric,
    float: numeric,
    text(name, otherwise) {
      const found = node.attributes[name] ?? otherwise;
      if (typeof found !== 'string') throw new LabError('bad-spec', `its attribute ${name} is not text`);
      return found;
    },
    list: (name) => lists(name)?.filter((item) => typeof item === 'number'),
    texts: (name) => lists(name)?.filter((item) => typeof item === 'string'),
  };
}
