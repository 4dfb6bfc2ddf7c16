/**
 * The losses of contrastive views: against PyTorch, with gradients (recorded by `scripts/record-torch.py`), against their
 * definitions written out, with rows that are padding, and against float64 central differences.
 */
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { SafetensorsTensor } from '../../src/main/formats/safetensors.ts';
import { readSafetensors } from '../../src/main/formats/safetensors.ts';
import type { Value } from '../../src/main/graph/index.ts';
import { gradientsOf } from '../../src/main/graph/autodiff.ts';
import { createProgram, input, output } from '../../src/main/graph/index.ts';
import { decoupledLoss, ntXentLoss, vicregLoss, viewSimilarity } from '../../src/main/tasks/contrastive-losses.ts';
import { randomStream } from '../../src/shared/random.ts';
import { engines, expectClose } from './harness.ts';

const [rows, features, temperature] = [10, 4, 0.3];
const factors = { invariance: 25, variance: 25, covariance: 1 };
const file = path.resolve(import.meta.dirname, '../fixtures/torch/view-losses.safetensors');
let recorded: ReadonlyMap<string, SafetensorsTensor>;

beforeAll(async () => {
  recorded = (await readSafetensors(file)).tensors;
});

type Name = 'nt-xent' | 'dcl' | 'vicreg';
const names: readonly Name[] = ['nt-xent', 'dcl', 'vicreg'];

function lossOf(name: Name, projections: Value, weights: Value): Value {
  if (name === 'vicreg') return vicregLoss(projections, weights, factors);
  const similarity = viewSimilarity(projections, weights, temperature);
  return name === 'dcl' ? decoupledLoss(similarity, weights) : ntXentLoss(similarity, weights);
}

/** Loss, gradient and the rows found most alike, on an engine. */
async function compute(
  { engine, device }: (typeof engines)[number],
  name: Name,
  values: Float32Array,
  given: Float32Array,
) {
  const program = createProgram(name);
  const projections = input(program, 'projections', 'float32', [rows, features]);
  const weights = input(program, 'weights', 'float32', [rows]);
  const loss = lossOf(name, projections, weights);
  output(program, 'loss', loss);
  output(program, 'gradient', gradientsOf(loss, [projections])[0]!);
  output(program, 'predictions', viewSimilarity(projections, weights, temperature).predictions);
  const executable = await engine.compile(program, { device, threads: 1 });
  const results = await executable.run({ projections: values, weights: given });
  await executable.release();
  return {
    loss: results.loss!.data[0]!,
    gradient: results.gradient!.data,
    predictions: [...results.predictions!.data],
  };
}

/** The definitions, row by row, over the rows that are not padding. */
function slowLoss(name: Name, values: Float64Array, used: number): number {
  const row = (index: number): number[] => [...values.subarray(index * features, (index + 1) * features)];
  const dot = (a: readonly number[], b: readonly number[]): number => a.reduce((sum, x, i) => sum + x * b[i]!, 0);
  const indices = Array.from({ length: used }, (_, index) => index);
  if (name !== 'vicreg') {
    const similarity = (i: number, j: number): number =>
      dot(row(i), row(j)) / Math.sqrt(dot(row(i), row(i)) * dot(row(j), row(j))) / temperature;
    const losses = indices.map((i) => {
      const partner = i ^ 1;
      const others = indices.filter((j) => j !== i && (name === 'nt-xent' || j !== partner));
      return Math.log(others.reduce((sum, j) => sum + Math.exp(similarity(i, j)), 0)) - similarity(i, partner);
    });
    return losses.reduce((sum, loss) => sum + loss, 0) / used;
  }
  const images = used / 2;
  const columns = Array.from({ length: features }, (_, column) => column);
  const distances = indices
    .filter((i) => i % 2 === 0)
    .flatMap((i) => columns.map((c) => (row(i)[c]! - row(i + 1)[c]!) ** 2));
  let loss = (factors.invariance * distances.reduce((sum, one) => sum + one, 0)) / distances.length;
  for (const branch of [0, 1]) {
    const own = indices.filter((i) => i % 2 === branch).map(row);
    const means = columns.map((c) => own.reduce((sum, one) => sum + one[c]!, 0) / images);
    const covariance = (a: number, b: number): number =>
      own.reduce((sum, one) => sum + (one[a]! - means[a]!) * (one[b]! - means[b]!), 0) / (images - 1);
    for (const a of columns) {
      loss += (factors.variance * Math.max(0, 1 - Math.sqrt(covariance(a, a) + 1e-4))) / features / 2;
      for (const b of columns) if (a !== b) loss += (factors.covariance * covariance(a, b) ** 2) / features;
    }
  }
  return loss;
}

describe.each(names)('%s', (name) => {
  it.each(engines)('agrees with PyTorch, gradient included, on $name', async (engine) => {
    const values = recorded.get('projections')!.data as Float32Array; // recorded as float32
    const { loss, gradient } = await compute(engine, name, values, new Float32Array(rows).fill(1));
    expectClose([loss], recorded.get(`${name}/loss`)!.data, 'loss');
    expectClose(gradient, recorded.get(`${name}/gradient`)!.data, 'gradient');
  });

  it.each(engines)(
    'equals its definition where rows are padding, with the gradient of differences, on $name',
    async (engine) => {
      const stream = randomStream(31);
      const values = Float32Array.from({ length: rows * features }, () => stream.normal());
      const used = 6;
      const weights = Float32Array.from({ length: rows }, (_, row) => Number(row < used));
      const { loss, gradient } = await compute(engine, name, values, weights);
      expectClose([loss], [slowLoss(name, Float64Array.from(values), used)], 'loss');
      const step = 1e-5;
      const differences = Array.from(values, (_, position) => {
        const [up, down] = [Float64Array.from(values), Float64Array.from(values)];
        up[position]! += step;
        down[position]! -= step;
        return (slowLoss(name, up, used) - slowLoss(name, down, used)) / (2 * step);
      });
      expectClose(gradient, differences, 'gradient', 1e-4);
    },
  );
});

describe('the row that is found most alike', () => {
  it('is never the row itself, nor padding', async () => {
    const stream = randomStream(5);
    const values = Float32Array.from({ length: rows * features }, () => stream.normal());
    values.copyWithin(8 * features, 0, features); // padding equal to row 0, which must not be found
    values.copyWithin(features, 0, features);
    const weights = Float32Array.from({ length: rows }, (_, row) => Number(row < 8));
    const { predictions } = await compute(engines[0]!, 'nt-xent', values, weights);
    expect(predictions.slice(0, 2)).toEqual([1, 0]);
    predictions.slice(0, 8).forEach((found, row) => {
      expect(found).not.toBe(row);
      expect(found).toBeLessThan(8);
    });
  });

  it('does not depend on how long the projections are, nor does the loss', async () => {
    const stream = randomStream(6);
    const values = Float32Array.from({ length: rows * features }, () => stream.normal());
    const ones = new Float32Array(rows).fill(1);
    const [small, large] = [
      await compute(engines[0]!, 'dcl', values, ones),
      await compute(
        engines[0]!,
        'dcl',
        values.map((value) => 1000 * value),
        ones,
      ),
    ];
    expect(large.predictions).toEqual(small.predictions);
    expectClose([large.loss], [small.loss], 'loss');
  });
});
