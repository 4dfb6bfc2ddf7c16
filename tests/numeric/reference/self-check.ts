/**
 * The self-check's values, evaluated in float64 with central differences along fixed directions. Prints the module that records them:
 * `node tests/numeric/reference/self-check.ts > src/main/engines/self-check-values.ts`
 */
import {
  selfCheckFeeds,
  selfCheckParameters,
  selfCheckSeed,
  buildSelfCheckProgram,
} from '../../../src/main/engines/self-check-program.ts';
import { directions } from '../../../src/main/engines/self-check.ts';
import { dropoutFeeds } from '../../../src/main/graph/index.ts';
import type { Given } from './evaluate.ts';
import { evaluate } from './evaluate.ts';

export interface Recording {
  readonly loss: number;
  /** For each parameter, the derivatives along `directions`. */
  readonly gradients: Readonly<Record<string, readonly number[]>>;
}

const step = 1e-5;

export function recordSelfCheck(): Recording {
  const program = buildSelfCheckProgram();
  const loss = program.outputs.get('loss')!;
  const parameters = [...program.parameters.values()].map(({ value }) => value);
  const feeds = Object.entries({ ...selfCheckFeeds, ...dropoutFeeds(program, selfCheckSeed, 0, 0) });
  const given: Given = Object.fromEntries([
    ...feeds.map(
      ([name, data]) => [name, { shape: program.inputs.get(name)!.shape, data: Float64Array.from(data) }] as const,
    ),
    ...[...selfCheckParameters(parameters)].map(
      ([name, { shape, data }]) => [name, { shape, data: Float64Array.from(data) }] as const,
    ),
  ]);
  const lossAt = (moved: Given): number => evaluate([loss], moved)[0]!.data[0]!;
  const derivative = (name: string, direction: (index: number) => number): number => {
    const { shape, data } = given[name]!;
    const at = (distance: number): number =>
      lossAt({ ...given, [name]: { shape, data: data.map((value, index) => value + distance * direction(index)) } });
    return (at(step) - at(-step)) / (2 * step);
  };
  return {
    loss: lossAt(given),
    gradients: Object.fromEntries(
      [...program.parameters.keys()].map((name) => [name, directions.map((direction) => derivative(name, direction))]),
    ),
  };
}

if (import.meta.main) {
  const { loss, gradients } = recordSelfCheck();
  const lines = Object.entries(gradients).map(
    ([name, values]) => `  '${name}': [${values.map((value) => value.toPrecision(7)).join(', ')}],`,
  );
  process.stdout.write(
    [
      '/** Recorded by `tests/numeric/reference/self-check.ts`, which evaluates the self-check in float64. */',
      `export const recordedLoss = ${loss.toPrecision(9)};`,
      '',
      '/** The derivative of the loss with respect to each parameter along each of the `directions`. */',
      'export const recordedGradients: Readonly<Record<string, readonly number[]>> = {',
      ...lines,
      '};',
      '',
    ].join('\n'),
  );
}
