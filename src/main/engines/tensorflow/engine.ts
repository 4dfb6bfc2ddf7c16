/**
 * The second engine: the same programs, op by op, on TensorFlow through TensorFlow.js. It is the way to TensorFlow's CUDA
 * kernels where @tensorflow/tfjs-node-gpu is installed, and an independent check of every op everywhere else.
 */
import { LabError } from '../../../shared/errors.ts';
import { mergeCommonSubexpressions } from '../../graph/passes/common-subexpressions.ts';
import { removeDeadCode } from '../../graph/passes/dead-code.ts';
import type { DeviceReport, Engine, Executable } from '../engine.ts';
import type { LoadedBackend, TensorFlowDevice } from './backend.ts';
import { isLoaded, loadBackend, probeTensorFlow } from './backend.ts';
import { createExecutable } from './executable.ts';
import type { ParameterStore } from './parameter-store.ts';
import { createParameterStore } from './parameter-store.ts';

export interface TensorFlowEngineOptions {
  /** Offers the device 'javascript' as well: TensorFlow.js without any native library, for tests. */
  readonly offerJavaScript?: boolean;
}

const storeOf = new WeakMap<Executable, ParameterStore>();

/** TensorFlow.js as an engine. The native library is loaded when a device is first asked for. */
export function createTensorFlowEngine({ offerJavaScript = false }: TensorFlowEngineOptions = {}): Engine {
  const devices: readonly TensorFlowDevice[] = ['cuda', 'cpu', ...(offerJavaScript ? (['javascript'] as const) : [])];
  return {
    name: 'tensorflow',
    async probe() {
      const loaded = devices.map(loadBackend).find(isLoaded);
      return {
        engine: 'tensorflow',
        version: loaded?.tf.version_core ?? 'none',
        devices: probeTensorFlow(offerJavaScript),
      };
    },
    async compile(source, options = {}) {
      const { precision = 'float32' } = options;
      if (precision !== 'float32') {
        throw new LabError(
          'engine-unavailable',
          `engine.precision: TensorFlow.js computes in float32 alone. Take float32, or the engine onnxruntime, whose devices 'pretext doctor' lists with their precisions`,
        );
      }
      const { tf, report } = chooseBackend(devices, options.device === 'auto' ? undefined : options.device);
      await tf.setBackend(report.device === 'javascript' ? 'cpu' : 'tensorflow');
      const program = removeDeadCode(mergeCommonSubexpressions(source));
      if (options.optimizer && program.gradients.length === 0) {
        throw new LabError('internal', `${program.name} is to be trained, but nothing in it has a gradient`);
      }
      const store = options.shareStateWith
        ? sharedStore(options.shareStateWith)
        : createParameterStore(tf, program, options);
      const executable = createExecutable(tf, program, store, report);
      storeOf.set(executable, store);
      return executable;
    },
  };
}

/** The named device, or the first that is there. Throws `LabError('engine-unavailable')` with every reason. */
function chooseBackend(devices: readonly TensorFlowDevice[], device: string | undefined): LoadedBackend {
  const candidates = devices.filter((candidate) => device === undefined || candidate === device).map(loadBackend);
  const chosen = candidates.find(isLoaded);
  if (chosen) return chosen;
  const reasons = candidates.filter((candidate): candidate is DeviceReport => !isLoaded(candidate));
  const why = reasons.map(({ device: name, reason = 'not available' }) => `${name}: ${reason}`).join('; ');
  throw new LabError(
    'engine-unavailable',
    `TensorFlow cannot be used here: ${why === '' ? `it has no device '${device ?? ''}'` : why}`,
  );
}

function sharedStore(executable: Executable): ParameterStore {
  const store = storeOf.get(executable);
  if (!store) throw new LabError('internal', 'state can only be shared between executables of one engine');
  return store;
}
