/**
 * What computes in a page: TensorFlow.js' WebAssembly, whose binary is in the page; plain JavaScript where a browser cannot start it.
 */
import type { KernelBackend, KernelFunc, TensorInfo } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';

export type PageBackend = 'wasm' | 'cpu';

/** @param binary of the module with vector instructions; undefined where there is none */
export async function startBackend(binary: Uint8Array | undefined): Promise<PageBackend> {
  tf.enableProdMode();
  if (binary && (await startWasm(binary))) return 'wasm';
  await tf.setBackend('cpu');
  return 'cpu';
}

async function startWasm(binary: Uint8Array): Promise<boolean> {
  const env = tf.env();
  if (!(await env.getAsync('WASM_HAS_SIMD_SUPPORT'))) return false; // the binary in the page is of no use then
  // Threads need workers and headers that a file does not have.
  env.set('WASM_HAS_MULTITHREAD_SUPPORT', false);
  const { platform } = env;
  const fetchBefore = platform.fetch.bind(platform);
  // Whatever the backend asks for, it is this: nothing is fetched from anywhere.
  platform.fetch = () => Promise.resolve(new Response(Uint8Array.from(binary)));
  setWasmPaths('wasm:', true);
  try {
    if (!(await tf.setBackend('wasm'))) return false;
    lendKernels();
    return true;
  } catch {
    return false;
  } finally {
    platform.fetch = fetchBefore;
  }
}

/** What WebAssembly has no kernel for, the JavaScript backend computes: values go over to it and come back. */
function lendKernels(): void {
  const own = new Set(tf.getKernelsForBackend('wasm').map(({ kernelName }) => kernelName));
  for (const { kernelName, kernelFunc } of tf.getKernelsForBackend('cpu')) {
    if (!own.has(kernelName)) tf.registerKernel({ kernelName, backendName: 'wasm', kernelFunc: lent(kernelFunc) });
  }
}

function lent(kernel: KernelFunc): KernelFunc {
  return ({ inputs, attrs, backend }) => {
    const wasm = backend as KernelBackend; // kernels of a backend are given it, under a wider type
    const plain = tf.findBackend('cpu');
    const move = (from: KernelBackend, to: KernelBackend, { dataId, shape, dtype }: TensorInfo): TensorInfo => ({
      dataId: to.write(from.readSync(dataId), shape, dtype),
      shape,
      dtype,
    });
    const taken: TensorInfo[] = [];
    const take = (info: TensorInfo): TensorInfo => {
      const moved = move(wasm, plain, info);
      taken.push(moved);
      return moved;
    };
    const given = Object.entries(inputs as Readonly<Record<string, TensorInfo | TensorInfo[] | undefined>>); // of some kernels lists
    const moved = given.flatMap(([name, input]) =>
      input ? [[name, Array.isArray(input) ? input.map(take) : take(input)]] : [],
    );
    // The same names as it was given.
    const results = [
      kernel({ inputs: Object.fromEntries(moved) as typeof inputs, ...(attrs && { attrs }), backend: plain }),
    ].flat();
    const returned = results.map((result) => move(plain, wasm, result));
    for (const { dataId } of [...results, ...taken]) plain.disposeData(dataId, true);
    return returned.length === 1 ? returned[0]! : returned;
  };
}
