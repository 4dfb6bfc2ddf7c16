/** An executable that answers several calls at the same time, and does nothing else: it cannot be trained. */
import { LabError, messageOf } from '../../../shared/errors.ts';
import { valueName } from '../../graph/onnx.ts';
import type { Program } from '../../graph/program.ts';
import { dropoutFeeds } from '../../graph/ops/dropout.ts';
import type { DeviceReport, Executable, Feeds, Tensor } from '../engine.ts';
import type { ParameterStore } from '../host/parameter-store.ts';
import { requireFeed } from './executable.ts';
import type { PoolTensors } from './session-messages.ts';
import type { PooledSession, SessionPool } from './session-pool.ts';

/** Weights of a program by the names that they have in its graph. */
export function pooledWeights({ parameters }: Program, store: ParameterStore): PoolTensors {
  return Object.fromEntries(
    [...parameters.values()].map((parameter) => {
      const { value, shape } = parameter;
      return [valueName(value), { type: 'float32', data: store.weights(parameter), shape }];
    }),
  );
}

/** @param end releases the pool, where it is this executable's own */
export function createPooledExecutable(
  program: Program,
  session: PooledSession,
  {
    store,
    pool,
    device,
  }: { readonly store: ParameterStore; readonly pool: SessionPool; readonly device: DeviceReport },
  end: () => Promise<void>,
): Executable {
  const release = async (): Promise<void> => {
    session.release();
    await end();
  };
  const refuse = (): never => {
    throw new LabError('internal', `${program.name} was compiled for answers alone`);
  };
  return {
    device,
    step: () => Promise.resolve().then(refuse),
    gradients: () => Promise.resolve().then(refuse),
    withAverages: () => Promise.resolve().then(refuse),
    async run(feeds: Feeds) {
      const random = dropoutFeeds(program, 0, 0, 0);
      const inputs: Record<string, PoolTensors[string]> = {};
      for (const [name, value] of program.inputs) {
        const data = requireFeed(name, value, feeds[name] ?? random[name]);
        inputs[name] = { type: value.dtype, data, shape: value.shape };
      }
      try {
        const found = await session.run(inputs);
        const outputs = [...program.outputs].map(([name, { shape }]): [string, Tensor] => {
          return [name, { shape, data: found[name]!.data }]; // every output is fetched
        });
        return Object.fromEntries(outputs);
      } catch (error) {
        throw new LabError('engine-failed', `ONNX Runtime failed in ${program.name}: ${messageOf(error)}`, {}, error);
      }
    },
    exportState: () => Promise.resolve(store.exportState()),
    exportParameters: () => Promise.resolve(store.exportParameters()),
    async importState(state) {
      store.importState(state);
      pool.weightsChanged();
    },
    release,
    [Symbol.asyncDispose]: release,
  };
}
