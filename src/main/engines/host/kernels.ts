/** Loads the WebAssembly kernels over a memory of a given size. */
import { LabError } from '../../../shared/errors.ts';
import { kernelsBase64 } from './kernels.wasm.ts';

/** The exports of `kernels.as.ts`; see there for what each does. */
export interface Kernels {
  sumOfSquares(x: number, length: number): number;
  addTo(target: number, x: number, length: number): void;
  addRows(target: number, tableRows: number, indices: number, rows: number, count: number, width: number): number;
  adamW(
    weights: number, gradients: number, first: number, second: number, length: number,
    gradientScale: number, beta1: number, beta2: number, epsilon: number,
    stepSize: number, secondScale: number, shrink: number,
  ): void; // prettier-ignore
  sgd(
    weights: number, gradients: number, moment: number, length: number,
    gradientScale: number, momentum: number, nesterov: boolean, learningRate: number, shrink: number,
  ): void; // prettier-ignore
  scaleBy(x: number, length: number, factor: number): void;
  addScaled(target: number, x: number, length: number, factor: number): void;
  moveTowards(target: number, x: number, length: number, share: number): void;
  momentum(update: number, moment: number, length: number, decay: number, nesterov: boolean): void;
  adamDirection(
    update: number, first: number, second: number, length: number,
    beta1: number, beta2: number, epsilon: number, firstScale: number, secondScale: number,
  ): void; // prettier-ignore
}

export interface HostMemory {
  readonly buffer: ArrayBuffer;
  readonly kernels: Kernels;
}

const pageBytes = 65_536;
const maximumPages = 65_536; // 4 GiB, the reach of a 32-bit pointer

let compiled: WebAssembly.Module | undefined;

/**
 * A zeroed memory of at least `bytes`, with the kernels working on it. It never grows, because growing would detach the
 * arrays that ONNX Runtime writes to. Throws `LabError('out-of-memory')` beyond 4 GiB or when the system refuses.
 */
export function createHostMemory(bytes: number): HostMemory {
  const pages = Math.max(1, Math.ceil(bytes / pageBytes));
  const gibibytes = (bytes / 2 ** 30).toFixed(1);
  if (pages > maximumPages) {
    throw new LabError(
      'out-of-memory',
      `the weights, gradients and optimizer state need ${gibibytes} GiB; at most 4 GiB can be addressed. Use a smaller ` +
        'pipeline, a smaller vocabulary, or freeze a part of the backbone',
      { bytes },
    );
  }
  try {
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
    compiled ??= new WebAssembly.Module(Buffer.from(kernelsBase64, 'base64'));
    const { exports } = new WebAssembly.Instance(compiled, { env: { memory } });
    // The module is ours; a unit test calls every function of the interface.
    return { buffer: memory.buffer, kernels: exports as unknown as Kernels };
  } catch (error) {
    throw new LabError(
      'out-of-memory',
      `could not reserve ${gibibytes} GiB for the weights and the optimizer`,
      { bytes },
      error,
    );
  }
}
