/**
 * Minimisation of a smooth function by L-BFGS: J. Nocedal, "Updating quasi-Newton matrices with limited storage", Mathematics of
 * Computation 35 (1980), with the two-loop recursion; the line search is the bisection for the weak Wolfe conditions of
 * A. S. Lewis and M. L. Overton, "Nonsmooth optimization via quasi-Newton methods", 2013, algorithm 2.6.
 */

/** Writes the gradient at `point` into `gradient` and returns the value there. */
export type Objective = (point: Float64Array, gradient: Float64Array) => number;

export interface MinimiseOptions {
  /** Stops when no component of the gradient is larger. */
  readonly gradientTolerance?: number;
  /** Stops when three iterations in a row each improve the value by less than this, relative to max(1, |value|). */
  readonly valueTolerance?: number;
  readonly maximumIterations?: number;
  /** Number of past steps that the curvature is estimated from. */
  readonly memory?: number;
}

export interface Minimum {
  readonly point: Float64Array;
  readonly value: number;
  readonly gradientNorm: number;
  readonly iterations: number;
  readonly evaluations: number;
  /** False if the iterations ran out, or no step could improve the value, before a tolerance was met. */
  readonly converged: boolean;
}

interface Correction {
  readonly step: Float64Array;
  readonly change: Float64Array;
  readonly curvature: number;
}

interface Trial {
  readonly value: number;
  readonly length: number;
}

/** Searches a minimum from `start` on; yields the value after every iteration. */
export function* minimise(
  objective: Objective,
  start: Float64Array,
  options: MinimiseOptions = {},
): Generator<number, Minimum> {
  const { gradientTolerance = 1e-6, valueTolerance = 1e-10, maximumIterations = 500, memory = 10 } = options;
  const size = start.length;
  let point = start.slice();
  let gradient = new Float64Array(size);
  let nextPoint = new Float64Array(size);
  let nextGradient = new Float64Array(size);
  let evaluations = 1;
  let value = objective(point, gradient);
  const corrections: Correction[] = [];
  let converged = largest(gradient) <= gradientTolerance;
  let iterations = 0;
  let stalled = 0;

  const tryStep = (direction: Float64Array, length: number): number => {
    for (let index = 0; index < size; index += 1) nextPoint[index] = point[index]! + length * direction[index]!;
    evaluations += 1;
    return objective(nextPoint, nextGradient);
  };

  while (!converged && iterations < maximumIterations) {
    iterations += 1;
    const direction = descentDirection(gradient, corrections);
    const slope = dot(gradient, direction);
    const initialLength = corrections.length === 0 ? Math.min(1, 1 / Math.sqrt(dot(gradient, gradient))) : 1;
    const trial = searchLine(value, slope, initialLength, (length) => {
      const trialValue = tryStep(direction, length);
      return { value: trialValue, slope: dot(nextGradient, direction) };
    });
    if (trial === null) {
      // Old curvature may mislead: once more straight downhill, unless that was it.
      if (corrections.length === 0) break;
      corrections.length = 0;
      continue;
    }
    const step = new Float64Array(size);
    const change = new Float64Array(size);
    for (let index = 0; index < size; index += 1) {
      step[index] = nextPoint[index]! - point[index]!;
      change[index] = nextGradient[index]! - gradient[index]!;
    }
    const curvature = dot(step, change);
    if (curvature > 1e-12 * dot(change, change)) {
      corrections.push({ step, change, curvature });
      if (corrections.length > memory) corrections.shift();
    }
    stalled = value - trial.value <= valueTolerance * Math.max(1, Math.abs(value)) ? stalled + 1 : 0;
    [point, nextPoint] = [nextPoint, point];
    [gradient, nextGradient] = [nextGradient, gradient];
    value = trial.value;
    converged = largest(gradient) <= gradientTolerance || stalled === 3;
    yield value;
  }
  return { point, value, gradientNorm: largest(gradient), iterations, evaluations, converged };
}

/** The two-loop recursion: minus the estimated inverse Hessian times the gradient. */
function descentDirection(gradient: Float64Array, corrections: readonly Correction[]): Float64Array {
  const direction = gradient.map((component) => -component);
  const factors: number[] = [];
  for (const { step, change, curvature } of corrections.toReversed()) {
    const factor = dot(step, direction) / curvature;
    factors.push(factor);
    addScaled(direction, change, -factor);
  }
  const newest = corrections.at(-1);
  if (newest !== undefined) {
    const scale = newest.curvature / dot(newest.change, newest.change);
    for (let index = 0; index < direction.length; index += 1) direction[index]! *= scale;
  }
  for (const { step, change, curvature } of corrections) {
    addScaled(direction, step, factors.pop()! - dot(change, direction) / curvature);
  }
  return direction;
}

/** A step length that decreases the value enough and the slope somewhat; `null` if there is none within float64. */
function searchLine(
  value: number,
  slope: number,
  initialLength: number,
  evaluate: (length: number) => { value: number; slope: number },
): Trial | null {
  if (!(slope < 0)) return null;
  let low = 0;
  let high = Number.POSITIVE_INFINITY;
  let length = initialLength;
  for (let trial = 0; trial < 60; trial += 1) {
    const there = evaluate(length);
    if (!(there.value <= value + 1e-4 * length * slope)) high = length;
    else if (there.slope < 0.9 * slope) low = length;
    else return { value: there.value, length };
    length = high === Number.POSITIVE_INFINITY ? 2 * low : (low + high) / 2;
  }
  return null;
}

function dot(first: Float64Array, second: Float64Array): number {
  let sum = 0;
  for (let index = 0; index < first.length; index += 1) sum += first[index]! * second[index]!;
  return sum;
}

function addScaled(target: Float64Array, vector: Float64Array, factor: number): void {
  for (let index = 0; index < target.length; index += 1) target[index]! += factor * vector[index]!;
}

function largest(vector: Float64Array): number {
  let magnitude = 0;
  for (const component of vector) magnitude = Math.max(magnitude, Math.abs(component));
  return magnitude;
}
