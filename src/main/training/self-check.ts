/**
 * An engine must show that its gradients are right before it trains: a small network with what most networks consist of
 * (a table lookup, layer normalisation, dense layers, GELU, cross-entropy), against central differences in float64.
 */
import { LabError } from '../../shared/errors.ts';
import { fillNormal } from '../../shared/random.ts';
import { normalCdf } from '../../shared/stats.ts';
import type { CompileOptions, Engine } from '../engines/engine.ts';
import { adamWDefaults } from '../engines/optimizer.ts';
import type { Program } from '../graph/index.ts';
import {
  appendGradients,
  constant,
  createProgram,
  crossEntropy,
  dense,
  elementCount,
  gather,
  gelu,
  input,
  layerNormalization,
  output,
  parameter,
} from '../graph/index.ts';

const examples = 5;
const rows = 7;
const features = 6;
const hidden = 8;
const classes = 3;
const epsilon = 1e-5;
/** Float32 arithmetic gives about 1e-6; a wrong formula gives far more. */
const tolerance = 1e-3;

const shapes = {
  table: [rows, features],
  gain: [features],
  shift: [features],
  inner: [features, hidden],
  innerBias: [hidden],
  outer: [hidden, classes],
  outerBias: [classes],
} as const;

type Weights = { [Name in keyof typeof shapes]: Float64Array };

const ids = Int32Array.of(0, 3, 3, 6, 1); // a repeated row: its gradients must be added
const labels = Int32Array.of(2, 0, 1, 1, 2);
const exampleWeights = Float32Array.of(1, 0.5, 2, 1, 0);
const names = Object.keys(shapes) as (keyof typeof shapes)[]; // its own keys

/**
 * The relative error of the gradient, as one vector. Throws `LabError('engine-failed')` when it is not small.
 */
export async function checkGradients(engine: Engine, options: Pick<CompileOptions, 'device' | 'threads'> = {}): Promise<number> {
  const weights = drawWeights();
  const executable = await engine.compile(buildProgram(), { ...options, optimizer: adamWDefaults });
  try {
    await executable.importState({
      parameters: new Map(names.map((name) => [name, { shape: shapes[name], data: Float32Array.from(weights[name]) }])),
    });
    const { gradients } = await executable.gradients({ ids, labels });
    const expected = names.flatMap((name) => [...numericGradient(weights, name)]);
    const actual = names.flatMap((name) => [...(gradients.get(name)?.data ?? [])]);
    const error = relativeError(actual, expected);
    if (!(error < tolerance)) {
      throw new LabError(
        'engine-failed',
        `${engine.name} on ${executable.device.description} computes wrong gradients (relative error ${error.toPrecision(2)}); it will not be used to train`,
        { engine: engine.name, device: executable.device.device, error },
      );
    }
    return error;
  } finally {
    await executable.release();
  }
}

function buildProgram(): Program {
  const program = createProgram('gradient check');
  const weight = (name: keyof typeof shapes) => parameter(program, name, shapes[name], { initialiser: { type: 'zeros' } });
  const embedded = gather(weight('table'), input(program, 'ids', 'int32', [examples]));
  const normalised = layerNormalization(embedded, weight('gain'), weight('shift'), epsilon);
  const logits = dense(gelu(dense(normalised, weight('inner'), weight('innerBias'))), weight('outer'), weight('outerBias'));
  const { loss } = crossEntropy(logits, input(program, 'labels', 'int32', [examples]), constant(program, exampleWeights, [examples]));
  output(program, 'loss', loss);
  appendGradients(program, loss);
  return program;
}

/** Rounded to float32, so that both sides compute with the same numbers. */
function drawWeights(): Weights {
  const draw = (name: keyof typeof shapes): Float64Array => {
    const values = new Float64Array(elementCount(shapes[name]));
    fillNormal(values, 1, names.indexOf(name));
    return values.map((value) => Math.fround(value));
  };
  return Object.fromEntries(names.map((name) => [name, draw(name)])) as Weights; // a value for each name
}

function numericGradient(weights: Weights, name: keyof Weights): Float64Array {
  const step = 1e-5;
  const values = weights[name];
  return values.map((value, index) => {
    const lossAt = (shifted: number): number => {
      const changed = values.slice();
      changed[index] = shifted;
      return referenceLoss({ ...weights, [name]: changed });
    };
    return (lossAt(value + step) - lossAt(value - step)) / (2 * step);
  });
}

/** The same network in float64, example by example. */
function referenceLoss(weights: Weights): number {
  let sum = 0;
  ids.forEach((id, example) => {
    const embedded = weights.table.subarray(id * features, (id + 1) * features);
    const mean = embedded.reduce((total, x) => total + x, 0) / features;
    const variance = embedded.reduce((total, x) => total + (x - mean) ** 2, 0) / features;
    const normalised = embedded.map((x, i) => ((x - mean) / Math.sqrt(variance + epsilon)) * weights.gain[i]! + weights.shift[i]!);
    const inner = multiply(normalised, weights.inner, weights.innerBias).map((x) => x * normalCdf(x));
    const logits = multiply(inner, weights.outer, weights.outerBias);
    const total = logits.reduce((total, x) => total + Math.exp(x), 0);
    sum += exampleWeights[example]! * (Math.log(total) - logits[labels[example]!]!);
  });
  return sum / exampleWeights.reduce((total, weight) => total + weight, 0);
}

function multiply(x: Float64Array, matrix: Float64Array, bias: Float64Array): Float64Array {
  return bias.map((start, column) => x.reduce((sum, value, row) => sum + value * matrix[row * bias.length + column]!, start));
}

function relativeError(actual: readonly number[], expected: readonly number[]): number {
  if (actual.length !== expected.length) return Infinity;
  const difference = Math.hypot(...actual.map((value, index) => value - expected[index]!));
  return difference / Math.hypot(...expected);
}
