/**
 * From encoded characters to frames: every character lasts for a number of steps, which is learned from alignments that only move
 * forward (Kim et al. 2020), and a recurrent decoder reads what each step belongs to (J. Shen et al. 2020, without the feedback
 * of its own frames). While training it is given the durations of the alignment; alone, it speaks with durations of its own.
 */
import { LabError } from '../../../shared/errors.ts';
import {
  absolute,
  add,
  concat,
  constant,
  divide,
  exp,
  log,
  matmul,
  maximum,
  minimum,
  monotonicAlignment,
  multiply,
  relu,
  reshape,
  scale,
  shift,
  sizeAt,
  sliceAxis,
  stopGradient,
  subtract,
  sum,
  transpose,
  pad,
  withScope,
} from '../../graph/index.ts';
import type { Value } from '../../graph/index.ts';
import type { BuildContext } from '../../nn/block.ts';
import { findBlock } from '../../nn/block.ts';
import { LOG_ZERO } from '../../nn/ctc.ts';
import { denseLayer } from '../../nn/layers.ts';

/** How fast the probability of a character falls with the mean squared distance of its mean and a frame. */
const SHARPNESS = 8;
/** Steps that a character lasts when nothing has been learned. */
const FIRST_DURATION = 5;

export interface DecoderSettings {
  readonly decoderSize: number;
  readonly decoderLayers: number;
}

/** Encoded characters and which of them are real. */
export interface EncodedText {
  /** [batch, places, features] */
  readonly sequence: Value;
  /** float32 [batch, places] */
  readonly mask: Value;
}

/** 0 at the last real place of each row, far below elsewhere, [batch, places]. */
function endsOf(mask: Value): Value {
  const places = sizeAt(mask.shape, 1);
  const isLast = subtract(mask, sliceAxis(pad(mask, [0, 0], [0, 1], 0), 1, 1, places + 1));
  return scale(shift(isLast, -1), -LOG_ZERO);
}

/**
 * How long each character lasts in recordings, [batch, places], in steps; and −log P of the recordings for each step, but for a constant,
 * [batch]. A character has a mean frame, which is read off its encoding, and frames are spread around it (J. Kim et al. 2020).
 * Frames are [batch, steps, features] with a mask [batch, steps]. The durations have no gradient.
 */
export function alignedDurations(
  { sequence, mask }: EncodedText,
  frames: Value,
  stepMask: Value,
): { readonly durations: Value; readonly losses: Value } {
  const { program } = frames;
  const [batch, steps, features] = frames.shape as readonly [number, number, number]; // as the task declares them
  const places = sizeAt(mask.shape, 1);
  return withScope(program, 'alignment', () => {
    const means = denseLayer(sequence, 'mean', features, { initialisation: 'glorot' });
    const square = (x: Value): Value => sum(multiply(x, x), [2], true);
    const distances = subtract(
      add(square(frames), reshape(square(means), [batch, 1, places])),
      scale(matmul(frames, means, { transposeB: true, exact: true }), 2),
    );
    const padding = scale(shift(mask, -1), -LOG_ZERO);
    const near = add(scale(distances, -SHARPNESS / features), reshape(padding, [batch, 1, places]));
    const ends = endsOf(mask);
    const real = reshape(stepMask, [batch, steps, 1]);
    // The last real step is with the last character, which thereby lasts one at least, and all behind the end of a recording.
    const goesOn = sliceAxis(pad(real, [0, 0, 0], [0, 1, 0], 0), 1, 1, steps + 1);
    const emissions = add(
      multiply(near, real),
      multiply(reshape(ends, [batch, 1, places]), subtract(constant(program, 1), goesOn)),
    );
    const { losses, posteriors } = monotonicAlignment(transpose(emissions, [1, 0, 2]), ends);
    const counted = multiply(stopGradient(posteriors), transpose(real, [1, 0, 2]));
    return { durations: sum(counted, [0]), losses: divide(losses, sum(stepMask, [1])) };
  });
}

/** The logarithm of how long each character will last, [batch, places]. The encoder does not learn from it. */
export function predictedLogDurations({ sequence }: EncodedText, size: number): Value {
  const { program } = sequence;
  const [batch, places] = sequence.shape as readonly [number, number, number]; // as encoders give it
  return withScope(program, 'duration', () => {
    const hidden = relu(denseLayer(stopGradient(sequence), 'hidden', size, { initialisation: 'he' }));
    const logarithm = denseLayer(hidden, 'output', 1);
    return shift(reshape(logarithm, [batch, places]), Math.log(FIRST_DURATION));
  });
}

/** Squared differences of the logarithms, averaged over the characters, [batch]. */
export function durationLosses(predicted: Value, durations: Value, mask: Value): Value {
  const floor = constant(mask.program, 1e-3); // of padding
  const difference = subtract(predicted, log(maximum(durations, floor)));
  return divide(sum(multiply(multiply(difference, difference), mask), [1]), sum(mask, [1]));
}

export function durationsOf(predicted: Value, mask: Value): Value {
  return multiply(exp(predicted), mask);
}

/** Which share of each step belongs to each character, [batch, steps, places], from durations [batch, places] in steps. */
export function sharesOfSteps(durations: Value, steps: number): Value {
  const { program } = durations;
  const [batch, places] = durations.shape as readonly [number, number]; // as above
  const { from, to } = limitsOf(durations);
  const row = (x: Value): Value => reshape(x, [batch, 1, places]);
  const step = (by: number): Value =>
    constant(
      program,
      Float32Array.from({ length: steps }, (_, index) => index + by),
      [1, steps, 1],
    );
  return relu(subtract(minimum(row(to), step(1)), maximum(row(from), step(0))));
}

/** Where characters begin and end, in steps, [batch, places] each. */
function limitsOf(durations: Value): { readonly from: Value; readonly to: Value } {
  const places = sizeAt(durations.shape, 1);
  const ones = Float32Array.from({ length: places * places }, (_, index) =>
    Math.floor(index / places) <= index % places ? 1 : 0,
  );
  const to = matmul(durations, constant(durations.program, ones, [places, places]), { exact: true });
  return { from: subtract(to, durations), to };
}

/**
 * Frames [batch, steps, features] of characters that last so long, in steps. Those behind the end of the last one are whatever they are.
 */
export function decodedFrames(
  context: BuildContext,
  { sequence }: EncodedText,
  durations: Value,
  steps: number,
  features: number,
  { decoderSize, decoderLayers }: DecoderSettings,
): { readonly frames: Value; readonly shares: Value } {
  const { program, batchSize } = context;
  const given = stopGradient(durations);
  const shares = stopGradient(sharesOfSteps(given, steps));
  const { from, to } = limitsOf(given);
  const column = (x: Value): Value => reshape(x, [batchSize, sizeAt(durations.shape, 1), 1]);
  const limits = matmul(shares, concat([column(from), column(to)], 2), { exact: true });
  const middle = constant(
    program,
    Float32Array.from({ length: steps }, (_, index) => index + 0.5),
    [1, steps, 1],
  );
  const isReal = sum(shares, [2], true);
  const gone = relu(subtract(multiply(middle, isReal), sliceAxis(limits, 2, 0, 1)));
  const left = relu(subtract(sliceAxis(limits, 2, 1, 2), multiply(middle, isReal)));
  const whole = shift(add(gone, left), 1e-3);
  const place = [log(shift(gone, 1)), log(shift(left, 1)), divide(gone, whole)];
  const read = concat([matmul(shares, sequence), ...place], 2);
  return withScope(program, 'decoder', () => {
    const states = findBlock('recurrent').build(
      context,
      { sequence: read, mask: reshape(isReal, [batchSize, steps]) },
      { cell: 'lstm', hiddenSize: decoderSize, layers: decoderLayers, bidirectional: true },
    ).sequence;
    if (!states) throw new LabError('internal', 'a recurrence gives a sequence');
    return { frames: denseLayer(states, 'output', features, { initialisation: 'glorot' }), shares };
  });
}

/** Absolute differences, each feature times a factor, averaged over the real steps, [batch]. */
export function frameLosses(frames: Value, wanted: Value, stepMask: Value, factors?: Value): Value {
  const [batch, steps, features] = frames.shape as readonly [number, number, number]; // as decoders give it
  const differences = absolute(subtract(frames, wanted));
  const weighted = multiply(
    factors ? multiply(differences, factors) : differences,
    reshape(stepMask, [batch, steps, 1]),
  );
  return divide(sum(weighted, [1, 2]), scale(sum(stepMask, [1]), features));
}
