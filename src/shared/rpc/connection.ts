/** The client's end of one connection: requests, progress, cancelling, subscriptions. Knows no contract and no transport. */
import type { AbortSignalLike } from '../contract/index.ts';
import { LabError } from '../errors.ts';
import type { ClientMessage, CloseReason, Transport } from './protocol.ts';
import { fromFailure, labMessage } from './protocol.ts';

export interface RequestOptions {
  readonly signal?: AbortSignalLike | undefined;
  readonly onProgress?: ((progress: unknown) => void) | undefined;
}

export interface RawHandlers {
  onReady(): void;
  onEvent(event: unknown): void;
  onError(error: Error): void;
}

export interface Connection {
  /** The version of the lab; fails when both sides do not speak the same protocol, and when the connection ends first. */
  readonly ready: Promise<string>;
  request(method: string, input: unknown, options?: RequestOptions): Promise<unknown>;
  subscribe(method: string, input: unknown, handlers: RawHandlers): () => void;
  close(): void;
}

interface Waiting {
  readonly resolve: (output: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly onProgress?: ((progress: unknown) => void) | undefined;
}

export function connect(transport: Transport, version: number, onClose?: (reason: CloseReason) => void): Connection {
  const requests = new Map<number, Waiting>();
  const subscriptions = new Map<number, RawHandlers>();
  let nextId = 0;
  let ended: Error | undefined;
  let greet: (lab: string) => void = () => undefined;
  let refuse: (error: Error) => void = () => undefined;
  const ready = new Promise<string>((resolve, reject) => {
    greet = resolve;
    refuse = reject;
  });
  ready.catch(() => undefined); // whoever waits for it hears of it

  const send = (message: ClientMessage): void => {
    if (!ended) transport.send(message);
  };
  const end = (error: Error): void => {
    if (ended) return;
    ended = error;
    refuse(error);
    for (const { reject } of requests.values()) reject(error);
    requests.clear();
    for (const { onError } of subscriptions.values()) onError(error);
    subscriptions.clear();
  };

  transport.onMessage((message) => {
    const parsed = labMessage.safeParse(message);
    if (!parsed.success) return; // of a newer lab
    const { data } = parsed;
    switch (data.type) {
      case 'hello':
        greet(data.lab);
        return;
      case 'refused':
        end(fromFailure(data.failure));
        transport.close();
        return;
      case 'answer':
        requests.get(data.id)?.resolve(data.output);
        requests.delete(data.id);
        return;
      case 'progress':
        requests.get(data.id)?.onProgress?.(data.progress);
        return;
      case 'failed':
        requests.get(data.id)?.reject(fromFailure(data.failure));
        requests.delete(data.id);
        subscriptions.get(data.id)?.onError(fromFailure(data.failure));
        subscriptions.delete(data.id);
        return;
      case 'subscribed':
        subscriptions.get(data.id)?.onReady();
        return;
      case 'event':
        subscriptions.get(data.id)?.onEvent(data.event);
    }
  });
  transport.onClose((reason) => {
    end(disconnected(reason.message));
    onClose?.(reason);
  });
  send({ type: 'hello', version });

  return {
    ready,
    request(method, input, { signal, onProgress } = {}) {
      if (ended) return Promise.reject(ended);
      if (signal?.aborted) return Promise.reject(new LabError('aborted', 'Cancelled'));
      const id = nextId++;
      const cancel = (): void => {
        send({ type: 'cancel', id });
      };
      signal?.addEventListener('abort', cancel);
      const answer = new Promise<unknown>((resolve, reject) => {
        requests.set(id, { resolve, reject, onProgress });
      });
      send({ type: 'request', id, method, input });
      return answer.finally(() => {
        signal?.removeEventListener('abort', cancel);
      });
    },
    subscribe(method, input, handlers) {
      if (ended) {
        handlers.onError(ended);
        return () => undefined;
      }
      const id = nextId++;
      subscriptions.set(id, handlers);
      send({ type: 'subscribe', id, method, input });
      return () => {
        if (subscriptions.delete(id)) send({ type: 'cancel', id });
      };
    },
    close() {
      end(disconnected('The connection was closed'));
      transport.close();
    },
  };
}

function disconnected(message: string): LabError {
  return new LabError('disconnected', message === '' ? 'The connection to the lab was lost' : message);
}
