/**
 * Does an engine compute what it should, on this machine and this device? A small program that touches every family of
 * ops is differentiated and trained for one step, and compared with values recorded from a float64 evaluation
 * (`tests/numeric/self-check.test.ts` holds the recording to its source). Drivers and GPUs do fail in ways that only show
 * in the numbers, and a wrong gradient still trains a little: so an engine has to pass before a run starts.
 */
import { LabError } from '../../shared/errors.ts';
import type { Value } from '../graph/program.ts';
import type { CompileOptions, Engine, Executable } from './engine.ts';
import { recordedGradients, recordedLoss } from './self-check-values.ts';
import { buildSelfCheckProgram, selfCheckFeeds, selfCheckParameters, selfCheckSeed } from './self-check-program.ts';

export interface SelfCheck {
  readonly passed: boolean;
  readonly device: string;
  /** Largest error of the loss, the gradients and the update, relative to what they should be. */
  readonly error: number;
  /** What was furthest off. */
  readonly worst: string;
}

/** float32 engines are off by 1e-6; GPUs that multiply with ten bits of mantissa (TF32) by 1e-3. Real faults are larger. */
const tolerance = 5e-3;
/** With 10 or 7 bits of mantissa in the products: 0.02 and 0.1 on the processor, which adds in float32. */
const halfTolerances = { float16: 5e-2, bfloat16: 2.5e-1 } as const;
const learningRate = 1;

/** Runs the check; takes a tenth of a second on a CPU. Throws what `compile` and `step` throw. */
export async function selfCheck(engine: Engine, options: CheckOptions = {}): Promise<SelfCheck> {
  const program = buildSelfCheckProgram();
  const optimizer = { type: 'sgd', momentum: 0, nesterov: false, weightDecay: 0, clipNorm: 0 } as const;
  const executable = await engine.compile(program, { ...options, optimizer, lossScale: { initial: 128 } });
  try {
    const { precision = 'float32' } = options;
    return await compare(
      executable,
      [...program.parameters.values()].map(({ value }) => value),
      precision === 'float32' ? tolerance : halfTolerances[precision],
    );
  } finally {
    await executable.release();
  }
}

type CheckOptions = Pick<CompileOptions, 'device' | 'threads' | 'allowFallback' | 'precision'>;

const passed = new WeakMap<Engine, Map<string, SelfCheck>>();

/**
 * Throws `LabError('engine-failed')` when the engine does not pass. One that has passed on a device is not asked again by the same
 * process, which trains many networks in a study.
 */
export async function requireSelfCheck(engine: Engine, options: CheckOptions = {}): Promise<SelfCheck> {
  const known = passed.get(engine) ?? new Map<string, SelfCheck>();
  const key = JSON.stringify([options.device, options.threads, options.allowFallback, options.precision]);
  const check = known.get(key) ?? (await selfCheck(engine, options));
  if (check.passed) {
    passed.set(engine, known.set(key, check));
    return check;
  }
  throw new LabError(
    'engine-failed',
    `${engine.name} computes wrongly on ${check.device}: in the gradient self-check ${check.worst} is off by ` +
      `${(100 * check.error).toPrecision(2)} %. Update the device's driver, or choose another engine or device ('pretext doctor' tells which pass).`,
    { ...check },
  );
}

async function compare(executable: Executable, parameters: readonly Value[], allowed: number): Promise<SelfCheck> {
  const start = selfCheckParameters(parameters);
  await executable.importState({ parameters: start });
  const { gradients, outputs } = await executable.gradients(selfCheckFeeds, { seed: selfCheckSeed, step: 0 });
  await executable.step([selfCheckFeeds], { learningRate, seed: selfCheckSeed, step: 0 });
  const updated = await executable.exportParameters();

  const errors: { what: string; error: number }[] = [
    { what: 'the loss', error: relativeError(outputs.loss?.data[0] ?? Number.NaN, recordedLoss, 1) },
  ];
  for (const [name, expected] of Object.entries(recordedGradients)) {
    const gradient = gradients.get(name)?.data;
    const before = start.get(name)?.data;
    const change = updated
      .get(name)
      ?.data.map((value, index) => ((before?.[index] ?? Number.NaN) - value) / learningRate);
    const scale = Math.hypot(...expected);
    expected.forEach((value, direction) => {
      errors.push(
        { what: `the gradient of ${name}`, error: relativeError(along(gradient, direction), value, scale) },
        { what: `the update of ${name}`, error: relativeError(along(change, direction), value, scale) },
      );
    });
  }
  const { what, error } = errors.reduce((worst, each) => (each.error <= worst.error ? worst : each));
  return { passed: error <= allowed, device: executable.device.device, error, worst: what };
}

/** The directions that gradients are projected onto: every element counts, each in its own way. */
export const directions: readonly ((index: number) => number)[] = [
  (index) => Math.cos(index + 1),
  (index) => Math.sin(2 * index + 1),
];

function along(values: ArrayLike<number> | undefined, direction: number): number {
  const weight = directions[direction];
  if (!values || !weight) return Number.NaN;
  let total = 0;
  for (let index = 0; index < values.length; index++) total += weight(index) * values[index]!;
  return total;
}

/** NaN and what is missing are infinitely wrong. */
function relativeError(actual: number, expected: number, scale: number): number {
  const error = Math.abs(actual - expected) / Math.max(scale, 1e-3);
  return Number.isNaN(error) ? Infinity : error;
}
