/**
 * Checks one use of an op: the forward values and the gradients of both engines, against float64 references and central
 * differences. Inputs are drawn from a fixed stream, so a failure repeats.
 */
import { expect } from 'vitest';
import type { Engine } from '../../src/main/engines/engine.ts';
import { createOnnxRuntimeEngine } from '../../src/main/engines/onnxruntime/engine.ts';
import { createTensorFlowEngine } from '../../src/main/engines/tensorflow/engine.ts';
import type { ConstantData, DType, Program, Shape, Value } from '../../src/main/graph/index.ts';
import { gradientsOf } from '../../src/main/graph/autodiff.ts';
import { add, createProgram, input, multiply, output, sum } from '../../src/main/graph/index.ts';
import { randomStream } from '../../src/shared/random.ts';
import type { Given } from './reference/evaluate.ts';
import { centralDifferences, evaluate } from './reference/evaluate.ts';
import type { Tensor64 } from './reference/tensor.ts';
import { sizeOf } from './reference/tensor.ts';

interface EngineUnderTest {
  readonly name: string;
  readonly engine: Engine;
  readonly device: string;
}

const onnxRuntime = createOnnxRuntimeEngine();
/** As on a graphics card, whatever the device. */
const resident: Engine = {
  ...onnxRuntime,
  compile: (program, options) => onnxRuntime.compile(program, { ...options, resident: true }),
};

/** All that every machine has; with PRETEXT_TEST_DEVICE that device alone (`npm run test:gpu`). */
export const engines: readonly EngineUnderTest[] =
  process.env.PRETEXT_TEST_DEVICE === undefined
    ? [
        { name: 'onnxruntime', engine: onnxRuntime, device: 'cpu' },
        { name: 'onnxruntime, resident', engine: resident, device: 'cpu' },
        { name: 'tensorflow', engine: createTensorFlowEngine({ offerJavaScript: true }), device: 'javascript' },
      ]
    : [{ name: 'onnxruntime', engine: onnxRuntime, device: process.env.PRETEXT_TEST_DEVICE }];

export interface CaseInput {
  readonly shape: Shape;
  /** Drawn when absent: normal numbers, pushed at least `awayFromZero` away from 0. */
  readonly data?: readonly number[];
  readonly dtype?: DType;
  readonly positive?: boolean;
  readonly awayFromZero?: number;
}

export interface OpCase {
  /** The op under test; the forward program must apply it. */
  readonly op: string;
  readonly title: string;
  readonly inputs: Readonly<Record<string, CaseInput>>;
  readonly build: (values: Readonly<Record<string, Value>>) => Value | readonly Value[];
  /** Inputs through which no gradient may flow; integers and booleans never have one. */
  readonly constant?: readonly string[];
}

/** Largest difference allowed, relative to the largest element: float32 arithmetic and TensorFlow.js' approximate erf. */
const tolerance = 2e-5;
/** WGSL promises 2⁻¹¹ for sines and cosines. */
const toleranceOf = (op: string, device: string): number =>
  device === 'webgpu' && (op === 'sine' || op === 'cosine') ? 5e-4 : tolerance;
const checkedPositions = 40;

export function draw({ shape, data, positive = false, awayFromZero = 0 }: CaseInput, seed: number): Tensor64 {
  const stream = randomStream(seed, shape.length);
  const drawn = (): number => {
    const value = stream.normal();
    const magnitude = Math.abs(value) + awayFromZero;
    return positive ? magnitude + 0.1 : Math.sign(value) * magnitude;
  };
  return {
    shape,
    data: Float64Array.from({ length: sizeOf(shape) }, (_, index) => data?.[index] ?? Math.fround(drawn())),
  };
}

export function toFeed({ data }: Tensor64, dtype: DType): ConstantData {
  if (dtype === 'float32') return Float32Array.from(data);
  return dtype === 'int32' ? Int32Array.from(data) : Uint8Array.from(data);
}

interface BuiltCase {
  readonly program: Program;
  readonly outputs: readonly Value[];
  readonly loss: Value | undefined;
  readonly given: Given;
}

/** The case's program, with a scalar that depends on every element of every float output in a different way. */
export function buildCase({ inputs, build }: OpCase): BuiltCase {
  const program = createProgram('case');
  const entries = Object.entries(inputs);
  const values = Object.fromEntries(
    entries.map(([name, { shape, dtype = 'float32' }]) => [name, input(program, name, dtype, shape)]),
  );
  const given: Record<string, Tensor64> = Object.fromEntries(
    entries.map(([name, spec], index) => [name, draw(spec, 17 + index)]),
  );
  const outputs = [build(values)].flat() as readonly Value[];
  const parts = outputs
    .filter(({ dtype }) => dtype === 'float32')
    .map((value, index) => {
      const name = `weights:${String(index)}`;
      given[name] = draw({ shape: value.shape }, 101 + index);
      return sum(multiply(value, input(program, name, 'float32', value.shape)));
    });
  const loss = parts.length === 0 ? undefined : parts.reduce(add);
  outputs.forEach((value, index) => {
    output(program, `output:${String(index)}`, value);
  });
  return { program, outputs, loss, given };
}

/** Runs a case on both engines and compares everything. */
export async function checkCase(opCase: OpCase): Promise<void> {
  const { program, outputs, loss, given } = buildCase(opCase);
  expect(
    program.nodes.map(({ op }) => op.name),
    'the op under test is applied',
  ).toContain(opCase.op);

  const expected = new Map(evaluate(outputs, given).map((tensor, index) => [`output:${String(index)}`, tensor]));
  const floats = Object.entries(opCase.inputs).filter(([, { dtype = 'float32' }]) => dtype === 'float32');
  const positions = new Map<string, readonly number[]>();
  if (loss) {
    const gradients = gradientsOf(
      loss,
      floats.map(([name]) => program.inputs.get(name)!),
    );
    floats.forEach(([name, { shape }], index) => {
      const gradient = gradients[index];
      expect(gradient !== undefined, `gradient of ${name} exists`).toBe(!opCase.constant?.includes(name));
      if (!gradient) return;
      const chosen = choosePositions(sizeOf(shape));
      positions.set(`gradient:${name}`, chosen);
      expected.set(`gradient:${name}`, { shape, data: centralDifferences(loss, given, name, chosen) });
      output(program, `gradient:${name}`, gradient);
    });
  }

  const feeds = Object.fromEntries([...program.inputs].map(([name, { dtype }]) => [name, toFeed(given[name]!, dtype)]));
  for (const { name: engineName, engine, device } of engines) {
    const executable = await engine.compile(program, { device, threads: 2 });
    const results = await executable.run(feeds);
    await executable.release();
    for (const [name, { shape, data }] of expected) {
      const result = results[name]!;
      expect(result.shape, `${engineName}: shape of ${name}`).toEqual(shape);
      const actual = positions.get(name)?.map((position) => result.data[position]!) ?? [...result.data];
      expectClose(actual, data, `${engineName}: ${name}`, toleranceOf(opCase.op, device));
    }
  }
}

/** All positions of a small tensor, some of a large one. */
function choosePositions(size: number): readonly number[] {
  if (size <= checkedPositions) return Array.from({ length: size }, (_, index) => index);
  const stream = randomStream(size);
  return Array.from({ length: checkedPositions }, () => stream.integer(size));
}

/** Compares with a tolerance relative to the largest element, as float32 sums deserve. */
export function expectClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  what: string,
  relative = tolerance,
): void {
  expect(actual.length, `${what}: number of elements`).toBe(expected.length);
  let scale = 0.1; // sums that cancel are only as exact as their terms
  for (let index = 0; index < expected.length; index++) scale = Math.max(scale, Math.abs(expected[index]!));
  for (let index = 0; index < expected.length; index++) {
    const difference = Math.abs(actual[index]! - expected[index]!);
    if (!(difference <= relative * scale)) {
      expect.fail(
        `${what}[${String(index)}] is ${String(actual[index])} and should be ${String(expected[index])} (± ${String(relative * scale)})`,
      );
    }
  }
}
