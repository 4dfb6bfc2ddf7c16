/**
 * Products in half precision: what they compute against float64, that nothing else is rounded, and what trainings come to. The
 * processor rounds as a device would that adds in float32.
 */
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { writeOnnx } from '../../src/main/formats/onnx/write.ts';
import { gradientsOf } from '../../src/main/graph/autodiff.ts';
import type { HalfType } from '../../src/main/graph/half-precision.ts';
import { mayBeHalved } from '../../src/main/graph/half-precision.ts';
import { output } from '../../src/main/graph/index.ts';
import { lowerToOnnx } from '../../src/main/graph/onnx.ts';
import type { Program } from '../../src/main/graph/program.ts';
import { alignmentCases } from './cases/alignment.ts';
import { imageCases } from './cases/images.ts';
import { layerCases } from './cases/layers.ts';
import { recurrenceCases } from './cases/recurrence.ts';
import { structuralCases } from './cases/structural.ts';
import type { OpCase } from './harness.ts';
import { buildCase, expectClose, toFeed } from './harness.ts';
import { centralDifferences, evaluate } from './reference/evaluate.ts';
import type { Tensor64 } from './reference/tensor.ts';
import { sizeOf } from './reference/tensor.ts';

/** Half of the distance between 1 and the next number. */
const roundoff = { float16: 2 ** -11, bfloat16: 2 ** -8 } as const;
/** Operands, results, what softmax makes of a logit that is off, and a gradient that goes back through several steps. */
const roundings = 16;

type Results = ReadonlyMap<string, Float32Array>;

async function run(
  program: Program,
  given: Readonly<Record<string, Tensor64>>,
  type: HalfType | undefined,
  onDevice: boolean,
): Promise<Results> {
  const half = type && ({ type, isRounded: true } as const);
  const model = writeOnnx(lowerToOnnx(program, program.outputs, { onDevice, half }));
  const session = await InferenceSession.create(model, { intraOpNumThreads: 1, logSeverityLevel: 3 });
  try {
    const feeds = [...program.inputs].map(([name, { dtype, shape }]) => {
      return [
        name,
        new OrtTensor(dtype as 'float32', toFeed(given[name]!, dtype) as Float32Array, [...shape]),
      ] as const;
    });
    const results = await session.run(Object.fromEntries(feeds));
    const floats = [...program.outputs].filter(([, { dtype }]) => dtype === 'float32');
    return new Map(floats.map(([name]) => [name, results[name]!.data as Float32Array]));
  } finally {
    await session.release();
  }
}

/** The case with its gradients as outputs, and what all of them are in float64. */
function withGradients(opCase: OpCase) {
  const { program, outputs, loss, given } = buildCase(opCase);
  const expected = new Map<string, ArrayLike<number>>();
  evaluate(outputs, given).forEach(({ data }, index) => {
    if (outputs[index]?.dtype === 'float32') expected.set(`output:${String(index)}`, data);
  });
  const names = Object.entries(opCase.inputs)
    .filter(([name, { dtype = 'float32' }]) => dtype === 'float32' && !opCase.constant?.includes(name))
    .map(([name]) => name);
  const targets = names.map((name) => program.inputs.get(name)!);
  (loss ? gradientsOf(loss, targets) : []).forEach((gradient, index) => {
    const [name, target] = [names[index]!, targets[index]!];
    if (!gradient || !loss) return;
    output(program, `gradient:${name}`, gradient);
    const all = Array.from({ length: sizeOf(target.shape) }, (_, place) => place);
    expected.set(`gradient:${name}`, centralDifferences(loss, given, name, all));
  });
  return { program, given, expected };
}

const cases = [...structuralCases, ...layerCases, ...imageCases, ...recurrenceCases, ...alignmentCases];
const multiplies = (opCase: OpCase): boolean => withoutReference(opCase).nodes.some(mayBeHalved);

/** The forward and the backward pass. */
function withoutReference({ inputs, build, ...rest }: OpCase): Program {
  const { program, loss } = buildCase({ inputs, build, ...rest });
  const floats = Object.entries(inputs).filter(([, { dtype = 'float32' }]) => dtype === 'float32');
  if (loss) {
    gradientsOf(
      loss,
      floats.map(([name]) => program.inputs.get(name)!),
    );
  }
  return program;
}

describe.each(['float16', 'bfloat16'] as const)('%s', (type) => {
  it.each(cases.filter(multiplies).map((opCase) => [`${opCase.op}: ${opCase.title}`, opCase] as const))(
    'is right within its rounding: %s',
    async (_, opCase) => {
      const { program, given, expected } = withGradients(opCase);
      for (const onDevice of [false, true]) {
        const exact = await run(program, given, undefined, onDevice);
        const rounded = await run(program, given, type, onDevice);
        for (const [name, values] of expected) {
          expectClose(rounded.get(name)!, values, name, roundings * roundoff[type]);
        }
        const isRounded = [...rounded].some(([name, values]) =>
          values.some((value, index) => Math.abs(value - exact.get(name)![index]!) > roundoff[type] / 64),
        );
        expect(isRounded, 'something was rounded').toBe(true);
      }
    },
  );

  it('leaves everything else as it is', async () => {
    const others = cases.filter((opCase) => !multiplies(opCase));
    expect(others.length).toBeGreaterThan(40);
    for (const opCase of others) {
      const { program, given } = buildCase(opCase);
      expect(await run(program, given, type, true), opCase.title).toEqual(await run(program, given, undefined, true));
    }
  });
});
