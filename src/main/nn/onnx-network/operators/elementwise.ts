/** Arithmetic, comparison and logic of each element, with broadcasting. */
import { LabError } from '../../../../shared/errors.ts';
import type { Value } from '../../../graph/index.ts';
import {
  absolute,
  add,
  cast,
  constant,
  cosine,
  divide,
  equal,
  erf,
  exp,
  floor,
  less,
  log,
  maximum,
  minimum,
  multiply,
  negate,
  power,
  scale,
  sign,
  sine,
  sqrt,
  subtract,
  where,
} from '../../../graph/index.ts';
import type { HostTensor } from '../host-tensor.ts';
import { combineHost } from '../host-tensor.ts';
import type { Operand } from '../operand.ts';
import { isHost, valueOf } from '../operand.ts';
import type { Operator, Step } from '../step.ts';

/** An operator of so many inputs, or of any number, that is computed at once where all of them are known. */
function elementwise(
  count: 1 | 2 | 3 | 'any',
  host: (kind: HostTensor['kind'], ...values: number[]) => number,
  build: (values: readonly Value[], step: Step) => Value,
  result?: HostTensor['kind'],
): Operator {
  return (step) => {
    const length = count === 'any' ? Math.max(1, step.inputs.length) : count;
    const operands = Array.from({ length }, (_, index) => step.operand(index));
    if (operands.every(isHost)) {
      const { kind } = operands[length - 1]!; // of Where the last one, of others any
      return combineHost(operands, result ?? kind, (...values) => host(kind, ...values));
    }
    return build(
      operands.map((operand) => valueOf(step.program, operand)),
      step,
    );
  };
}

const binary = (host: (a: number, b: number) => number, build: (a: Value, b: Value) => Value): Operator =>
  elementwise(
    2,
    (_kind, a, b) => host(a, b), // the op has two inputs
    ([a, b]) => build(a!, b!),
  );

const unary = (host: (x: number) => number, build: (x: Value) => Value): Operator =>
  elementwise(
    1,
    (_kind, x) => host(x), // the op has one input
    ([x]) => build(x!),
  );

/** Of any number of inputs. */
const variadic = (host: (a: number, b: number) => number, build: (a: Value, b: Value) => Value): Operator =>
  elementwise(
    'any',
    (_kind, ...values) => values.reduce(host),
    (values) => values.reduce(build),
  );

const truth = (host: (a: number, b: number) => boolean, build: (a: Value, b: Value) => Value): Operator =>
  elementwise(
    2,
    (_kind, a, b) => Number(host(a, b)), // the op has two inputs
    ([a, b]) => build(numeric(a!), numeric(b!)),
    'boolean',
  );

/** Truth values as numbers, which comparisons take. */
const numeric = (x: Value): Value => (x.dtype === 'bool' ? cast(x, 'int32') : x);

export const not = (x: Value): Value => equal(cast(x, 'int32'), constant(x.program, Int32Array.of(0)));
const and = (a: Value, b: Value): Value => cast(multiply(numeric(a), numeric(b)), 'bool');
const or = (a: Value, b: Value): Value => cast(add(numeric(a), numeric(b)), 'bool');

/** Engines choose between numbers, not between truth values. */
const choose = (condition: Value, a: Value, b: Value): Value =>
  a.dtype === 'bool' ? cast(where(condition, numeric(a), numeric(b)), 'bool') : where(condition, a, b);
const isNan = (x: Value): Value => not(equal(x, x));

const roundedToEven = (x: number): number => {
  const nearest = Math.round(x);
  return Math.abs(x % 1) === 0.5 && nearest % 2 !== 0 ? nearest - 1 : nearest;
};

/** Quotients of whole numbers are cut off towards zero. */
const division = elementwise(
  2,
  (kind, a, b) => (kind === 'integer' ? Math.trunc(a / b) : a / b), // the op has two inputs
  ([a, b]) => divide(a!, b!),
);

const remainder: Operator = (step) => {
  const isTruncated = step.integer('fmod', 0) !== 0;
  const host = (a: number, b: number): number => (isTruncated ? a % b : a - b * Math.floor(a / b));
  return binary(host, (a, b) => {
    if (a.dtype !== 'float32' || isTruncated) throw new LabError('bad-spec', 'remainders are taken of shapes only');
    return subtract(a, multiply(b, floor(divide(a, b))));
  })(step);
};

/** xᵖ with a p that is known: what is differentiated by it is rare. */
const raise: Operator = (step) => {
  const [base, exponent] = [step.operand(0), step.operand(1)];
  if (isHost(base) && isHost(exponent)) return combineHost([base, exponent], base.kind, Math.pow);
  const p = step.number(1)!; // operand(1) is there
  const x = step.value(0);
  if (p === 1) return x;
  if (p === 2) return multiply(x, x);
  return p === 0.5 ? sqrt(x) : power(x, p);
};

/** 1: float, 6: int32 and so on (TensorProto.DataType). */
const integerTypes = new Set([2, 3, 4, 5, 6, 7, 12, 13]);
const floatTypes = new Set([1, 10, 11, 16]);
const booleanType = 9;

function convert(operand: Operand, kind: HostTensor['kind']): Operand {
  if (!isHost(operand)) return cast(operand, ({ float: 'float32', integer: 'int32', boolean: 'bool' } as const)[kind]);
  const of = { float: Math.fround, integer: Math.trunc, boolean: (x: number): number => Number(x !== 0) }[kind];
  return { kind, shape: operand.shape, data: operand.data.map((x) => of(x)) };
}

const castTo: Operator = (step) => {
  const to = step.integer('to', 1);
  if (to === booleanType) return convert(step.operand(0), 'boolean');
  if (integerTypes.has(to)) return convert(step.operand(0), 'integer');
  if (floatTypes.has(to)) return convert(step.operand(0), 'float');
  throw new LabError('bad-spec', `it makes elements of the type ${to}, which cannot be computed with`);
};

function kindOf(operand: Operand): HostTensor['kind'] {
  if (isHost(operand)) return operand.kind;
  return operand.dtype === 'float32' ? 'float' : operand.dtype === 'bool' ? 'boolean' : 'integer';
}

export const elementwiseOperators: Readonly<Record<string, Operator>> = {
  Add: variadic((a, b) => a + b, add),
  Sub: binary((a, b) => a - b, subtract),
  Mul: binary((a, b) => a * b, multiply),
  Div: division,
  Mod: remainder,
  Pow: raise,
  Sum: variadic((a, b) => a + b, add),
  Max: variadic(Math.max, maximum),
  Min: variadic(Math.min, minimum),
  Mean: elementwise(
    'any',
    (_kind, ...values) => values.reduce((a, b) => a + b) / values.length,
    (values) => scale(values.reduce(add), 1 / values.length),
  ),
  Neg: unary((x) => -x, negate),
  Abs: unary(Math.abs, absolute),
  Sign: unary(Math.sign, sign),
  Sqrt: unary(Math.sqrt, sqrt),
  Exp: unary(Math.exp, exp),
  Log: unary(Math.log, log),
  Sin: unary(Math.sin, sine),
  Cos: unary(Math.cos, cosine),
  Reciprocal: unary(
    (x) => 1 / x,
    (x) => divide(constant(x.program, 1), x),
  ),
  Floor: unary(Math.floor, floor),
  Ceil: unary(Math.ceil, (x) => negate(floor(negate(x)))),
  Round: unary(roundedToEven, () => {
    throw new LabError('bad-spec', 'rounding has no gradient: choose a layer before it');
  }),
  Erf: (step) => erf(step.value(0)),
  Equal: truth((a, b) => a === b, equal),
  Less: truth((a, b) => a < b, less),
  Greater: truth(
    (a, b) => a > b,
    (a, b) => less(b, a),
  ),
  LessOrEqual: truth(
    (a, b) => a <= b,
    (a, b) => not(less(b, a)),
  ),
  GreaterOrEqual: truth(
    (a, b) => a >= b,
    (a, b) => not(less(a, b)),
  ),
  And: elementwise(
    2,
    (_kind, a, b) => Number(a !== 0 && b !== 0),
    ([a, b]) => and(a!, b!), // the op has two inputs, as the next two
    'boolean',
  ),
  Or: elementwise(
    2,
    (_kind, a, b) => Number(a !== 0 || b !== 0),
    ([a, b]) => or(a!, b!),
    'boolean',
  ),
  Xor: elementwise(
    2,
    (_kind, a, b) => Number((a !== 0) !== (b !== 0)),
    ([a, b]) => not(equal(cast(a!, 'int32'), cast(b!, 'int32'))),
    'boolean',
  ),
  Not: elementwise(
    1,
    (_kind, x) => Number(x === 0),
    ([x]) => not(x!), // the op has one input, as the next one
    'boolean',
  ),
  IsNaN: elementwise(
    1,
    (_kind, x) => Number(Number.isNaN(x)),
    ([x]) => isNan(x!),
    'boolean',
  ),
  Where: elementwise(
    3,
    (_kind, condition, a, b) => (condition !== 0 ? a : b), // the op has three inputs
    ([condition, a, b]) => choose(condition!, a!, b!),
  ),
  Cast: castTo,
  CastLike: (step) => convert(step.operand(0), kindOf(step.operand(1))),
  Identity: (step) => step.operand(0),
};
