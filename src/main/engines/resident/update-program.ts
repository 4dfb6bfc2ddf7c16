/**
 * The optimizer as part of a program, for devices on which weights and moments stay: what `host/parameter-store.ts` does with the
 * host's kernels, in ops. Weights, moments and averages come in and their next values go out; what changes from step to step
 * beside the batch are a few scalars.
 */
import type { Parameter, Program, Value } from '../../graph/index.ts';
import {
  add,
  concat,
  constant,
  divide,
  input,
  maximum,
  multiply,
  reshape,
  scale,
  scatterRows,
  shift,
  sqrt,
  subtract,
  sum,
} from '../../graph/index.ts';
import type { CompileOptions, ParameterGroup } from '../engine.ts';
import type { Chain, OptimizerConfig, Transform } from '../optimizer.ts';
import { averageDecayAt, chainOf, momentCount, momentsOf } from '../optimizer.ts';
import { orthogonalise } from '../orthogonalise.ts';
import { groupOf } from '../stored-state.ts';

/** In the place of a moment's name: the average of a weight. */
export const averageName = 'average';

/** The name of the input that holds a moment or an average, and of the output with its next value. */
export const momentKey = (parameter: string, moment: string): string => `moment:${parameter}/${moment}`;

/** Whether an input holds a moment or an average. */
export const isMomentKey = (name: string): boolean => name.startsWith(momentKey('', '').slice(0, -1));

/** What a step is fed beside its batch. */
export interface UpdateStep {
  /** Already scheduled. */
  readonly learningRate: number;
  /** Updates before this one. */
  readonly updates: number;
  /** One over the number of micro-batches whose gradients were added. */
  readonly gradientScale: number;
}

export interface Update {
  /** Global L2 norm of the scaled gradients of the groups that take part, before clipping. */
  readonly norm: Value;
  /** Next values: of parameters by their name, of moments and averages by `momentKey`. */
  readonly next: ReadonlyMap<string, Value>;
  /** The scalars, by the names of their inputs. */
  scalars(step: UpdateStep): Readonly<Record<string, number>>;
}

/** A parameter and its whole gradient. */
export interface WholeGradient {
  readonly parameter: Parameter;
  readonly gradient: Value;
}

/** Appends what makes one tensor of each gradient: rows are added on the device. */
export function wholeGradients(program: Program): readonly WholeGradient[] {
  return program.gradients.map(({ parameter, dense, rows }) => {
    const scattered = rows.map((row) => scatterRows(row.rows, row.indices, parameter.shape));
    const [first, ...others] = dense ? [dense, ...scattered] : scattered;
    return { parameter, gradient: others.reduce(add, first!) }; // a gradient has a part
  });
}

/** The moments that an update of these options keeps for a parameter, and its average. */
export function momentsKept(parameter: Parameter, options: CompileOptions & { optimizer: OptimizerConfig }): string[] {
  const moments = momentsOf(chainOf(options.optimizer, groupOf(parameter, options).matrix !== undefined));
  return (options.weightAverage ?? 0) > 0 ? [...moments, averageName] : [...moments];
}

/** Appends the update of every parameter by its gradient. */
export function appendUpdate(
  program: Program,
  gradients: readonly WholeGradient[],
  options: CompileOptions & { optimizer: OptimizerConfig },
): Update {
  const { optimizer, weightAverage = 0 } = options;
  const formulas = new Map<string, (step: UpdateStep) => number>();
  /** An input that is computed from the number of the update. */
  const scalar = (name: string, formula: (step: UpdateStep) => number): Value => {
    const key = `update:${name}`;
    formulas.set(key, formula);
    return program.inputs.get(key) ?? input(program, key, 'float32', []);
  };
  const learningRate = scalar('learning-rate', (step) => step.learningRate);
  const gradientScale = scalar('gradient-scale', (step) => step.gradientScale);
  /** 1 from the update on at which a group takes part, 0 before; undefined for one that always does. */
  const activity = ({ startsAt = 0 }: ParameterGroup): Value | undefined =>
    startsAt === 0 ? undefined : scalar(`active:${String(startsAt)}`, ({ updates }) => Number(updates >= startsAt));

  const groups = gradients.map((whole) => ({ ...whole, group: groupOf(whole.parameter, options) }));
  const squares = groups.map(({ gradient, group }) => {
    const square = sumOfSquares(gradient);
    const active = activity(group);
    return reshape(active ? multiply(square, active) : square, [1]);
  });
  const norm = multiply(sqrt(sum(concat(squares as [Value, ...Value[]], 0))), gradientScale); // there is a gradient
  const factor = multiply(gradientScale, clipFactor(norm, optimizer.clipNorm));

  const next = new Map<string, Value>();
  for (const { parameter, gradient, group } of groups) {
    const { name, value } = parameter;
    const active = activity(group);
    const chain = chainOf(optimizer, group.matrix !== undefined);
    const moments = momentsOf(chain).map((moment) => input(program, momentKey(name, moment), 'float32', value.shape));
    const scaled = multiply(gradient, active ? multiply(factor, active) : factor);
    const context: TransformContext = { weight: value, group, active, scalar };
    const { update, kept } = applyChain(chain, scaled, moments, context);
    momentsOf(chain).forEach((moment, index) => next.set(momentKey(name, moment), kept[index]!)); // as many as there are names
    const rate = scale(learningRate, group.learningRateScale);
    const weight = subtract(value, multiply(update, active ? multiply(rate, active) : rate));
    next.set(name, weight);
    if (weightAverage > 0) {
      const share = scalar('average', ({ updates }) => 1 - averageDecayAt(weightAverage, updates + 1));
      const average = input(program, momentKey(name, averageName), 'float32', value.shape);
      next.set(momentKey(name, averageName), add(average, multiply(subtract(weight, average), share)));
    }
  }
  return {
    norm,
    next,
    scalars: (step) => Object.fromEntries([...formulas].map(([name, formula]) => [name, formula(step)])),
  };
}

interface TransformContext {
  readonly weight: Value;
  readonly group: ParameterGroup;
  readonly active: Value | undefined;
  readonly scalar: (name: string, formula: (step: UpdateStep) => number) => Value;
}

/** The update that a chain makes of a gradient, and the next moments. */
function applyChain(
  chain: Chain,
  gradient: Value,
  moments: readonly Value[],
  context: TransformContext,
): { readonly update: Value; readonly kept: readonly Value[] } {
  const kept: Value[] = [];
  let update = gradient;
  let place = 0;
  for (const transform of chain) {
    const own = moments.slice(place, place + momentCount(transform));
    place += own.length;
    const result = applyTransform(transform, update, own, context);
    ({ update } = result);
    kept.push(...result.kept);
  }
  return { update, kept };
}

function applyTransform(
  transform: Transform,
  update: Value,
  moments: readonly Value[],
  { weight, group, active, scalar }: TransformContext,
): { readonly update: Value; readonly kept: readonly Value[] } {
  switch (transform.type) {
    case 'momentum': {
      const moment = add(scale(moments[0]!, transform.decay), update); // it keeps one
      return { update: transform.nesterov ? add(update, scale(moment, transform.decay)) : moment, kept: [moment] };
    }
    case 'adam': {
      const { beta1, beta2, epsilon } = transform;
      const [first, second] = moments as readonly [Value, Value]; // as `momentsOf` says
      const start = group.startsAt ?? 0;
      /** 1 / (1 − βᵗ); before the group takes part, nothing is multiplied by it but zeros. */
      const correction = (beta: number) => scalar(`correction:${String(start)}:${String(beta)}`, correct(beta, start));
      const rootCorrection = (beta: number) =>
        scalar(`root-correction:${String(start)}:${String(beta)}`, (step) => Math.sqrt(correct(beta, start)(step)));
      const m = add(scale(first, beta1), scale(update, 1 - beta1));
      const v = add(scale(second, beta2), scale(multiply(update, update), 1 - beta2));
      const root = shift(multiply(sqrt(v), rootCorrection(beta2)), epsilon);
      return { update: divide(multiply(m, correction(beta1)), root), kept: [m, v] };
    }
    case 'orthogonalise': {
      const { matrix } = group;
      if (!matrix) return { update, kept: [] };
      const flat = reshape(update, [matrix.rows, matrix.columns]);
      const orthogonal = scale(orthogonalise(flat, matrix.rows > matrix.columns, transform.iterations), matrix.scale);
      return { update: reshape(orthogonal, weight.shape), kept: [] };
    }
    case 'decay': {
      const pull = scale(weight, transform.rate);
      return { update: group.decay ? add(update, active ? multiply(pull, active) : pull) : update, kept: [] };
    }
    case 'scale':
      return { update: scale(update, transform.factor), kept: [] };
  }
}

function correct(beta: number, start: number): (step: UpdateStep) => number {
  return ({ updates }) => 1 / (1 - beta ** Math.max(1, updates + 1 - start));
}

/** Rows first, so that a device adds them side by side. */
function sumOfSquares(x: Value): Value {
  const square = multiply(x, x);
  return x.shape.length < 2 ? sum(square) : sum(sum(square, [x.shape.length - 1]));
}

/** 1, or less where the norm is larger than it may be. Not a number where the norm is none. */
function clipFactor(norm: Value, clipNorm: number): Value {
  const { program } = norm;
  return clipNorm > 0
    ? divide(constant(program, clipNorm), maximum(norm, constant(program, clipNorm)))
    : constant(program, 1);
}
