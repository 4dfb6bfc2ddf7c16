/** A compiled program on ONNX Runtime: feeding, running, and what happens on the host after the native call. */
import type { InferenceSession } from 'onnxruntime-node';
import { Tensor as OrtTensor } from 'onnxruntime-node';
import { LabError, messageOf } from '../../../shared/errors.ts';
import { valueName } from '../../graph/onnx.ts';
import { dropoutFeeds } from '../../graph/ops/dropout.ts';
import type { ConstantData, Parameter, Value } from '../../graph/program.ts';
import { elementCount, showShape } from '../../graph/shape.ts';
import type { DeviceReport, Executable, Feeds, LossScaleOptions, StepResult, Tensor } from '../engine.ts';
import type { ParameterStore } from '../host/parameter-store.ts';
import { afterStep, judgeStep, withoutOverflow } from '../loss-scale.ts';
import { lossScaleInput } from '../../graph/passes/loss-scale.ts';
import type { CompiledGraph } from './sessions.ts';
import type { StepPlan } from './step-plan.ts';

/** A compiled program that steps, infers and gives gradients. `release` is called after its session and its weights are given back. */
export function createExecutable(
  plan: StepPlan,
  session: CompiledGraph,
  store: ParameterStore,
  device: DeviceReport,
  release: () => Promise<void>,
  lossScaling?: LossScaleOptions,
): Executable {
  const { program } = plan;
  const releaseAll = async (): Promise<void> => {
    await session.release();
    await release();
  };
  const parameterOf = (name: string): Parameter => program.parameters.get(name)!; // names come from the program
  const weights = Object.fromEntries(
    [...program.parameters.values()].map(({ value, shape }) => [
      valueName(value),
      new OrtTensor('float32', store.weights((value.source as { parameter: Parameter }).parameter), [...shape]),
    ]),
  );
  const scalarOutputs = [...program.outputs].filter(([, { shape }]) => shape.length === 0);
  const scalars = Object.fromEntries(scalarOutputs.map(([name, value]) => [name, emptyTensor(value)]));
  const gradientFetches = store.optimizer ? fetchGradients(plan, store, parameterOf) : {};

  async function execute(
    feeds: Feeds,
    seedAndStep: readonly [number, number, number],
    fetches: Record<string, OrtTensor | null>,
  ) {
    const random = dropoutFeeds(program, ...seedAndStep);
    const inputs: Record<string, OrtTensor> = { ...weights };
    const own: Feeds = { ...random, [lossScaleInput]: Float32Array.of(store.lossScale?.scale ?? 1) };
    for (const [name, value] of program.inputs) inputs[name] = feedTensor(name, value, feeds[name] ?? own[name]);
    try {
      return await session.run(inputs, fetches);
    } catch (error) {
      throw new LabError('engine-failed', `ONNX Runtime failed in ${program.name}: ${messageOf(error)}`, {}, error);
    }
  }

  function addRows(): void {
    for (const { parameter, indices, rows } of plan.rows) {
      const count = elementCount(plan.outputs.get(indices)!.shape); // names come from the plan
      store.addRowGradient(parameterOf(parameter), indices, rows, count);
    }
  }

  /** Forward and backward of one micro-batch; leaves its gradients in the store. */
  async function differentiate(
    feeds: Feeds,
    seed: number,
    step: number,
    microBatch: number,
  ): Promise<Record<string, number>> {
    await execute(feeds, [seed, step, microBatch], { ...scalars, ...gradientFetches });
    for (const { parameter, dense, rows } of program.gradients) {
      if (!dense && rows.length > 0) store.clearGradient(parameter);
    }
    addRows();
    for (const { parameter, name } of plan.states) {
      store.weights(parameterOf(parameter)).set(store.scratch(name).float32);
    }
    return Object.fromEntries(Object.entries(scalars).map(([name, { data }]) => [name, Number(data[0])]));
  }

  return {
    device,
    async step(batches, { learningRate, seed, step }): Promise<StepResult> {
      const sums: Record<string, number> = {};
      const states = plan.states.map(({ parameter }) => store.weights(parameterOf(parameter)));
      const statesBefore = states.map((state) => state.slice());
      for (const [index, feeds] of batches.entries()) {
        const values = await differentiate(feeds, seed, step, index);
        for (const [name, value] of Object.entries(values)) sums[name] = (sums[name] ?? 0) + value / batches.length;
        if (batches.length > 1) store.accumulate(index === batches.length - 1);
      }
      const { lossScale } = store;
      const scale = lossScale?.scale ?? 1;
      const gradientNorm = store.gradientNorm() / batches.length / scale;
      const { isSound, result } = judgeStep(sums, gradientNorm, lossScale);
      if (isSound) await store.update({ learningRate, seed, step }, 1 / (batches.length * scale), gradientNorm);
      else statesBefore.forEach((before, index) => states[index]?.set(before));
      store.lossScale = lossScale && afterStep(lossScale, isSound, lossScaling);
      return result;
    },
    async run(feeds) {
      const fetches = Object.fromEntries([...program.outputs.keys()].map((name) => [name, null]));
      const results = await execute(feeds, [0, 0, 0], fetches);
      return tensorsOf(program.outputs, results);
    },
    async gradients(feeds, { seed, step } = { seed: 0, step: 0 }) {
      if (!store.optimizer) {
        throw new LabError(
          'engine-failed',
          `${program.name} was compiled without an optimizer: it has no room for gradients`,
        );
      }
      const fetches = Object.fromEntries([...plan.outputs.keys()].map((name) => [name, null]));
      return withoutOverflow(store.lossScale, async (scale) => {
        const scaled = { ...feeds, [lossScaleInput]: Float32Array.of(scale) };
        const results = await execute(scaled, [seed, step, 0], { ...fetches, ...gradientFetches });
        const outputs = tensorsOf(program.outputs, results);
        const gradients = new Map<string, Tensor>();
        for (const { parameter, dense, rows } of program.gradients) {
          if (!dense && rows.length > 0) store.clearGradient(parameter);
        }
        addRows();
        for (const { parameter } of program.gradients) {
          const data = store.gradient(parameter).map((value) => value / scale);
          gradients.set(parameter.name, { shape: parameter.shape, data });
        }
        return { outputs, gradients };
      });
    },
    withAverages: (work) => store.withAverages(work),
    exportState: () => Promise.resolve(store.exportState()),
    exportParameters: () => Promise.resolve(store.exportParameters()),
    async importState(state) {
      store.importState(state);
    },
    release: releaseAll,
    [Symbol.asyncDispose]: releaseAll,
  };
}

/** Where ONNX Runtime writes gradients and new states: straight into the store. */
function fetchGradients(
  plan: StepPlan,
  store: ParameterStore,
  parameterOf: (name: string) => Parameter,
): Record<string, OrtTensor> {
  const fetches: Record<string, OrtTensor> = {};
  const shapeOf = (name: string): number[] => [...plan.outputs.get(name)!.shape]; // names come from the plan
  for (const { name, parameter } of plan.dense) {
    fetches[name] = new OrtTensor('float32', store.gradient(parameterOf(parameter)), shapeOf(name));
  }
  for (const { indices, rows } of plan.rows) {
    // The scratch memory is that of the program that the store was made for: another one that shares it may need less.
    const [indexShape, rowShape] = [shapeOf(indices), shapeOf(rows)];
    const { int32 } = store.scratch(indices);
    const { float32 } = store.scratch(rows);
    fetches[indices] = new OrtTensor('int32', int32.subarray(0, elementCount(indexShape)), indexShape);
    fetches[rows] = new OrtTensor('float32', float32.subarray(0, elementCount(rowShape)), rowShape);
  }
  for (const { name } of plan.states) {
    fetches[name] = new OrtTensor('float32', store.scratch(name).float32, shapeOf(name));
  }
  return fetches;
}

function feedTensor(name: string, value: Value, data: ConstantData | undefined): OrtTensor {
  return new OrtTensor(value.dtype, requireFeed(name, value, data), [...value.shape]);
}

/** Throws `LabError('internal' | 'shape')` for an input that is not fed, or with another number of elements. */
export function requireFeed(name: string, value: Value, data: ConstantData | undefined): ConstantData {
  if (!data) throw new LabError('internal', `the input '${name}' was not fed`);
  if (data.length !== elementCount(value.shape)) {
    throw new LabError(
      'shape',
      `the input '${name}' needs ${showShape(value.shape)}, that is ${String(elementCount(value.shape))} elements, and was fed ${String(data.length)}`,
    );
  }
  return data;
}

function emptyTensor({ dtype, shape }: Value): OrtTensor {
  const length = elementCount(shape);
  const data =
    dtype === 'float32'
      ? new Float32Array(length)
      : dtype === 'int32'
        ? new Int32Array(length)
        : new Uint8Array(length);
  return new OrtTensor(dtype, data, [...shape]);
}

function tensorsOf(outputs: ReadonlyMap<string, Value>, results: InferenceSession.ReturnType): Record<string, Tensor> {
  return Object.fromEntries(
    [...outputs].map(([name, { shape }]) => {
      const data = results[name]?.data;
      if (!(data instanceof Float32Array || data instanceof Int32Array || data instanceof Uint8Array)) {
        throw new LabError('internal', `the output '${name}' has no numeric data`);
      }
      return [name, { shape, data }];
    }),
  );
}
