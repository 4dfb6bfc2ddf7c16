/** The engines there are. Each is loaded only when it is asked for: their native libraries take a while. */
import type { Engine, EngineName } from '../engines/engine.ts';

export const engineNames: readonly EngineName[] = ['onnxruntime', 'tensorflow'];

/** Loads the engine's library on the first call. Throws what that throws where it is not installed. */
export async function loadEngine(name: EngineName): Promise<Engine> {
  switch (name) {
    case 'onnxruntime':
      return (await import('../engines/onnxruntime/engine.ts')).createOnnxRuntimeEngine();
    case 'tensorflow':
      return (await import('../engines/tensorflow/engine.ts')).createTensorFlowEngine();
  }
}
