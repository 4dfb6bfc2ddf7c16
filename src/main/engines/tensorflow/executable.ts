/** A program with its parameters on TensorFlow: steps, inference, gradients. */
import type { Tensor } from '@tensorflow/tfjs-core';
import { LabError } from '../../../shared/errors.ts';
import type { TensorFlow } from '../../graph/op.ts';
import { dropoutFeeds } from '../../graph/ops/dropout.ts';
import type { ConstantData, Parameter, Program, RowGradient, Value } from '../../graph/program.ts';
import { elementCount, sizeAt } from '../../graph/shape.ts';
import type { DeviceReport, Executable, Feeds, StepResult, Tensor as HostTensor } from '../engine.ts';
import { createInterpreter, download, uploadFeed } from './interpreter.ts';
import type { ParameterStore } from './parameter-store.ts';
import { globalNorm } from './parameter-store.ts';

/** A program that steps, infers and gives gradients with the ops of TensorFlow.js. */
export function createExecutable(
  tf: TensorFlow,
  program: Program,
  store: ParameterStore,
  device: DeviceReport,
): Executable {
  const interpreter = createInterpreter(tf, program);
  const pools = new Map<ConstantData, Tensor>();
  const scalars = [...program.outputs].filter(([, { shape }]) => shape.length === 0);
  const gradientValues = program.gradients.flatMap(({ dense, rows }) => [
    ...(dense ? [dense] : []),
    ...rows.flatMap((row) => [row.indices, row.rows]),
  ]);
  store.retain();

  /** Random pools stay on the device; everything else lives for one run. */
  function inputTensor(name: string, value: Value, feeds: Feeds, random: Feeds): { tensor: Tensor; kept: boolean } {
    const pool = program.dropoutSites.some((site) => site.pool.id === value.id) ? random[name] : undefined;
    if (!pool) return { tensor: uploadFeed(tf, name, value, feeds[name] ?? random[name]), kept: false };
    const tensor = pools.get(pool) ?? uploadFeed(tf, name, value, pool);
    pools.set(pool, tensor);
    return { tensor, kept: true };
  }

  function execute(
    feeds: Feeds,
    seedAndStep: readonly [number, number, number],
    wanted: readonly Value[],
  ): Map<number, Tensor> {
    const random = dropoutFeeds(program, ...seedAndStep);
    const given = new Map<number, Tensor>();
    const temporary: Tensor[] = [];
    try {
      for (const [name, value] of program.inputs) {
        const { tensor, kept } = inputTensor(name, value, feeds, random);
        given.set(value.id, tensor);
        if (!kept) temporary.push(tensor);
      }
      for (const parameter of program.parameters.values()) given.set(parameter.value.id, store.tensor(parameter));
      return interpreter.run(given, wanted);
    } finally {
      for (const tensor of temporary) tensor.dispose();
    }
  }

  /** The gradient of each parameter, rows included, from the values of one run. */
  function collectGradients(values: ReadonlyMap<number, Tensor>): Map<string, Tensor> {
    const tensorOf = ({ id }: Value): Tensor => known(values.get(id));
    return new Map(
      program.gradients.map(({ parameter, dense, rows }) => [
        parameter.name,
        tf.tidy(() => {
          const parts = [
            ...(dense ? [tensorOf(dense)] : []),
            ...rows.map((row) => addRows(tf, row, tensorOf, parameter)),
          ];
          return parts.reduce((sum, part) => tf.add(sum, part)).clone();
        }),
      ]),
    );
  }

  async function readOutputs(
    values: ReadonlyMap<number, Tensor>,
    outputs: Iterable<[string, Value]>,
  ): Promise<Record<string, HostTensor>> {
    const read: Record<string, HostTensor> = {};
    for (const [name, value] of outputs) read[name] = await download(known(values.get(value.id)), value);
    return read;
  }

  const release = async (): Promise<void> => {
    interpreter.release();
    disposeAll(pools.values());
    pools.clear();
    store.release();
  };

  return {
    device,
    async step(batches, { learningRate, seed, step }): Promise<StepResult> {
      const sums: Record<string, number> = {};
      const gradients = new Map<string, Tensor>();
      const statesBefore = new Map<Parameter, Tensor>();
      for (const [index, feeds] of batches.entries()) {
        const wanted = [...scalars.map(([, value]) => value), ...gradientValues, ...program.assignments.values()];
        const values = execute(feeds, [seed, step, index], wanted);
        for (const [name, { data }] of Object.entries(await readOutputs(values, scalars))) {
          sums[name] = (sums[name] ?? 0) + (data[0] ?? Number.NaN) / batches.length;
        }
        for (const [name, gradient] of collectGradients(values)) {
          const sum = gradients.get(name);
          gradients.set(name, sum ? tf.add(sum, gradient) : gradient);
          if (sum) disposeAll([sum, gradient]);
        }
        for (const [parameter, value] of program.assignments) {
          const before = store.replace(parameter, known(values.get(value.id)).clone());
          if (statesBefore.has(parameter)) before.dispose();
          else statesBefore.set(parameter, before);
        }
        disposeAll(values.values());
      }
      const gradientNorm = (await globalNorm(tf, store.active(gradients))) / batches.length;
      const finite = Number.isFinite(gradientNorm) && Object.values(sums).every(Number.isFinite);
      if (finite) {
        const { clipNorm = 0 } = store.optimizer ?? {};
        const clip = clipNorm > 0 && gradientNorm > clipNorm ? clipNorm / gradientNorm : 1;
        store.update(gradients, learningRate, clip / batches.length);
        disposeAll(statesBefore.values());
      } else {
        for (const [parameter, tensor] of statesBefore) store.replace(parameter, tensor).dispose();
      }
      disposeAll(gradients.values());
      return { scalars: sums, gradientNorm, finite };
    },
    async run(feeds) {
      const values = execute(feeds, [0, 0, 0], [...program.outputs.values()]);
      const outputs = await readOutputs(values, program.outputs);
      disposeAll(values.values());
      return outputs;
    },
    async gradients(feeds, { seed, step } = { seed: 0, step: 0 }) {
      const values = execute(feeds, [seed, step, 0], [...program.outputs.values(), ...gradientValues]);
      const outputs = await readOutputs(values, program.outputs);
      const tensors = collectGradients(values);
      const gradients = new Map<string, HostTensor>();
      for (const { parameter } of program.gradients) {
        gradients.set(parameter.name, await download(known(tensors.get(parameter.name)), parameter.value));
      }
      disposeAll([...values.values(), ...tensors.values()]);
      return { outputs, gradients };
    },
    withAverages: (work) => store.withAverages(work),
    exportState: () => store.exportState(),
    exportParameters: () => store.exportParameters(),
    async importState(state) {
      store.importState(state);
    },
    release,
    [Symbol.asyncDispose]: release,
  };
}

/** Row gradients as a dense tensor. TensorFlow's scatter adds up where indices repeat. */
function addRows(
  tf: TensorFlow,
  { indices, rows }: RowGradient,
  tensorOf: (value: Value) => Tensor,
  { shape }: Parameter,
): Tensor {
  const [count, width] = [elementCount(indices.shape), elementCount(shape.slice(1))];
  const places = tf.reshape(tensorOf(indices), [count, 1]);
  return tf.reshape(tf.scatterND(places, tf.reshape(tensorOf(rows), [count, width]), [sizeAt(shape, 0), width]), [
    ...shape,
  ]);
}

function known(tensor: Tensor | undefined): Tensor {
  if (!tensor) throw new LabError('internal', 'a value that was asked for is missing');
  return tensor;
}

function disposeAll(tensors: Iterable<Tensor>): void {
  for (const tensor of tensors) tensor.dispose();
}
