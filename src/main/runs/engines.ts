/** The engines there are. Each is loaded only when it is asked for: their native libraries take a while. */
import type { Experiment } from '../../shared/spec/experiment/index.ts';
import type { CompileOptions, Engine, EngineName, Executable } from '../engines/engine.ts';

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
export type Place = Pick<CompileOptions, 'device' | 'threads' | 'allowFallback' | 'stepsAtOnce' | 'precision'>;

/** What a spec says of it; what it leaves out is the engine's own choice. */
export function placeOf({
  device,
  threads,
  allowFallback,
  stepsAtOnce,
  precision,
}: Partial<Experiment['engine']>): Place {
  return {
    ...(device !== undefined && { device }),
    ...(threads !== undefined && { threads }),
    ...(allowFallback !== undefined && { allowFallback }),
    ...(stepsAtOnce !== undefined && { stepsAtOnce }),
    ...(precision !== undefined && { precision }),
  };
}

/** For whoever trains in half precision on the processor, which gains nothing from it. */
export function noticesOf({ engine }: Experiment, { device }: Pick<Executable, 'device'>): readonly string[] {
  const { precision = 'float32' } = engine;
  if (precision === 'float32' || device.device !== 'cpu') return [];
  return [
    `The processor has no products of ${precision}: it rounds to it, to the same numbers, and is slower than with float32`,
  ];
}
