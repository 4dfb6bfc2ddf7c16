/**
 * How many channels ONNX Runtime's blocked convolution kernels take at once on this processor: 16 with AVX-512, 8 with
 * AVX2, and nothing elsewhere. Nothing tells, so a convolution is tried with each block and compared with the plain one.
 */
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { randomStream } from '../../../shared/random.ts';
import { writeOnnx } from '../../formats/onnx/write.ts';
import { lowerToOnnx } from '../../graph/onnx.ts';
import { convolution2d } from '../../graph/ops/convolution.ts';
import { createProgram, input, output } from '../../graph/program.ts';
import { elementCount } from '../../graph/shape.ts';

const candidates = [16, 8, 4] as const;
const image = [2, 32, 5, 6] as const;
const kernel = [32, 32, 3, 3] as const;
/** Sums of 288 products in another order. */
const tolerance = 1e-4;

let known: Promise<number | undefined> | undefined;

/** Found out once in the life of the process; undefined where no block is right. */
export function channelBlock(): Promise<number | undefined> {
  return (known ??= findChannelBlock());
}

async function findChannelBlock(): Promise<number | undefined> {
  const expected = await convolve(undefined);
  for (const block of candidates) {
    const actual = await convolve(block).catch(() => undefined); // kernels that this build has not
    if (actual && expected && isClose(actual, expected)) return block;
  }
  return undefined;
}

async function convolve(block: number | undefined): Promise<Float32Array | undefined> {
  const program = createProgram('channel blocks');
  const x = input(program, 'x', 'float32', image);
  output(program, 'y', convolution2d(x, input(program, 'kernel', 'float32', kernel), { padding: 1 }));
  const graph = lowerToOnnx(program, program.outputs, { channelBlock: block });
  const session = await InferenceSession.create(writeOnnx(graph), {
    executionProviders: ['cpu'],
    intraOpNumThreads: 1,
    logSeverityLevel: 4,
  });
  try {
    const { y } = await session.run({ x: drawn(image, 1), kernel: drawn(kernel, 2) });
    return y?.data instanceof Float32Array ? y.data : undefined;
  } finally {
    await session.release();
  }
}

function drawn(shape: readonly number[], seed: number): Tensor {
  const stream = randomStream(seed);
  return new Tensor(
    'float32',
    Float32Array.from({ length: elementCount(shape) }, () => stream.uniform() - 0.5),
    [...shape],
  );
}

function isClose(actual: Float32Array, expected: Float32Array): boolean {
  return (
    actual.length === expected.length && actual.every((value, index) => Math.abs(value - expected[index]!) < tolerance)
  );
}
