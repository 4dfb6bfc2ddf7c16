/**
 * One AdamW update with clipping, of as many weights as bert-mini has: the SIMD loops that runs use, on one thread and in
 * place, against the same update as a graph of elementwise nodes that ONNX Runtime executes on all threads over the same
 * flat arrays. It is why the update is not part of the program.
 */
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { LabError } from '../src/shared/errors.ts';
import { fillNormal } from '../src/shared/random.ts';
import { createHostMemory } from '../src/main/engines/host/kernels.ts';
import { adamWDefaults } from '../src/main/engines/optimizer.ts';
import { writeOnnx } from '../src/main/formats/onnx/write.ts';
import { lowerToOnnx } from '../src/main/graph/onnx.ts';
import {
  add,
  constant,
  createProgram,
  divide,
  input,
  minimum,
  multiply,
  output,
  scale,
  shift,
  sqrt,
  subtract,
  sum,
} from '../src/main/graph/index.ts';
import type { Bench } from './lib/bench.ts';
import { roundTo, summariseTimes } from './lib/bench.ts';

const weightCount = 5_400_000;
const { beta1, beta2, epsilon, weightDecay, clipNorm } = adamWDefaults;
const learningRate = 1e-3;
const keep = 1 - learningRate * weightDecay;
/** As large as BERT's weights start: the larger a weight, the less exactly it holds a small change. */
const weightDeviation = 0.02;
const tolerance = 5e-5;

/** The state that an update reads and changes. */
const stateNames = ['weights', 'first', 'second'] as const;

interface Updater {
  /** Update number `count`, from 1 on. */
  update(count: number): Promise<void>;
  weights(): Float32Array;
}

const corrections = (count: number): readonly [stepSize: number, secondScale: number] => [
  learningRate / (1 - beta1 ** count),
  1 / Math.sqrt(1 - beta2 ** count),
];

function createHostUpdater(weights: Float32Array, gradients: Float32Array): Updater {
  const { buffer, kernels } = createHostMemory(4 * weights.byteLength);
  const start = (region: number): number => region * weights.byteLength;
  const view = (region: number): Float32Array => new Float32Array(buffer, start(region), weightCount);
  view(0).set(weights);
  view(1).set(gradients);
  return {
    async update(count) {
      const norm = Math.sqrt(kernels.sumOfSquares(start(1), weightCount));
      const clip = Math.min(1, clipNorm / norm);
      const [stepSize, secondScale] = corrections(count);
      kernels.adamW(
        start(0), start(1), start(2), start(3), weightCount,
        clip, beta1, beta2, epsilon, stepSize, secondScale, keep,
      ); // prettier-ignore
    },
    weights: () => view(0),
  };
}

function adamWGraph(): Uint8Array {
  const program = createProgram('AdamW');
  const flat = (name: string) => input(program, name, 'float32', [weightCount]);
  const number = (name: string) => input(program, name, 'float32', []);
  const [weights, gradients, first, second] = [flat('weights'), flat('gradients'), flat('first'), flat('second')];
  const norm = sqrt(sum(multiply(gradients, gradients)));
  const clip = minimum(divide(constant(program, clipNorm), norm), constant(program, 1));
  const clipped = multiply(gradients, clip);
  const newFirst = add(scale(first, beta1), scale(clipped, 1 - beta1));
  const newSecond = add(scale(second, beta2), multiply(scale(clipped, 1 - beta2), clipped));
  const denominator = shift(multiply(sqrt(newSecond), number('secondScale')), epsilon);
  const step = divide(multiply(newFirst, number('stepSize')), denominator);
  output(program, 'weights:next', subtract(scale(weights, keep), step));
  output(program, 'first:next', newFirst);
  output(program, 'second:next', newSecond);
  return writeOnnx(lowerToOnnx(program, program.outputs));
}

async function createGraphUpdater(weights: Float32Array, gradients: Float32Array, threads: number): Promise<Updater> {
  const session = await InferenceSession.create(adamWGraph(), {
    executionProviders: ['cpu'],
    intraOpNumThreads: threads,
    graphOptimizationLevel: 'all',
  });
  const flat = (data: Float32Array): Tensor => new Tensor('float32', data, [weightCount]);
  const number = (value: number): Tensor => new Tensor('float32', Float32Array.of(value), []);
  const empty = (): Record<string, Tensor> =>
    Object.fromEntries(stateNames.map((name) => [name, flat(new Float32Array(weightCount))]));
  // A graph cannot write where it reads: the two sets of arrays change places with every update.
  let [current, next] = [{ ...empty(), weights: flat(weights.slice()) } as Record<string, Tensor>, empty()];
  const gradientTensor = flat(gradients);
  return {
    async update(count) {
      const [stepSize, secondScale] = corrections(count);
      const feeds = {
        ...current,
        gradients: gradientTensor,
        stepSize: number(stepSize),
        secondScale: number(secondScale),
      };
      await session.run(feeds, Object.fromEntries(stateNames.map((name) => [`${name}:next`, next[name]!])));
      [current, next] = [next, current];
    },
    weights: () => current.weights!.data as Float32Array, // created above
  };
}

/** ‖change of a − change of b‖ / ‖change of b‖ */
function differenceOfChanges(a: Float32Array, b: Float32Array, before: Float32Array): number {
  let difference = 0;
  let norm = 0;
  for (let index = 0; index < before.length; index++) {
    difference += (a[index]! - b[index]!) ** 2;
    norm += (b[index]! - before[index]!) ** 2;
  }
  return Math.sqrt(difference / norm);
}

export const bench: Bench = {
  summary: 'AdamW as SIMD loops on the host, against the same update as ONNX nodes',
  async run(name, { steps, threads, progress }) {
    const [weights, gradients] = [new Float32Array(weightCount), new Float32Array(weightCount)];
    fillNormal(weights, 1);
    fillNormal(gradients, 2);
    weights.forEach((weight, index) => (weights[index] = weight * weightDeviation));
    const host = createHostUpdater(weights, gradients);
    const graph = await createGraphUpdater(weights, gradients, threads);
    const times = { host: [] as number[], graph: [] as number[] };
    const timed = async (updater: Updater, count: number, into: number[]): Promise<void> => {
      const begin = performance.now();
      await updater.update(count);
      into.push(performance.now() - begin);
    };
    progress('measuring');
    for (let count = 1; count <= steps + 1; count++) {
      await timed(host, count, times.host);
      await timed(graph, count, times.graph);
    }
    const updateError = differenceOfChanges(host.weights(), graph.weights(), weights);
    if (!(updateError <= tolerance)) {
      throw new LabError('engine-failed', `the two updates differ by ${updateError.toExponential(1)}`, { updateError });
    }
    // The first update of each pages its memory in.
    const [ours, others] = [summariseTimes(times.host.slice(1)), summariseTimes(times.graph.slice(1))];
    const ratio = roundTo(others.milliseconds / ours.milliseconds, 3);
    return { name, ratio, updateError, ours, graph: others, threads, size: { weights: weightCount } };
  },
};
