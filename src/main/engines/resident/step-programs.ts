/**
 * The programs of an executable whose weights, moments and states stay on a device. A step with one batch is one call; with
 * several micro-batches, gradients are computed for each, added up, and applied.
 */
import type { Program, Value } from '../../graph/index.ts';
import { add, concat, createProgram, input, output, reshape } from '../../graph/index.ts';
import { extendProgram } from '../../graph/extend.ts';
import { mergeCommonSubexpressions } from '../../graph/passes/common-subexpressions.ts';
import { removeDeadCode } from '../../graph/passes/dead-code.ts';
import type { CompileOptions } from '../engine.ts';
import type { OptimizerConfig } from '../optimizer.ts';
import type { Update, WholeGradient } from './update-program.ts';
import { appendUpdate, wholeGradients } from './update-program.ts';

export type TrainingOptions = CompileOptions & { readonly optimizer: OptimizerConfig };

/** The output with the program's scalars, and then the norm of the gradient where there is an update. */
export const scalarsOutput = 'scalars';
/** Outputs with the next value of a parameter, a state or a moment. */
export const nextOutput = (key: string): string => `next:${key}`;
/** Outputs and inputs with the gradient of a parameter. */
export const gradientName = (parameter: string): string => `gradient:${parameter}`;

export interface StepProgram {
  readonly program: Program;
  /** Names of what `scalarsOutput` holds, in its order. */
  readonly scalars: readonly string[];
  readonly update: Update;
}

/** Forward, backward and update. */
export function stepProgram(source: Program, options: TrainingOptions): StepProgram {
  const { program, result } = extendProgram(source, (root) => {
    const update = appendUpdate(root, wholeGradients(source), options);
    const scalars = scalarOutputs(source);
    return {
      update,
      names: scalars.map(([name]) => name),
      vector: inOne([...scalars.map(([, value]) => value), update.norm]),
    };
  });
  const outputs = new Map([
    [scalarsOutput, result.vector],
    ...[...result.update.next, ...statesOf(source)].map(([key, value]) => [nextOutput(key), value] as const),
  ]);
  return { program: finished(program, outputs), scalars: result.names, update: result.update };
}

/** Forward and backward: the outputs, whole gradients and next states, none of which are stored. */
export function gradientProgram(
  source: Program,
  isForCaller: boolean,
): { readonly program: Program; readonly scalars: readonly string[] } {
  const scalars = scalarOutputs(source);
  const { program, result } = extendProgram(source, () => ({
    gradients: wholeGradients(source),
    told:
      isForCaller || scalars.length === 0 ? [] : [[scalarsOutput, inOne(scalars.map(([, value]) => value))] as const],
  }));
  const outputs = new Map<string, Value>([
    ...(isForCaller ? source.outputs : result.told),
    ...result.gradients.map(({ parameter, gradient }) => [gradientName(parameter.name), gradient] as const),
    ...(isForCaller ? [] : statesOf(source).map(([key, value]) => [nextOutput(key), value] as const)),
  ]);
  return { program: finished(program, outputs), scalars: scalars.map(([name]) => name) };
}

/** The update alone, of gradients that were added up. */
export function updateProgram(
  source: Program,
  options: TrainingOptions,
): { readonly program: Program; readonly update: Update } {
  const {
    program,
    result: { update, vector },
  } = extendProgram(source, (root) => {
    const gradients = source.gradients.map(({ parameter }): WholeGradient => ({
      parameter,
      gradient: input(root, gradientName(parameter.name), 'float32', parameter.shape),
    }));
    const appended = appendUpdate(root, gradients, options);
    return { update: appended, vector: inOne([appended.norm]) };
  });
  const outputs = new Map([
    [scalarsOutput, vector],
    ...[...update.next].map(([key, value]) => [nextOutput(key), value] as const),
  ]);
  const pruned = finished(program, outputs);
  const read = new Set(pruned.nodes.flatMap(({ inputs }) => inputs.map(({ id }) => id)));
  return { program: { ...pruned, inputs: new Map([...pruned.inputs].filter(([, { id }]) => read.has(id))) }, update };
}

/** Adds two sets of gradients, `first:<name>` and `second:<name>` of the names that they leave `gradientProgram` with. */
export function sumProgram(source: Program): Program {
  const program = createProgram('sum of gradients');
  for (const { parameter } of source.gradients) {
    const name = gradientName(parameter.name);
    const [first, second] = ['first', 'second'].map((set) =>
      input(program, `${set}:${name}`, 'float32', parameter.shape),
    );
    output(program, name, add(first!, second!)); // two were made
  }
  return program;
}

function scalarOutputs({ outputs }: Program): readonly (readonly [string, Value])[] {
  return [...outputs].filter(([, { shape }]) => shape.length === 0);
}

function statesOf({ assignments }: Program): readonly (readonly [string, Value])[] {
  return [...assignments].map(([{ name }, value]) => [name, value] as const);
}

/** One vector instead of several scalars: each result that leaves a device is waited for. */
function inOne(scalars: readonly Value[]): Value {
  return concat(scalars.map((value) => reshape(value, [1])) as [Value, ...Value[]], 0); // a loss at least
}

function finished(program: Program, outputs: ReadonlyMap<string, Value>): Program {
  return removeDeadCode(
    mergeCommonSubexpressions({ ...program, outputs: new Map(outputs), gradients: [], assignments: new Map() }),
  );
}
