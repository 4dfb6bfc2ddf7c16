/**
 * Loading TensorFlow. Its packages are optional: their install downloads a library, and the GPU one needs CUDA 11.2 with
 * cuDNN 8. TensorFlow.js' own `cpu` backend, plain JavaScript, serves tests as an independent second opinion; it is far
 * too slow for work and is loaded only when it is asked for by name.
 */
import { createRequire } from 'node:module';
import util from 'node:util';
import { messageOf } from '../../../shared/errors.ts';
import type { TensorFlow } from '../../graph/op.ts';
import type { DeviceReport } from '../engine.ts';
import { processorName } from '../host/processor.ts';

export type TensorFlowDevice = 'cuda' | 'cpu' | 'javascript';

export interface LoadedBackend {
  readonly tf: TensorFlow;
  readonly report: DeviceReport;
}

// Not named 'require': the build declares that in every module of its own.
const load = createRequire(import.meta.url);

const remedies = {
  cuda: "needs an NVIDIA GPU with CUDA 11.2 and cuDNN 8; then 'npm install @tensorflow/tfjs-node-gpu' where its library can be downloaded",
  cpu: "'npm install @tensorflow/tfjs-node' where its library can be downloaded; the ONNX Runtime engine needs nothing and is faster",
};

/** The devices in the order of preference. The JavaScript one is listed only when `offerJavaScript` says so. */
export function probeTensorFlow(offerJavaScript: boolean): readonly DeviceReport[] {
  return [reportOf('cuda'), reportOf('cpu'), ...(offerJavaScript ? [reportOf('javascript')] : [])];
}

/** The backend of a device, or why there is none. */
export function loadBackend(device: TensorFlowDevice): LoadedBackend | DeviceReport {
  return device === 'javascript' ? loadJavaScript() : loadNative(device);
}

/** Whether a backend is there; what is not is the report that says why. */
export function isLoaded(backend: LoadedBackend | DeviceReport): backend is LoadedBackend {
  return 'tf' in backend;
}

function reportOf(device: TensorFlowDevice): DeviceReport {
  const backend = loadBackend(device);
  return isLoaded(backend) ? backend.report : backend;
}

function loadNative(device: 'cuda' | 'cpu'): LoadedBackend | DeviceReport {
  const gpuPackage = requireTensorFlow('@tensorflow/tfjs-node-gpu');
  // Only one of the two packages can live in a process.
  const loaded = 'tf' in gpuPackage ? gpuPackage : requireTensorFlow('@tensorflow/tfjs-node');
  const onGpu = 'tf' in loaded && usesGpu(loaded.tf);
  const description = device === 'cuda' ? 'NVIDIA GPU through TensorFlow' : `${processorName()} through TensorFlow`;
  if ('tf' in loaded && onGpu === (device === 'cuda')) {
    return { tf: loaded.tf, report: { device, description, available: true } };
  }
  const found =
    'tf' in loaded ? `TensorFlow ${loaded.name} was loaded and uses the ${onGpu ? 'GPU' : 'CPU'}` : loaded.problem;
  return { device, description, available: false, reason: `${remedies[device]} (${found})` };
}

function loadJavaScript(): LoadedBackend | DeviceReport {
  const report = { device: 'javascript', description: 'TensorFlow.js in plain JavaScript, for tests' };
  try {
    load('@tensorflow/tfjs-backend-cpu');
    const tf = load('@tensorflow/tfjs-core') as TensorFlow; // the package's own types
    tf.enableProdMode(); // or it advertises its native package on stderr
    return { tf, report: { ...report, available: true } };
  } catch (error) {
    return {
      ...report,
      available: false,
      reason: `a development dependency is missing (${firstLine(messageOf(error))})`,
    };
  }
}

type Required = { readonly tf: TensorFlow; readonly name: string } | { readonly problem: string };

const required = new Map<string, Required>();

function requireTensorFlow(name: string): Required {
  const known = required.get(name) ?? tryRequire(name);
  required.set(name, known);
  return known;
}

function tryRequire(name: string): Required {
  defineRemovedUtilities();
  try {
    return { tf: load(name) as TensorFlow, name }; // it re-exports the whole of tfjs-core
  } catch (error) {
    return { problem: firstLine(messageOf(error)) };
  }
}

/** Gives back what @tensorflow/tfjs-node 4 still calls and Node 23 has removed from `node:util`. */
export function defineRemovedUtilities(target: object = util): void {
  const removed: Readonly<Record<string, (value: unknown) => boolean>> = {
    isArray: Array.isArray,
    isBoolean: (value) => typeof value === 'boolean',
    isFunction: (value) => typeof value === 'function',
    isNull: (value) => value === null,
    isNullOrUndefined: (value) => value === null || value === undefined,
    isNumber: (value) => typeof value === 'number',
    isObject: (value) => value !== null && typeof value === 'object',
    isString: (value) => typeof value === 'string',
    isUndefined: (value) => value === undefined,
  };
  for (const [name, test] of Object.entries(removed)) {
    if (!(name in target)) Object.defineProperty(target, name, { value: test, configurable: true, writable: true });
  }
}

function usesGpu(tf: TensorFlow): boolean {
  const backend: unknown = tf.findBackend('tensorflow');
  return (
    typeof backend === 'object' &&
    backend !== null &&
    'isUsingGpuDevice' in backend &&
    backend.isUsingGpuDevice === true
  );
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? text;
}
