/**
 * Which devices multiply in half precision. Lists of what providers claim to have say little (a WebGPU adapter may lack 16-bit floats,
 * a provider bfloat16 for some products), so small products are tried, with the processor kept out of them.
 */
import type { InferenceSession } from 'onnxruntime-node';
import { Tensor as OrtTensor } from 'onnxruntime-node';
import { LabError, messageOf } from '../../../shared/errors.ts';
import { writeOnnx } from '../../formats/onnx/write.ts';
import type { HalfPrecision, HalfType } from '../../graph/half-precision.ts';
import { lowerToOnnx } from '../../graph/onnx.ts';
import {
  appendGradients,
  convolution2d,
  createProgram,
  dense,
  input,
  matmul,
  mean,
  multiply,
  output,
  parameter,
  reshape,
} from '../../graph/index.ts';
import type { Program } from '../../graph/index.ts';
import type { CompileOptions } from '../engine.ts';
import { probeDevice, probeDevices } from './devices.ts';
import { openSession } from './sessions.ts';

const halfTypes: readonly HalfType[] = ['float16', 'bfloat16'];
/** Products of matrices, and convolutions with their gradients. */
type ProductKind = 'matrices' | 'images';
const productKinds: readonly ProductKind[] = ['matrices', 'images'];

/** Of the largest result, from what the processor rounds to: sums in 16 bits are allowed. */
const tolerance = 2 ** -5;
const side = 4;

const tried = new Map<string, Promise<string | undefined>>();

/**
 * How the products of a program are computed; undefined for float32 and for a program without gradients. Throws
 * `LabError('engine-unavailable')` where the device cannot.
 */
export async function halfPrecisionOf(
  program: Program,
  device: string,
  { precision = 'float32' }: Pick<CompileOptions, 'precision'>,
): Promise<HalfPrecision | undefined> {
  if (precision === 'float32' || program.gradients.length === 0) return undefined;
  if (device === 'cpu') return { type: precision, isRounded: true };
  const hasImages = program.nodes.some(({ op }) => op.name.includes('convolution'));
  for (const kind of hasImages ? productKinds : (['matrices'] as const)) {
    const reason = await whyNot(device, precision, kind);
    if (reason !== undefined) throw await refusal(device, precision, kind, reason);
  }
  return { type: precision, isRounded: false };
}

/** The half precisions that a device has for all products. */
export async function precisionsOf(device: string): Promise<readonly HalfType[]> {
  if (device === 'cpu') return halfTypes;
  const able: HalfType[] = [];
  for (const type of halfTypes) {
    let isAble = true;
    for (const kind of productKinds) isAble &&= (await whyNot(device, type, kind)) === undefined; // one run at a time, as WebGPU asks
    if (isAble) able.push(type);
  }
  return able;
}

async function refusal(device: string, type: HalfType, kind: ProductKind, reason: string): Promise<LabError> {
  const others: string[] = [];
  for (const report of await probeDevices()) {
    if (report.available && report.device !== device && (await whyNot(report.device, type, kind)) === undefined) {
      others.push(report.device === 'cpu' ? 'cpu (which rounds, and is slower than with float32)' : report.device);
    }
  }
  const otherType = type === 'float16' ? 'bfloat16' : 'float16';
  const isOtherThere = (await whyNot(device, otherType, kind)) === undefined;
  const instead = isOtherThere ? `${otherType} or float32` : 'float32';
  return new LabError(
    'engine-unavailable',
    `engine.precision: the device '${device}' cannot compute ${kind === 'images' ? 'convolutions' : 'products of matrices'} in ${type} here (${reason}). ` +
      `Take ${instead}, or another device${others.length === 0 ? '' : `: of those of this computer, ${others.join(' and ')} can`}`,
    { device, precision: type },
  );
}

/** Tried once in the life of the process; undefined where it works. */
function whyNot(device: string, type: HalfType, kind: ProductKind): Promise<string | undefined> {
  if (device === 'cpu') return Promise.resolve(undefined);
  const key = `${device} ${type} ${kind}`;
  const known = tried.get(key) ?? tryProducts(device, type, kind);
  tried.set(key, known);
  return known;
}

async function tryProducts(device: string, type: HalfType, kind: ProductKind): Promise<string | undefined> {
  const { available } = await probeDevice(device);
  if (!available) return 'it is not available';
  const program = kind === 'images' ? imageProducts() : matrixProducts();
  try {
    const expected = await gradientsOf(program, 'cpu', { type, isRounded: true });
    const there = await gradientsOf(program, device, { type, isRounded: false });
    const scale = Math.max(...expected.map(Math.abs));
    const isRight = expected.every((value, index) => Math.abs(value - (there[index] ?? NaN)) <= tolerance * scale);
    return isRight ? undefined : 'it computes them wrongly';
  } catch (error) {
    return inWords(messageOf(error));
  }
}

async function gradientsOf(program: Program, device: string, half: HalfPrecision | undefined): Promise<number[]> {
  const outputs = new Map(program.gradients.map(({ parameter, dense: gradient }) => [parameter.name, gradient!])); // no rows
  const graph = lowerToOnnx(program, outputs, { onDevice: true, half });
  const options: InferenceSession.SessionOptions = {
    executionProviders: device === 'cpu' ? ['cpu'] : [device, 'cpu'],
    logSeverityLevel: 4,
    extra: { session: { ...(device !== 'cpu' && { disable_cpu_ep_fallback: '1' }) } },
  };
  const session = await openSession(writeOnnx(graph), options);
  try {
    const feeds = Object.fromEntries(
      graph.inputs.map(({ name, shape }) => {
        const sizes = shape.map(Number); // programs have no symbolic sizes
        const count = sizes.reduce((product, size) => product * size, 1);
        const data = Float32Array.from({ length: count }, (_, index) => ((index * 5) % 7) / 4 - 0.75);
        return [name, new OrtTensor('float32', data, sizes)] as const;
      }),
    );
    const results = await session.run(feeds);
    return [...outputs.keys()].flatMap((name) => [...(results[name]?.data as Float32Array)]); // gradients are float32
  } finally {
    await session.release();
  }
}

const zeros = { initialiser: { type: 'zeros' } } as const;

/** A dense layer, and a stack of products. */
function matrixProducts(): Program {
  const program = createProgram('products of matrices');
  const x = input(program, 'x', 'float32', [side, side]);
  const layer = dense(x, parameter(program, 'weight', [side, side], zeros), parameter(program, 'bias', [side], zeros));
  const stack = reshape(layer, [2, 2, side]);
  const pairs = matmul(stack, stack, { transposeB: true });
  return differentiated(program, pairs);
}

/** Convolutions with and without a stride, whose gradients are convolutions, transposed convolutions and products of matrices. */
function imageProducts(): Program {
  const program = createProgram('convolutions');
  const image = input(program, 'image', 'float32', [1, 2, side, side]);
  const first = convolution2d(image, parameter(program, 'first', [2, 2, 3, 3], zeros), { padding: 1 });
  const second = convolution2d(first, parameter(program, 'second', [2, 2, 2, 2], zeros), { stride: 2 });
  return differentiated(program, second);
}

function differentiated(program: Program, value: ReturnType<typeof dense>): Program {
  const loss = mean(multiply(value, value));
  output(program, 'loss', loss);
  appendGradients(program, loss);
  return program;
}

/** What ONNX Runtime says of it, where that is for people. */
function inWords(message: string): string {
  if (message.includes('requires f16')) return 'it has no floats of 16 bits, the feature shader-f16';
  if (message.includes('is not set') || message.includes('Could not find an implementation')) {
    return 'ONNX Runtime has no such product for it';
  }
  return message.replace(/\n.*/s, '').replace(/^.* was false\. /, '');
}
