/** The thread behind `session-pool.ts`: sessions of its own with one copy of the weights, which it runs in the order it is asked. */
import { parentPort } from 'node:worker_threads';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { messageOf } from '../../../shared/errors.ts';
import type { PoolReply, PoolRequest, PoolTensors } from './session-messages.ts';

const weights = new Map<string, Tensor>();
const sessions = new Map<number, InferenceSession>();

const tensorOf = ({ type, data, shape }: PoolTensors[string]): Tensor => new Tensor(type, data, [...shape]);

async function run({ session: id, model, options, feeds }: Extract<PoolRequest, { kind: 'run' }>): Promise<PoolReply> {
  try {
    const session = sessions.get(id) ?? (await InferenceSession.create(model!, options)); // the first request has it
    sessions.set(id, session);
    const inputs = session.inputNames.map((name): [string, Tensor] => {
      const feed = feeds[name];
      return [name, feed ? tensorOf(feed) : weights.get(name)!]; // of one program come both
    });
    return { outputs: tensorsOf(await session.run(Object.fromEntries(inputs))) };
  } catch (error) {
    return { error: messageOf(error) };
  }
}

function tensorsOf(results: InferenceSession.ReturnType): PoolTensors {
  const outputs: Record<string, PoolTensors[string]> = {};
  for (const [name, { type, data, dims }] of Object.entries(results)) {
    if (type !== 'float32' && type !== 'int32' && type !== 'uint8') throw new Error(`'${name}' has the type ${type}`);
    outputs[name] = { type, data: data as PoolTensors[string]['data'], shape: dims }; // what such a tensor has
  }
  return outputs;
}

if (parentPort !== null) {
  const port = parentPort;
  let before: Promise<unknown> = Promise.resolve();
  const answer = async (request: PoolRequest): Promise<void> => {
    if (request.kind === 'weights') {
      for (const [name, tensor] of Object.entries(request.tensors)) weights.set(name, tensorOf(tensor));
    } else if (request.kind === 'close') {
      await sessions.get(request.session)?.release();
      sessions.delete(request.session);
    } else if (request.kind === 'end') {
      for (const session of sessions.values()) await session.release();
      port.close();
    } else {
      port.postMessage(await run(request));
    }
  };
  port.on('message', (request: PoolRequest) => {
    before = before.then(() => answer(request));
  });
}
