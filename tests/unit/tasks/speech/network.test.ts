/** Alignments and durations of a voice: every character lasts a step at least, and all of them as long as the recording. */
import { describe, expect, it } from 'vitest';
import { createOnnxRuntimeEngine } from '../../../../src/main/engines/onnxruntime/engine.ts';
import { createProgram, input, output } from '../../../../src/main/graph/index.ts';
import { initialParameters } from '../../../../src/main/nn/index.ts';
import { alignedDurations, durationLosses, sharesOfSteps } from '../../../../src/main/tasks/speech/network.ts';
import { randomStream } from '../../../../src/shared/random.ts';

const engine = createOnnxRuntimeEngine();
const [batch, steps, places] = [3, 9, 4];

describe('durations of an alignment', () => {
  it('are a step or more for every character, none for padding, and as many steps as are real', async () => {
    const program = createProgram('alignment');
    const sequence = input(program, 'sequence', 'float32', [batch, places, 5]);
    const mask = input(program, 'mask', 'float32', [batch, places]);
    const frames = input(program, 'frames', 'float32', [batch, steps, 6]);
    const stepMask = input(program, 'stepMask', 'float32', [batch, steps]);
    const { durations, losses } = alignedDurations({ sequence, mask }, frames, stepMask);
    output(program, 'durations', durations);
    output(program, 'losses', losses);
    await using executable = await engine.compile(program, { device: 'cpu', threads: 1 });
    await executable.importState({ parameters: initialParameters(program, 1) });
    const random = randomStream(4);
    const drawn = (length: number): Float32Array => Float32Array.from({ length }, () => random.normal());
    const results = await executable.run({
      sequence: drawn(batch * places * 5),
      frames: drawn(batch * steps * 6),
      mask: Float32Array.of(1, 1, 1, 1, 1, 1, 1, 0, 1, 0, 0, 0),
      // Nine steps for four characters, three for three, one for one.
      stepMask: Float32Array.from(
        [9, 3, 1].flatMap((real) => Array.from({ length: steps }, (_, at) => Number(at < real))),
      ),
    });
    const rows = [0, 1, 2].map((row) => [...results.durations!.data.subarray(row * places, (row + 1) * places)]);
    const sums = rows.map((row) => row.reduce((sum, one) => sum + one, 0));
    [9, 3, 1].forEach((real, row) => expect(sums[row]).toBeCloseTo(real, 4));
    for (const one of rows[0]!) expect(one).toBeGreaterThan(1 - 1e-4);
    [1, 1, 1, 0].forEach((one, place) => expect(rows[1]![place]).toBeCloseTo(one, 4));
    [1, 0, 0, 0].forEach((one, place) => expect(rows[2]![place]).toBeCloseTo(one, 4));
    expect([...results.losses!.data].every((loss) => Number.isFinite(loss))).toBe(true);
  });

  it('divide steps among characters, each step by what lies in it', async () => {
    const program = createProgram('shares');
    output(program, 'shares', sharesOfSteps(input(program, 'durations', 'float32', [1, 3]), 5));
    await using executable = await engine.compile(program, { device: 'cpu', threads: 1 });
    const { shares } = await executable.run({ durations: Float32Array.of(1.5, 0.25, 2) });
    const expected = [
      [1, 0, 0],
      [0.5, 0.25, 0.25],
      [0, 0, 1],
      [0, 0, 0.75],
      [0, 0, 0],
    ].flat();
    expected.forEach((value, place) => expect(shares!.data[place]).toBeCloseTo(value, 6));
  });

  it('are learned as logarithms, padding left out', async () => {
    const program = createProgram('durations');
    const rows = (name: string) => input(program, name, 'float32', [2, 2]);
    output(program, 'losses', durationLosses(rows('predicted'), rows('durations'), rows('mask')));
    await using executable = await engine.compile(program, { device: 'cpu', threads: 1 });
    const { losses } = await executable.run({
      predicted: Float32Array.of(Math.log(2), Math.log(8), 0, 7),
      durations: Float32Array.of(4, 8, Math.E, 0),
      mask: Float32Array.of(1, 1, 1, 0),
    });
    expect(losses!.data[0]).toBeCloseTo(Math.LN2 ** 2 / 2, 5);
    expect(losses!.data[1]).toBeCloseTo(1, 5);
  });
});
