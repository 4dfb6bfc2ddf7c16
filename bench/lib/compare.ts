/** Whether two sides computed the same: relative errors over all gradients, or all changes of weights, as one vector. */
import { LabError } from '../../src/shared/errors.ts';
import type { SafetensorsFile } from '../../src/main/formats/safetensors.ts';
import { readGroup } from './exchange.ts';

export interface Comparison {
  readonly loss: number;
  readonly lossError: number;
  /** ‖ours − theirs‖ / ‖theirs‖ over the gradients of all parameters. */
  readonly gradientError: number;
  /** The same for the gradients that the other side's float32 computes, where it says. */
  readonly torchGradientError?: number;
  /** The same for what one optimizer step added to the weights. */
  readonly updateError: number;
}

/** Of the loss and the gradients. */
const gradientTolerance = 1e-5;
/**
 * Adam divides a gradient by its own size, so that an element whose gradient is mere rounding moves as far as any other,
 * and weights of 0.02 hold a change of 3e-4 to three parts in a million at best. 3e-5 was measured; a forgotten decay is 2e-4.
 */
const updateTolerance = 1e-4;

/**
 * A rectifier's gradient depends on a sign, and of the twenty million activations of a ResNet's batch a few are zero up to
 * rounding: float32 then takes another side than float64, whoever computes it. Where PyTorch's own float32 is further from
 * its float64 than the tolerance, ours may be three times as far: which signs flip is chance.
 */
const kinkAllowance = 3;

/**
 * Adam's first step moves every element by about the learning rate, so that one whose gradient is smaller than the error may move the
 * other way. Of normal gradients with a relative error e that is a share of up to 0.8 e, each off by twice its change.
 */
const flippedChanges = (error: number): number => 2 * Math.sqrt(0.8 * error);

/**
 * Throws `LabError('engine-failed')` when they differ, naming the parameters that differ most.
 * @param theirs the other side in float64
 * @param theirRounding how far its float32 gradients are from these
 */
export function compareSteps(
  inputs: SafetensorsFile,
  ours: SafetensorsFile,
  theirs: SafetensorsFile,
  label: string,
  theirRounding = 0,
): Comparison {
  const names = [...readGroup(inputs, 'weights').keys()];
  const states = [...readGroup(inputs, 'states').keys()];
  const loss = floats(ours, 'loss')[0] ?? NaN;
  const expectedLoss = floats(theirs, 'loss')[0] ?? NaN;
  const gradients = differences(names, (name) => [
    floats(ours, `gradients/${name}`),
    floats(theirs, `gradients/${name}`),
  ]);
  const updates = differences(names, (name) => {
    const before = floats(inputs, `weights/${name}`);
    const change = (file: SafetensorsFile): Float64Array =>
      Float64Array.from(floats(file, `updated/${name}`), (weight, index) => weight - before[index]!);
    return [change(ours), change(theirs)];
  });
  const movedStates = differences(states, (name) => [
    floats(ours, `updated/${name}`),
    floats(theirs, `updated/${name}`),
  ]);
  const comparison = {
    loss,
    lossError: Math.abs(loss - expectedLoss) / Math.abs(expectedLoss),
    gradientError: relativeError(gradients),
    updateError: relativeError(updates),
  };
  check('loss', comparison.lossError, gradientTolerance, label, []);
  const tolerance = Math.max(gradientTolerance, kinkAllowance * theirRounding);
  check('gradients', comparison.gradientError, tolerance, label, gradients);
  const mostFlipped = tolerance > gradientTolerance ? flippedChanges(tolerance) : updateTolerance;
  check('updated weights', comparison.updateError, Math.max(updateTolerance, mostFlipped), label, updates);
  if (states.length > 0) {
    check('running statistics', relativeError(movedStates), gradientTolerance, label, movedStates);
  }
  return comparison;
}

interface Difference {
  readonly name: string;
  readonly squaredDifference: number;
  readonly squaredNorm: number;
}

type Numbers = Float32Array | Float64Array;

function differences(
  names: readonly string[],
  pair: (name: string) => readonly [Numbers, Numbers],
): readonly Difference[] {
  return names.map((name) => {
    const [actual, expected] = pair(name);
    if (actual.length !== expected.length) {
      throw new LabError('engine-failed', `${name} has ${actual.length} elements here and ${expected.length} there`);
    }
    let squaredDifference = 0;
    let squaredNorm = 0;
    for (let index = 0; index < expected.length; index++) {
      squaredDifference += (actual[index]! - expected[index]!) ** 2;
      squaredNorm += expected[index]! ** 2;
    }
    return { name, squaredDifference, squaredNorm };
  });
}

function relativeError(parts: readonly Difference[]): number {
  const total = (key: 'squaredDifference' | 'squaredNorm'): number => parts.reduce((sum, part) => sum + part[key], 0);
  return Math.sqrt(total('squaredDifference') / total('squaredNorm'));
}

function check(what: string, error: number, tolerance: number, label: string, parts: readonly Difference[]): void {
  if (error <= tolerance) return; // a NaN is not
  const worst = [...parts].sort((a, b) => b.squaredDifference - a.squaredDifference).slice(0, 3);
  const where = worst.length === 0 ? '' : `. Most of it is in ${worst.map(({ name }) => name).join(', ')}`;
  throw new LabError(
    'engine-failed',
    `the ${what} differ from ${label}'s by ${error.toExponential(1)}, more than ${tolerance.toExponential(0)}${where}`,
    { error, tolerance },
  );
}

function floats({ tensors }: SafetensorsFile, name: string): Float32Array {
  const data = tensors.get(name)?.data;
  if (!(data instanceof Float32Array)) throw new LabError('internal', `the side wrote no float tensor '${name}'`);
  return data;
}
