/**
 * A tensor program: a static-shape dataflow graph that one engine call executes as a whole.
 *
 * Blocks and tasks build programs out of `Value`s with the functions of `ops/`; `autodiff.ts` appends the backward pass
 * to the same program; an engine compiles it. Nothing here computes: a value is a promise of a tensor, with a known
 * shape and dtype, and a program is data.
 */
import { LabError } from '../../shared/errors.ts';
import type { Initialiser } from './initialiser.ts';
import { elementCount, showShape } from './shape.ts';
import type { ConstantData, DType, Parameter, Program, Shape, TensorType, Value, ValueSource } from './types.ts';

export type {
  ConstantData,
  DType,
  Node,
  Parameter,
  ParameterGradient,
  Program,
  RowGradient,
  Shape,
  TensorType,
  Value,
  ValueSource,
} from './types.ts';

export function createProgram(name: string): Program {
  return {
    name,
    nodes: [],
    inputs: new Map(),
    parameters: new Map(),
    constants: [],
    outputs: new Map(),
    assignments: new Map(),
    dropoutSites: [],
    gradients: [],
    internal: { nextId: 0, scope: [], constantCache: new Map() },
  };
}

/** Runs `build` with `name` appended to the block path that nodes and parameters are recorded under. */
export function withScope<T>(program: Program, name: string, build: () => T): T {
  program.internal.scope.push(name);
  try {
    return build();
  } finally {
    program.internal.scope.pop();
  }
}

/** Builds later what belongs here: the function that is returned builds under the block path of now. */
export function rememberScope(program: Program): <T>(build: () => T) => T {
  const { scope } = program.internal;
  const here = [...scope];
  return (build) => {
    const there = scope.splice(0, Infinity, ...here);
    try {
      return build();
    } finally {
      scope.splice(0, Infinity, ...there);
    }
  };
}

/** The current block path, or that of `name` inside it. */
export function scopePath(program: Program, name?: string): string {
  const { scope } = program.internal;
  return (name === undefined ? scope : [...scope, name]).join('/');
}

/** Declares a tensor that the caller feeds at every step. Throws `LabError('conflict')` when the name is taken. */
export function input(program: Program, name: string, dtype: DType, shape: Shape): Value {
  if (program.inputs.has(name)) {
    throw new LabError('conflict', `program ${program.name} already has an input named '${name}'`);
  }
  checkShape(shape, `input '${name}'`);
  const value = newValue(program, { dtype, shape }, { kind: 'input', name });
  program.inputs.set(name, value);
  return value;
}

export interface ParameterOptions {
  readonly initialiser: Initialiser;
  readonly role?: 'weight' | 'state';
  readonly decay?: boolean;
}

/**
 * Declares a parameter under the current block path, or returns the one already declared there: twin towers and tied
 * layers share weights by asking for the same name. Throws `LabError('shape')` when the shapes differ.
 */
export function parameter(program: Program, name: string, shape: Shape, options: ParameterOptions): Value {
  const path = scopePath(program, name);
  const existing = program.parameters.get(path);
  if (existing) {
    if (showShape(existing.shape) !== showShape(shape)) {
      throw new LabError(
        'shape',
        `parameter ${path} is shared, but was declared as ${showShape(existing.shape)} and now as ${showShape(shape)}`,
      );
    }
    return existing.value;
  }
  checkShape(shape, `parameter '${path}'`);
  const role = options.role ?? 'weight';
  const declared: { -readonly [Key in keyof Parameter]?: Parameter[Key] } = {
    name: path,
    shape,
    initialiser: options.initialiser,
    role,
    decay: options.decay ?? (role === 'weight' && shape.length >= 2),
    trainable: role === 'weight',
  };
  const complete = declared as Parameter; // its value is set on the next line: the two refer to each other
  declared.value = newValue(program, { dtype: 'float32', shape }, { kind: 'parameter', parameter: complete });
  program.parameters.set(path, complete);
  return complete.value;
}

/** A constant tensor. Equal constants are one value. */
export function constant(program: Program, data: ConstantData | number, shape: Shape = []): Value {
  const array = typeof data === 'number' ? Float32Array.of(data) : data;
  if (array.length !== elementCount(shape)) {
    throw new LabError(
      'shape',
      `a constant of ${String(array.length)} elements cannot have the shape ${showShape(shape)}`,
    );
  }
  const dtype = array instanceof Float32Array ? 'float32' : array instanceof Int32Array ? 'int32' : 'uint8';
  const key = array.length <= 1024 ? `${dtype}${showShape(shape)}${array.join(',')}` : undefined;
  const cached = key === undefined ? undefined : program.internal.constantCache.get(key);
  // −0 and 0 have the same key; their sign never matters in a program, their sharing does not either.
  if (cached) return cached;
  const value = newValue(program, { dtype, shape }, { kind: 'constant', data: array });
  program.constants.push(value);
  if (key !== undefined) program.internal.constantCache.set(key, value);
  return value;
}

/** A scalar that is no other constant of the same value: to be found, and exchanged for something else. */
export function ownConstant(program: Program, number: number): Value {
  const value = newValue(program, { dtype: 'float32', shape: [] }, { kind: 'constant', data: Float32Array.of(number) });
  program.constants.push(value);
  return value;
}

/** Names a value as a result of the program. */
export function output(program: Program, name: string, value: Value): void {
  if (program.outputs.has(name)) {
    throw new LabError('conflict', `program ${program.name} already has an output named '${name}'`);
  }
  program.outputs.set(name, value);
}

/** After the step, the state parameter behind `state` holds `next`. */
export function assign(state: Value, next: Value): void {
  const { program, source } = state;
  if (source.kind !== 'parameter' || source.parameter.role !== 'state') {
    throw new LabError('internal', 'only a parameter with the role "state" can be assigned');
  }
  if (showShape(state.shape) !== showShape(next.shape) || next.dtype !== 'float32') {
    throw new LabError(
      'shape',
      `state ${source.parameter.name} has the shape ${showShape(state.shape)}, its next value ${showShape(next.shape)}`,
    );
  }
  program.assignments.set(source.parameter, next);
}

/** Internal to `graph/`: a fresh value. */
export function newValue(program: Program, type: TensorType, source: ValueSource): Value {
  return { id: program.internal.nextId++, program, source, dtype: type.dtype, shape: [...type.shape] };
}

function checkShape(shape: Shape, what: string): void {
  if (!shape.every((size) => Number.isInteger(size) && size > 0)) {
    throw new LabError('shape', `${what} has the shape ${showShape(shape)}; every size must be a positive integer`);
  }
}
