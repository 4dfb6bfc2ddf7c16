/** Small random models with what transformers computed with them (`scripts/record-models.py`), and the lab's networks of them. */
import path from 'node:path';
import { expect } from 'vitest';
import type { Executable } from '../../../src/main/engines/engine.ts';
import { adamWDefaults } from '../../../src/main/engines/optimizer.ts';
import { createOnnxRuntimeEngine } from '../../../src/main/engines/onnxruntime/engine.ts';
import { readSafetensors } from '../../../src/main/formats/safetensors.ts';
import type { SafetensorsTensor } from '../../../src/main/formats/safetensors.ts';
import type { Program } from '../../../src/main/graph/program.ts';
import type { ReadModel } from '../../../src/main/models/family.ts';
import { recogniseModel } from '../../../src/main/models/recognise.ts';
import { openModelSource } from '../../../src/main/models/source.ts';

export const fixture = (name: string): string => path.resolve(import.meta.dirname, '../../fixtures/models', name);

export interface Weight {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** The model, and the recorded gradients as gradients of our weights: they are read as the weights are. */
export async function readRecorded(name: string): Promise<{
  readonly model: ReadModel;
  readonly weights: ReadonlyMap<string, Weight>;
  readonly gradients: ReadonlyMap<string, Weight>;
  readonly outputs: ReadonlyMap<string, SafetensorsTensor>;
}> {
  const read = async (file: string): Promise<{ model: ReadModel; weights: Map<string, Weight> }> => {
    await using source = await openModelSource(path.join(fixture(name), file));
    const { family } = await recogniseModel(source);
    const model = await family.read(source);
    const weights = new Map<string, Weight>();
    for (const [weight, tensor] of model.weights) {
      weights.set(weight, { shape: tensor.shape, data: await tensor.read() });
    }
    return { model, weights };
  };
  const { model, weights } = await read('model.safetensors');
  const { weights: gradients } = await read('gradients.safetensors');
  const { tensors: outputs } = await readSafetensors(path.join(fixture(name), 'outputs.safetensors'));
  return { model, weights, gradients, outputs };
}

/** Compiles a program on the CPU with weights. */
export async function compiled(program: Program, weights: ReadonlyMap<string, Weight>): Promise<Executable> {
  const isTrained = program.gradients.length > 0;
  const executable = await createOnnxRuntimeEngine().compile(program, {
    device: 'cpu',
    threads: 1,
    ...(isTrained && { optimizer: adamWDefaults }),
  });
  const own = [...weights].filter(([name]) => program.parameters.has(name));
  await executable.importState({ parameters: new Map(own) });
  return executable;
}

/** ‖actual − expected‖ / ‖expected‖. */
export function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  expect(actual.length).toBe(expected.length);
  let [difference, norm] = [0, 0];
  for (let index = 0; index < expected.length; index += 1) {
    difference += (actual[index]! - expected[index]!) ** 2;
    norm += expected[index]! ** 2;
  }
  return Math.sqrt(difference / norm);
}
