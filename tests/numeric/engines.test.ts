/**
 * Both engines as trainers: optimizer trajectories against the plain update rule in float64, accumulation, shared and
 * exported state, and the same small training run on both.
 */
import { describe, expect, it } from 'vitest';
import type { Executable, Feeds, ParameterGroup } from '../../src/main/engines/engine.ts';
import type { OptimizerConfig } from '../../src/main/engines/optimizer.ts';
import { adamWDefaults, momentsOf } from '../../src/main/engines/optimizer.ts';
import type { Program, Value } from '../../src/main/graph/index.ts';
import {
  add,
  appendGradients,
  assign,
  createProgram,
  crossEntropy,
  dense,
  divide,
  dropout,
  gather,
  gelu,
  input,
  layerNormalization,
  mean,
  multiply,
  output,
  parameter,
  reshape,
  scale,
  sum,
} from '../../src/main/graph/index.ts';
import { randomStream } from '../../src/shared/random.ts';
import { engines, expectClose } from './harness.ts';
import {
  initialiser,
  clipped,
  sgd,
  muon,
  configurations,
  normals,
  shapes,
  linearProgram,
  linearFeeds,
  linearGradients,
  groupOf,
  startOf,
  chainFor,
  startState,
  learningRateAt,
} from './linear-program.ts';
import { updateReference } from './reference/optimizer.ts';

describe.each(engines)('$name', ({ engine, device }) => {
  const compile = (program: Program, optimizer: OptimizerConfig, shareStateWith?: Executable): Promise<Executable> =>
    engine.compile(program, { device, threads: 2, optimizer, ...(shareStateWith && { shareStateWith }) });

  describe.each(configurations)('%s', (_title, optimizer) => {
    it.each([1, 3])('follows the update rule over five steps of %d micro-batches', async (microBatches) => {
      const executable = await engine.compile(linearProgram(), {
        device,
        threads: 2,
        optimizer,
        parameterGroup: ({ name }) => groupOf(name),
      });
      await executable.importState({ parameters: startState() });
      const expected = new Map(
        [...startState()].map(([name, { data }]) => [
          name,
          {
            weights: Float64Array.from(data),
            moments: momentsOf(chainFor(optimizer, name)).map(() => new Float64Array(data.length)),
          },
        ]),
      );

      for (let step = 0; step < 5; step++) {
        const batches = Array.from({ length: microBatches }, (_, index) => linearFeeds(step, index));
        const gradients = batches.map(linearGradients);
        const averages = new Map(
          [...gradients[0]!.keys()].map((name) => [
            name,
            gradients[0]!
              .get(name)!
              .map((_, place) => gradients.reduce((total, each) => total + each.get(name)![place]!, 0) / microBatches),
          ]),
        );
        const active = [...averages].filter(([name]) => startOf(name) <= step);
        const norm = Math.hypot(...active.flatMap(([, values]) => [...values]));
        const clip = optimizer.clipNorm > 0 ? Math.min(1, optimizer.clipNorm / norm) : 1;
        for (const [name, gradient] of active) {
          const { weights, moments } = expected.get(name)!;
          const group = groupOf(name);
          updateReference(chainFor(optimizer, name), weights, gradient, moments, {
            learningRate: learningRateAt(step) * group.learningRateScale,
            gradientScale: clip,
            update: step + 1 - startOf(name),
            decay: group.decay,
            matrix: group.matrix,
          });
        }
        const [first, ...rest] = batches;
        const result = await executable.step([first!, ...rest], { learningRate: learningRateAt(step), seed: 1, step });
        expect(result.finite).toBe(true);
        expect(result.gradientNorm).toBeCloseTo(norm, 4);
      }

      const state = await executable.exportState();
      await executable.release();
      expect(state.updates).toBe(5);
      for (const [name, { weights, moments }] of expected) {
        expectClose(state.parameters.get(name)!.data, weights, name, 2e-6);
        momentsOf(chainFor(optimizer, name)).forEach((moment, index) => {
          const exported = state.optimizer.get(`${name}/${moment}`);
          if (name === 'frozen') expect(exported).toBeUndefined();
          else expectClose(exported!.data, moments[index]!, `${name}/${moment}`, 2e-6);
        });
      }
    });
  });

  it('reports the gradients of parameters, rows included', async () => {
    const executable = await compile(linearProgram(), sgd);
    const feeds = linearFeeds(3, 1);
    const { gradients } = await executable.gradients(feeds);
    await executable.release();
    expect([...gradients.keys()].sort()).toEqual(['matrix', 'table', 'tall', 'vector']);
    for (const [name, expected] of linearGradients(feeds)) expectClose(gradients.get(name)!.data, expected, name, 1e-6);
  });

  it.each([
    ['AdamW', clipped, 0],
    ['Muon', muon, 0],
    ['averaged weights', muon, 0.7],
  ] as const)(
    'continues from an exported state as if nothing had happened: %s',
    async (_, optimizer, weightAverage) => {
      const parameterGroup = ({ name }: { readonly name: string }): ParameterGroup => groupOf(name);
      const open = (): Promise<Executable> =>
        engine.compile(linearProgram(), { device, threads: 2, optimizer, weightAverage, parameterGroup });
      const run = async (executable: Executable, from: number, to: number): Promise<void> => {
        for (let step = from; step < to; step++) {
          await executable.step([linearFeeds(step, 0)], { learningRate: 0.01, seed: 1, step });
          await executable.withAverages(() => executable.run(linearFeeds(step, 0)));
        }
      };
      const whole = await open();
      await whole.importState({ parameters: startState() });
      await run(whole, 0, 3);
      const middle = await whole.exportState();
      expect(await whole.withAverages(() => whole.exportState())).toEqual(middle);
      expect(await whole.exportParameters()).toEqual(middle.parameters);
      expect(await whole.withAverages(() => whole.exportParameters())).toEqual(middle.parameters);
      await run(whole, 3, 6);
      const resumed = await open();
      await resumed.importState(middle);
      await run(resumed, 3, 6);
      expect(await resumed.exportState()).toEqual(await whole.exportState()); // every bit of it
      await whole.release();
      await resumed.release();
    },
  );

  it('averages weights, evaluates and exports the averages, and trains on with the weights', async () => {
    const decay = 0.6;
    const plain = await compile(linearProgram(), clipped);
    const averaged = await engine.compile(linearProgram(), { device, optimizer: clipped, weightAverage: decay });
    const reading = createProgram('reading');
    output(reading, 'same', scale(parameter(reading, 'matrix', shapes.matrix, { initialiser }), 1));
    const reader = await engine.compile(reading, { device, shareStateWith: averaged });
    for (const executable of [plain, averaged]) await executable.importState({ parameters: startState() });
    const average = Float64Array.from(startState().get('matrix')!.data);
    for (let step = 0; step < 4; step++) {
      const options = { learningRate: 0.05, seed: 1, step };
      await plain.step([linearFeeds(step, 0)], options);
      await averaged.step([linearFeeds(step, 0)], options);
      const trained = (await plain.exportState()).parameters.get('matrix')!.data;
      const kept = Math.min(decay, (2 + step) / (11 + step));
      average.forEach((value, index) => (average[index] = kept * value + (1 - kept) * trained[index]!));
      const { parameters, optimizer } = await averaged.exportState();
      expectClose(parameters.get('matrix')!.data, average, 'average', 2e-6);
      expect(optimizer.get('matrix/trained')!.data).toEqual(trained);
      expect((await reader.run({})).same!.data).toEqual(trained);
      const shown = await averaged.withAverages(() => reader.run({}));
      expect(shown.same!.data).toEqual(parameters.get('matrix')!.data);
      expect(parameters.get('frozen')!.data).toEqual(startState().get('frozen')!.data);
    }
    for (const executable of [reader, plain, averaged]) await executable.release();
  });

  it('lets an inference program see the weights that another one trains', async () => {
    const training = await compile(linearProgram(), sgd);
    const reading = createProgram('reading');
    output(reading, 'doubled', scale(parameter(reading, 'vector', shapes.vector, { initialiser }), 2));
    const reader = await engine.compile(reading, { device, threads: 2, shareStateWith: training });
    await training.importState({ parameters: startState() });
    await training.step([linearFeeds(0, 0)], { learningRate: 0.1, seed: 1, step: 0 });
    const { parameters } = await training.exportState();
    const { doubled } = await reader.run({});
    expect(doubled!.data).toEqual(parameters.get('vector')!.data.map((value) => value * 2));
    await reader.release();
    await training.release();
  });

  it('stores assigned states after each step, and leaves them in inference', async () => {
    const program = createProgram('running');
    const weight = parameter(program, 'weight', [], { initialiser });
    const running = parameter(program, 'running', [2], { initialiser, role: 'state' });
    const x = input(program, 'x', 'float32', [3, 2]);
    assign(running, add(scale(running, 0.9), scale(mean(x, [0]), 0.1)));
    output(program, 'running', running);
    const loss = multiply(weight, sum(x));
    output(program, 'loss', loss);
    appendGradients(program, loss);
    const executable = await compile(program, sgd);
    const feeds = { x: Float32Array.of(1, 10, 2, 20, 3, 30) };
    for (let step = 0; step < 2; step++) await executable.step([feeds], { learningRate: 0.1, seed: 1, step });
    expectClose((await executable.run(feeds)).running!.data, [0.38, 3.8], 'running mean', 1e-6);
    expectClose((await executable.exportState()).parameters.get('running')!.data, [0.38, 3.8], 'exported', 1e-6);
    await executable.release();
  });

  it('updates nothing when the loss is not finite', async () => {
    const program = createProgram('division');
    const weight = parameter(program, 'weight', [2], { initialiser });
    const x = input(program, 'x', 'float32', [2]);
    const state = parameter(program, 'state', [2], { initialiser, role: 'state' });
    const ratio = divide(weight, x);
    assign(state, add(ratio, x));
    const loss = sum(ratio);
    output(program, 'loss', loss);
    appendGradients(program, loss);
    const executable = await compile(program, adamWDefaults);
    await executable.step([{ x: Float32Array.of(1, 2) }], { learningRate: 0.1, seed: 1, step: 0 });
    const before = await executable.exportState();
    const result = await executable.step([{ x: Float32Array.of(0, 1) }], { learningRate: 0.1, seed: 1, step: 1 });
    expect(result.finite).toBe(false);
    expect(await executable.exportState()).toEqual(before);
    await executable.release();
  });

  it('names what was fed wrongly, and where an index lies outside', async () => {
    const executable = await compile(linearProgram(), sgd);
    const feeds = linearFeeds(0, 0);
    await expect(executable.run({ ...feeds, indices: Int32Array.of(1) })).rejects.toThrow(
      "the input 'indices' needs [4]",
    );
    await expect(executable.run({ ...feeds, indices: Int32Array.of(0, 1, 2, 6) })).rejects.toMatchObject({
      code: 'engine-failed',
    });
    await expect(
      executable.importState({ parameters: new Map([['vector', { shape: [3], data: new Float32Array(3) }]]) }),
    ).rejects.toMatchObject({ code: 'shape' });
    await executable.release();
  });

  it('refuses a device that is not there, and training without gradients', async () => {
    await expect(engine.compile(linearProgram(), { device: 'abacus' })).rejects.toMatchObject({
      code: 'engine-unavailable',
    });
    const program = createProgram('inference');
    output(program, 'x', input(program, 'x', 'float32', [1]));
    await expect(compile(program, sgd)).rejects.toThrow('nothing in it has a gradient');
    // No memory for gradients either.
    await using inference = await engine.compile(linearProgram(), { device, threads: 2 });
    await inference.importState({ parameters: startState() });
    const asked = inference.gradients(linearFeeds(0, 0));
    if (engine.name === 'tensorflow') {
      expect((await asked).gradients.size).toBe(4);
    } else {
      await expect(asked).rejects.toMatchObject({
        code: 'engine-failed',
        message: expect.stringContaining('without an optimizer'),
      });
    }
  });
});

/** Two dense layers with everything a training run has: embedding rows, normalisation, dropout, a weighted loss. */
function classifier(): Program {
  const program = createProgram('classifier');
  const weight = (name: string, ...shape: number[]): Value => parameter(program, name, shape, { initialiser });
  const tokens = input(program, 'tokens', 'int32', [8, 3]);
  const embedded = reshape(gather(weight('table', 12, 4), tokens), [8, 12]);
  const hidden = layerNormalization(
    gelu(dense(embedded, weight('w1', 12, 10), weight('b1', 10))),
    weight('gain', 10),
    weight('shift', 10),
    1e-5,
  );
  const logits = dense(dropout(hidden, 0.2), weight('w2', 10, 3), weight('b2', 3));
  const { loss } = crossEntropy(
    logits,
    input(program, 'labels', 'int32', [8]),
    input(program, 'weights', 'float32', [8]),
  );
  output(program, 'loss', loss);
  appendGradients(program, loss);
  return program;
}

describe('the same training run', () => {
  it.runIf(engines.length > 1)('has the same losses on all engines, and learns', async () => {
    const runs: number[][] = [];
    for (const { engine, device } of engines) {
      const program = classifier();
      const executable = await engine.compile(program, {
        device,
        threads: 2,
        optimizer: { ...adamWDefaults, clipNorm: 1 },
      });
      const parameters = new Map(
        [...program.parameters.values()].map(({ name, value: { shape } }, index) => [
          name,
          {
            shape,
            data: normals(
              shape.reduce((product, size) => product * size, 1),
              42,
              index,
            ).map((value) => value * 0.5),
          },
        ]),
      );
      await executable.importState({ parameters });
      const losses: number[] = [];
      for (let step = 0; step < 30; step++) {
        const batches = [0, 1].map((microBatch): Feeds => {
          const stream = randomStream(3, step, microBatch);
          const tokens = Int32Array.from({ length: 24 }, () => stream.integer(12));
          // The label is a function of the first token: there is something to learn.
          const labels = Int32Array.from({ length: 8 }, (_, example) => tokens[example * 3]! % 3);
          return { tokens, labels, weights: new Float32Array(8).fill(1) };
        });
        const { scalars } = await executable.step([batches[0]!, batches[1]!], { learningRate: 0.05, seed: 9, step });
        losses.push(scalars.loss!);
      }
      await executable.release();
      runs.push(losses);
    }
    const [first, ...others] = runs;
    for (const other of others) {
      expectClose(first!, other, 'losses', 1e-3); // thirty updates amplify float32 rounding
      expectClose(first!.slice(0, 5), other.slice(0, 5), 'first losses', 2e-5);
    }
    expect(mean64(first!.slice(-5))).toBeLessThan(0.6 * mean64(first!.slice(0, 5)));
  });
});

function mean64(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0) / values.length;
}
