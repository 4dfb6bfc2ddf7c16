/** The engines there are. Each is loaded only when it is asked for: their native libraries take a while. */
import type { Experiment } from '../../shared/spec/experiment/index.ts';
import type { CompileOptions, Engine, EngineName } from '../engines/engine.ts';

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

/** Where an experiment's programs are compiled for. */
export type Place = Pick<CompileOptions, 'device' | 'threads' | 'allowFallback' | 'stepsAtOnce'>;

/** What a spec says of it; what it leaves out is the engine's own choice. */
export function placeOf({ device, threads, allowFallback, stepsAtOnce }: Partial<Experiment['engine']>): Place {
  return {
    ...(device !== undefined && { device }),
    ...(threads !== undefined && { threads }),
    ...(allowFallback !== undefined && { allowFallback }),
    ...(stepsAtOnce !== undefined && { stepsAtOnce }),
  };
}
