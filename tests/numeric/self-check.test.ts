/** The self-check: its recorded values come from the float64 reference, sound engines pass, faulty ones do not. */
import { describe, expect, it } from 'vitest';
import type { Engine, Executable } from '../../src/main/engines/engine.ts';
import { recordedGradients, recordedLoss } from '../../src/main/engines/self-check-values.ts';
import { requireSelfCheck, selfCheck } from '../../src/main/engines/self-check.ts';
import { createOnnxRuntimeEngine } from '../../src/main/engines/onnxruntime/engine.ts';
import { engines, expectClose } from './harness.ts';
import { recordSelfCheck } from './reference/self-check.ts';

describe('the recorded values', () => {
  it('are those of the float64 reference', () => {
    const { loss, gradients } = recordSelfCheck();
    expect(recordedLoss).toBeCloseTo(loss, 7);
    expect(Object.keys(recordedGradients)).toEqual(Object.keys(gradients));
    for (const [name, values] of Object.entries(gradients)) {
      expectClose(recordedGradients[name]!, values, name, 1e-6);
    }
  });
});

describe.each(engines)('$name', ({ engine, device }) => {
  it('passes, with float32 accuracy', async () => {
    const check = await requireSelfCheck(engine, { device });
    expect(check.device).toBe(device);
    expect(check.error).toBeLessThan(2e-5);
  });
});

it.each([
  ['float16', 1e-4, 0.03],
  ['bfloat16', 1e-3, 0.15],
] as const)('the engine passes with the accuracy of products in %s', async (precision, least, most) => {
  const { passed, error } = await selfCheck(createOnnxRuntimeEngine(), { device: 'cpu', precision });
  expect(passed).toBe(true);
  expect(error).toBeGreaterThan(least);
  expect(error).toBeLessThan(most);
});

/** An engine with one fault. */
function faulty(change: (executable: Executable) => Partial<Executable>): Engine {
  const sound = createOnnxRuntimeEngine();
  return {
    ...sound,
    async compile(program, options) {
      const executable = await sound.compile(program, options);
      return { ...executable, ...change(executable) };
    },
  };
}

describe('a faulty engine', () => {
  it('does not pass with one wrong element in one gradient', async () => {
    const engine = faulty((executable) => ({
      async gradients(...args) {
        const result = await executable.gradients(...args);
        const { data } = result.gradients.get('outer/weight')!;
        data[5] = data[5]! * 1.5 + 0.05;
        return result;
      },
    }));
    expect(await selfCheck(engine)).toMatchObject({ passed: false, worst: 'the gradient of outer/weight' });
    await expect(requireSelfCheck(engine)).rejects.toMatchObject({ code: 'engine-failed' });
  });

  it('does not pass when its update is not the gradient', async () => {
    const engine = faulty((executable) => ({
      step: (batches, options) => executable.step(batches, { ...options, learningRate: options.learningRate * 1.1 }),
    }));
    const check = await selfCheck(engine);
    expect(check.passed).toBe(false);
    expect(check.worst).toMatch(/^the update of /);
  });

  it('does not pass when it answers with NaN', async () => {
    const engine = faulty((executable) => ({
      async gradients(...args) {
        const result = await executable.gradients(...args);
        result.outputs.loss!.data.fill(Number.NaN);
        return result;
      },
    }));
    expect(await selfCheck(engine)).toMatchObject({ passed: false, error: Infinity, worst: 'the loss' });
  });
});
