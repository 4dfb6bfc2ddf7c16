/**
 * A compiled program whose weights, moments and states stay where it computes. Batches go in, a vector of scalars comes out; the
 * optimizer is part of the program. The tensors that a step makes are those that the next one reads; those that it read are freed
 * when it has succeeded, so a step that came to nothing leaves everything as it was.
 */
import { Tensor as OrtTensor } from 'onnxruntime-node';
import { LabError } from '../../../shared/errors.ts';
import { valueName } from '../../graph/onnx.ts';
import { mergeCommonSubexpressions } from '../../graph/passes/common-subexpressions.ts';
import { removeDeadCode } from '../../graph/passes/dead-code.ts';
import type { ConstantData, Program } from '../../graph/program.ts';
import type { Executable, Feeds, PlannedStep, StepOptions, StepResult, Tensor } from '../engine.ts';
import type { ResidentState } from '../resident/state.ts';
import type { TrainingOptions } from '../resident/step-programs.ts';
import {
  gradientName,
  gradientProgram,
  nextOutput,
  scalarsOutput,
  stepProgram,
  sumProgram,
  updateProgram,
} from '../resident/step-programs.ts';
import type { Update } from '../resident/update-program.ts';
import type { LossScale } from '../loss-scale.ts';
import { afterStep, judgeStep, withoutOverflow } from '../loss-scale.ts';
import { lossScaleInput } from '../../graph/passes/loss-scale.ts';
import { afterLast, beforeFirst, eachStep, ofAll } from './many-steps.ts';
import type { OpenProgram, ResidentPlace, Tensors } from './resident-calls.ts';
import { createResidentCalls, scalarTensor } from './resident-calls.ts';
import type { Traffic } from './resident-memory.ts';

export interface ResidentExecutable extends Executable {
  /** Compiles what it is for, which is otherwise done at the first call. */
  prepare(): Promise<void>;
  /** Bytes that went over the bus since it was asked the last time, for all executables that share this one's state. */
  takeTraffic(): Readonly<Traffic>;
}

/**
 * A program without gradients, or on a state that is not trained, can be run alone. `release` is called after its tensors have been
 * freed. Nothing is compiled yet.
 */
export function createResidentExecutable(
  source: Program,
  state: ResidentState<OrtTensor>,
  place: ResidentPlace,
  release: () => Promise<void>,
): ResidentExecutable {
  const training = source.gradients.length > 0 ? state.training : undefined;
  const { traffic } = place.memory;
  const calls = createResidentCalls(source, state, place);
  const { opened, inputsOf, call } = calls;

  const forward = () =>
    opened('run', () => ({
      program: removeDeadCode(mergeCommonSubexpressions({ ...source, gradients: [], assignments: new Map() })),
      isForCaller: true,
    }));
  const many = (config: TrainingOptions, steps: number) =>
    opened(`many:${String(steps)}`, () => ({ ...stepProgram(source, config), steps }));
  const step = (config: TrainingOptions) => opened('step', () => stepProgram(source, config));

  /** One batch: everything in one call. */
  async function stepOnce(config: TrainingOptions, feeds: Feeds, options: StepOptions): Promise<StepResult> {
    const compiled = await step(config);
    const scalars = scalarInputs(compiled.update!, options, state.updates, scaleNow()); // a step has an update
    const inputs = await inputsOf(compiled.program, feeds, [options.seed, options.step, 0], scalars);
    const results = await call(compiled, inputs);
    const values = numbersOf(results, scalarsOutput);
    const gradientNorm = values.pop() ?? NaN;
    const named = Object.fromEntries(compiled.scalars.map((name, index) => [name, values[index] ?? NaN]));
    return conclude(results, named, gradientNorm);
  }

  /** Keeps what a step has made where all is finite, and what was there otherwise. */
  function conclude(results: Tensors, scalars: Readonly<Record<string, number>>, gradientNorm: number): StepResult {
    const { isSound, result } = judgeStep(scalars, gradientNorm, state.lossScale);
    takeNext(results, isSound);
    if (isSound) state.updates++;
    state.lossScale = scaleAfter(state.lossScale, isSound);
    return result;
  }

  const scaleNow = (): number => state.lossScale?.scale ?? 1;
  const scaleAfter = (before: LossScale | undefined, isSound: boolean): LossScale | undefined =>
    before && afterStep(before, isSound, training?.lossScale);

  function takeNext(results: Tensors, isWanted: boolean): void {
    for (const [name, tensor] of Object.entries(results)) {
      if (!name.startsWith(nextOutput(''))) continue;
      if (isWanted) state.set(name.slice(nextOutput('').length), tensor);
      else tensor.dispose();
    }
  }

  /** Steps in one call, which come to nothing together when one of them is not finite; then they are made singly up to that one. */
  async function stepsInOneCall(
    config: TrainingOptions,
    steps: readonly PlannedStep[],
  ): Promise<readonly StepResult[]> {
    const compiled = await many(config, steps.length);
    const { carried, own } = compiled.plan!; // it was planned for many
    const each: Tensors[] = [];
    const scales: (LossScale | undefined)[] = [state.lossScale];
    for (const [index, { batch, options }] of steps.entries()) {
      const scale = scales[index]?.scale ?? 1;
      scales.push(scaleAfter(scales[index], true)); // all of them are good, or none was made
      const scalars = {
        ...scalarInputs(compiled.update!, options, state.updates + index, scale), // a step has an update
        [lossScaleInput]: scalarTensor(scale),
      };
      each.push(await inputsOf(compiled.program, batch, [options.seed, options.step, 0], scalars));
    }
    const [first = {}] = each;
    const moved = new Set([...carried.map(([name]) => name), ...own]);
    const inputs = {
      ...Object.fromEntries(Object.entries(first).filter(([name]) => !moved.has(name))),
      ...Object.fromEntries(carried.map(([name]) => [beforeFirst(name), first[name]!])), // programs read what they update
      ...Object.fromEntries(own.map((name) => [ofAll(name), stacked(each.map((tensors) => tensors[name]!))])), // as every step does
    };
    const results = await call(compiled, inputs);
    const values = numbersOf(results, eachStep(scalarsOutput));
    const width = values.length / steps.length;
    const told = steps.map((_, index) => {
      const row = values.slice(index * width, (index + 1) * width);
      const gradientNorm = row.pop() ?? NaN;
      const scalars = Object.fromEntries(compiled.scalars.map((name, place) => [name, row[place] ?? NaN]));
      return judgeStep(scalars, gradientNorm, scales[index]);
    });
    const isSound = told.every((one) => one.isSound);
    const next = Object.entries(results).filter(([name]) => name !== eachStep(scalarsOutput));
    takeNext(Object.fromEntries(next.map(([name, tensor]) => [name.slice(afterLast('').length), tensor])), isSound);
    if (isSound) {
      state.updates += steps.length;
      state.lossScale = scales[steps.length];
      return told.map(({ result }) => result);
    }
    return singly(config, steps);
  }

  async function singly(config: TrainingOptions, steps: readonly PlannedStep[]): Promise<readonly StepResult[]> {
    const results: StepResult[] = [];
    for (const { batch, options } of steps) {
      const result = await stepOnce(config, batch, options);
      results.push(result);
      if (!result.finite) break;
    }
    return results;
  }

  /** Several micro-batches: their gradients are added on the device, and their states follow each other. */
  async function stepAccumulated(
    config: TrainingOptions,
    batches: readonly Feeds[],
    options: StepOptions,
  ): Promise<StepResult> {
    const differentiate = await opened('gradients', () => gradientProgram(source, false));
    const adding = await opened('sum', () => ({ program: sumProgram(source) }));
    const updating = await opened('update', () => updateProgram(source, config));
    const names = source.gradients.map(({ parameter }) => gradientName(parameter.name));
    const sums: Record<string, number> = {};
    // Both are freed however the step ends.
    let total: Tensors = {};
    /** The states as the micro-batches leave them, until the step is known to be sound. */
    const next = new Map<string, OrtTensor>();
    try {
      for (const [microBatch, feeds] of batches.entries()) {
        const inputs = await inputsOf(differentiate.program, feeds, [options.seed, options.step, microBatch]);
        for (const { name, value } of source.assignments.keys()) {
          inputs[valueName(value)] = next.get(name) ?? state.get(name);
        }
        const results = await call(differentiate, inputs);
        const values = numbersOf(results, scalarsOutput);
        differentiate.scalars.forEach((name, index) => {
          sums[name] = (sums[name] ?? 0) + (values[index] ?? NaN) / batches.length;
        });
        for (const { name } of source.assignments.keys()) {
          next.get(name)?.dispose();
          next.set(name, results[nextOutput(name)]!); // it has an output for each state
        }
        const own = Object.fromEntries(names.map((name) => [name, results[name]!])); // and for each gradient
        total = microBatch === 0 ? own : await added(adding, total, own);
      }
      const scalars = scalarInputs(updating.update!, options, state.updates, batches.length * scaleNow()); // an update program has one
      const results = await call(updating, await inputsOf(updating.program, {}, [0, 0, 0], { ...scalars, ...total }));
      const result = conclude(results, sums, numbersOf(results, scalarsOutput)[0] ?? NaN);
      if (result.finite && !result.skipped) {
        for (const [name, tensor] of next) state.set(name, tensor);
        next.clear();
      }
      return result;
    } finally {
      for (const tensor of [...Object.values(total), ...next.values()]) tensor.dispose();
    }
  }

  /** The sum of two sets of gradients, which are freed when it is there; the second also where it does not come. */
  async function added(adding: OpenProgram, total: Tensors, own: Tensors): Promise<Tensors> {
    try {
      const sum = await call(adding, { ...withPrefix('first:', total), ...withPrefix('second:', own) });
      for (const tensor of Object.values(total)) tensor.dispose();
      return sum;
    } finally {
      for (const tensor of Object.values(own)) tensor.dispose();
    }
  }

  const releaseAll = async (): Promise<void> => {
    await calls.release();
    await release();
  };

  return {
    device: place.report,
    async prepare() {
      await (training ? step(training) : forward());
    },
    async step(batches, stepOptions) {
      if (!training) throw new LabError('internal', 'this executable was compiled without an optimizer');
      return batches.length === 1
        ? stepOnce(training, batches[0], stepOptions)
        : stepAccumulated(training, batches, stepOptions);
    },
    ...(training &&
      place.stepsAtOnce > 1 && {
        stepsAtOnce: place.stepsAtOnce,
        stepMany: (steps: readonly PlannedStep[]) =>
          steps.length === place.stepsAtOnce ? stepsInOneCall(training, steps) : singly(training, steps),
      }),
    async run(feeds) {
      const compiled = await forward();
      return toCaller(await call(compiled, await inputsOf(compiled.program, feeds, [0, 0, 0])));
    },
    async gradients(feeds, { seed, step: number } = { seed: 0, step: 0 }) {
      if (!training) {
        throw new LabError(
          'engine-failed',
          `${source.name} was compiled without an optimizer: it has no room for gradients`,
        );
      }
      const compiled = await opened('asked', () => ({ ...gradientProgram(source, true), isForCaller: true }));
      return withoutOverflow(state.lossScale, async (scale) => {
        const given = { [lossScaleInput]: scalarTensor(scale) };
        const inputs = await inputsOf(compiled.program, feeds, [seed, number, 0], given);
        const results = toCaller(await call(compiled, inputs));
        const gradients = new Map(
          source.gradients.map(({ parameter: { name, shape } }) => {
            const { data } = results[gradientName(name)]!; // it has an output for each
            return [name, { shape, data: scale === 1 ? data : data.map((value) => value / scale) }] as const;
          }),
        );
        const outputs = Object.fromEntries([...source.outputs.keys()].map((name) => [name, results[name]!]));
        return { outputs, gradients };
      });
    },
    withAverages: (work) => state.withAverages(work),
    exportState: () => state.exportState(),
    exportParameters: () => state.exportParameters(),
    async importState(imported) {
      state.importState(imported);
    },
    takeTraffic() {
      const taken = { ...traffic };
      traffic.toDevice = 0;
      traffic.fromDevice = 0;
      return taken;
    },
    release: releaseAll,
    [Symbol.asyncDispose]: releaseAll,
  };
}

/** Tensors of one shape behind each other, [count, ...]. */
function stacked(tensors: readonly OrtTensor[]): OrtTensor {
  const [first] = tensors;
  if (!first) throw new LabError('internal', 'nothing was to be stacked');
  const data = first.data as Float32Array; // or another typed array
  const all = new (data.constructor as Float32ArrayConstructor)(data.length * tensors.length); // of its own kind
  tensors.forEach((tensor, index) => {
    all.set(tensor.data as Float32Array, index * data.length); // of the same kind
  });
  return new OrtTensor(first.type as 'float32', all, [tensors.length, ...first.dims]); // the type of its data
}

/** `multiple`: what the gradients are in all, of the mean over the micro-batches. */
function scalarInputs(update: Update, { learningRate }: StepOptions, updates: number, multiple: number): Tensors {
  const values = update.scalars({ learningRate, updates, gradientScale: 1 / multiple });
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, scalarTensor(value)]));
}

function withPrefix(prefix: string, tensors: Tensors): Tensors {
  return Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [prefix + name, tensor]));
}

function toCaller(results: Tensors): Record<string, Tensor> {
  return Object.fromEntries(
    Object.entries(results).map(([name, { dims, data }]) => [name, { shape: [...dims], data: data as ConstantData }]), // types of programs
  );
}

/** The numbers of an output that is in the process. */
function numbersOf(results: Tensors, name: string): number[] {
  return [...((results[name]?.data ?? []) as Float32Array)]; // scalars are float32
}
