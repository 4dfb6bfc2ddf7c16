/** What a pool of sessions and its threads tell each other. */
import type { InferenceSession } from 'onnxruntime-node';
import type { ConstantData, DType, Shape } from '../../graph/program.ts';

export type PoolTensors = Readonly<
  Record<string, { readonly type: DType; readonly data: ConstantData; readonly shape: Shape }>
>;

/** Requests are worked off one after the other; only `run` is answered. */
export type PoolRequest =
  | { readonly kind: 'weights'; readonly tensors: PoolTensors }
  | {
      readonly kind: 'run';
      readonly session: number;
      /** Present the first time that a thread is asked to run it. */
      readonly model?: Uint8Array | undefined;
      readonly options: InferenceSession.SessionOptions;
      readonly feeds: PoolTensors;
    }
  | { readonly kind: 'close'; readonly session: number }
  | { readonly kind: 'end' };

export type PoolReply = { readonly outputs: PoolTensors } | { readonly error: string };
