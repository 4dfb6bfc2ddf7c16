/**
 * The CTC loss over long recordings: its sums run over hundreds of steps in float32, whose rounding must not add up. Against the forward
 * and the backward recursion in float64, written from the paper (Graves et al. 2006, section 4).
 */
import { expect, it } from 'vitest';
import { gradientsOf } from '../../src/main/graph/autodiff.ts';
import { createProgram, input, output, sum } from '../../src/main/graph/index.ts';
import { createOnnxRuntimeEngine } from '../../src/main/engines/onnxruntime/engine.ts';
import { ctcLosses, ctcTargets } from '../../src/main/nn/ctc.ts';
import { randomStream } from '../../src/shared/random.ts';

/** Sixteen seconds at 40 ms a step, characters, and as many of them as a fast speaker says. */
const [steps, classes, labels] = [400, 30, 160];

function logSum(...values: number[]): number {
  const largest = Math.max(...values);
  if (largest === -Infinity) return -Infinity;
  return largest + Math.log(values.reduce((total, value) => total + Math.exp(value - largest), 0));
}

/** −log P and its derivative with respect to the logits, [steps, classes]: softmax less the share of paths through each class. */
function reference(logits: Float32Array, transcript: readonly number[]) {
  const places = [0, ...transcript.flatMap((label) => [label, 0])];
  const logs = Array.from({ length: steps }, (_, step) => {
    const row = Array.from(logits.subarray(step * classes, (step + 1) * classes));
    const total = logSum(...row);
    return row.map((value) => value - total);
  });
  const isSkipped = (place: number): boolean =>
    place >= 2 && places[place] !== 0 && places[place] !== places[place - 2];
  const forward: number[][] = [];
  for (let step = 0; step < steps; step += 1) {
    const before = forward[step - 1];
    forward.push(
      places.map((label, place) => {
        const from = !before
          ? place <= 1
            ? 0
            : -Infinity
          : logSum(before[place]!, before[place - 1] ?? -Infinity, isSkipped(place) ? before[place - 2]! : -Infinity);
        return from + logs[step]![label]!;
      }),
    );
  }
  const backward: number[][] = new Array<number[]>(steps);
  for (let step = steps - 1; step >= 0; step -= 1) {
    const after = backward[step + 1]?.map((value, place) => value + logs[step + 1]![places[place]!]!);
    backward[step] = places.map((_, place) => {
      if (!after) return place >= places.length - 2 ? 0 : -Infinity;
      const skip = place + 2 < places.length && isSkipped(place + 2) ? after[place + 2]! : -Infinity;
      return logSum(after[place]!, after[place + 1] ?? -Infinity, skip);
    });
  }
  const logLikelihood = logSum(forward.at(-1)!.at(-1)!, forward.at(-1)!.at(-2)!);
  const gradient = new Float64Array(steps * classes);
  for (let step = 0; step < steps; step += 1) {
    const row = gradient.subarray(step * classes, (step + 1) * classes);
    row.set(logs[step]!.map(Math.exp));
    for (const [place, label] of places.entries()) {
      row[label]! -= Math.exp(forward[step]![place]! + backward[step]![place]! - logLikelihood);
    }
  }
  return { loss: -logLikelihood, gradient };
}

it('agrees with float64 over 400 steps, of a network that guesses and of one that is sure', async () => {
  const stream = randomStream(5);
  const transcript = Array.from({ length: labels }, () => 1 + stream.integer(classes - 1));
  const guessing = Float32Array.from({ length: steps * classes }, () => stream.normal() * 2);
  // The right label or a blank at each step, as a trained network says it.
  const sure = Float32Array.from(guessing, (value, index) => {
    const [step, label] = [Math.floor(index / classes), index % classes];
    const due = step % 2 === 1 ? (transcript[(step - 1) / 2] ?? 0) : 0;
    return value + (label === due ? 12 : 0);
  });
  const program = createProgram('long ctc');
  const [batch, width] = [2, 2 * labels + 1];
  const logits = input(program, 'logits', 'float32', [batch, steps, classes]);
  const losses = ctcLosses(logits, {
    places: input(program, 'places', 'int32', [batch, width]),
    skips: input(program, 'skips', 'float32', [batch, width]),
    ends: input(program, 'ends', 'float32', [batch, width]),
  });
  output(program, 'losses', losses);
  output(program, 'gradient', gradientsOf(sum(losses), [logits])[0]!);
  await using executable = await createOnnxRuntimeEngine().compile(program, { threads: 1 });
  const found = await executable.run({
    logits: Float32Array.from([...guessing, ...sure]),
    ...ctcTargets([transcript, transcript], labels),
  });
  for (const [row, own] of [guessing, sure].entries()) {
    const expected = reference(own, transcript);
    expect(Math.abs(found.losses!.data[row]! / expected.loss - 1)).toBeLessThan(1e-5);
    const gradient = found.gradient!.data.subarray(row * steps * classes, (row + 1) * steps * classes);
    const errors = Array.from(gradient, (value, index) => Math.abs(value - expected.gradient[index]!));
    expect(Math.max(...expected.gradient.map(Math.abs))).toBeGreaterThan(0.1); // there is something to agree on
    expect(Math.max(...errors)).toBeLessThan(1e-3); // of probabilities
  }
}, 120_000);
