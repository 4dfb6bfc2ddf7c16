/**
 * The lab, as its contract says it, over connections that may break: subscriptions are made again and say so (`onReady`),
 * requests that were under way fail with `disconnected`, and new ones wait for the next connection. Answers and events are
 * checked against the contract.
 */
import { z } from 'zod';
import type { AbortSignalLike, LabClient } from '../contract/index.ts';
import { contract, protocolVersion } from '../contract/index.ts';
import type { MethodDefinition } from '../contract/define.ts';
import { LabError, isLabError } from '../errors.ts';
import type { Connection } from './connection.ts';
import { connect } from './connection.ts';
import type { CloseReason, Transport } from './protocol.ts';

export type ConnectionState =
  | { readonly status: 'connecting'; readonly attempt: number }
  | { readonly status: 'connected'; readonly lab: string }
  /** `final`: it is not tried again. */
  | { readonly status: 'disconnected'; readonly message: string; readonly final: boolean };

export interface ClientOptions {
  /** Opens a connection; rejects when there is none to be had right now. */
  readonly open: () => Transport | Promise<Transport>;
  readonly onState?: (state: ConnectionState) => void;
  /** Milliseconds before the next attempt, the first of them after a connection that was good; by default up to 5 s. */
  readonly retryDelay?: (attempt: number) => number;
}

export interface Client {
  readonly lab: LabClient;
  close(): void;
}

interface Subscribed {
  readonly method: string;
  readonly input: unknown;
  readonly definition: MethodDefinition;
  readonly onEvent: (event: unknown) => void;
  readonly onReady: () => void;
  readonly onError: (error: Error) => void;
  stop: () => void;
}

export function createClient({ open, onState, retryDelay = defaultDelay }: ClientOptions): Client {
  const subscriptions = new Set<Subscribed>();
  let connection: Connection | undefined;
  /** Opened, but not greeted by the lab yet. */
  let greeting: Connection | undefined;
  let waiting: { readonly resolve: (connection: Connection) => void; readonly reject: (error: Error) => void }[] = [];
  let attempt = 0;
  let final: Error | undefined;
  // eslint-disable-next-line @typescript-eslint/no-redundant-type-constituents -- opaque in src/shared, where no runtime is known
  let timer: ReturnType<typeof setTimeout> | undefined;

  const giveUp = (error: Error): void => {
    final = error;
    for (const { reject } of waiting) reject(error);
    waiting = [];
    for (const { onError } of subscriptions) onError(error);
    subscriptions.clear();
  };

  const lost = (message: string, isFinal: boolean, cause?: Error): void => {
    connection = undefined;
    if (final) return;
    onState?.({ status: 'disconnected', message, final: isFinal });
    if (isFinal) {
      giveUp(cause ?? new LabError('disconnected', message));
      return;
    }
    timer = setTimeout(() => void start(), retryDelay(attempt));
    attempt += 1;
  };

  const start = async (): Promise<void> => {
    onState?.({ status: 'connecting', attempt });
    let reason: CloseReason | undefined;
    try {
      const transport = await open();
      if (final) {
        transport.close();
        return;
      }
      const opened = connect(transport, protocolVersion, (closed) => {
        reason = closed;
        if (connection === opened) lost(closed.message, closed.final);
      });
      greeting = opened;
      const lab = await opened.ready;
      greeting = undefined;
      connection = opened;
      attempt = 0;
      onState?.({ status: 'connected', lab });
      for (const subscription of subscriptions) resubscribe(opened, subscription);
      for (const { resolve } of waiting) resolve(opened);
      waiting = [];
    } catch (error) {
      const cause = error instanceof Error ? error : new Error(String(error));
      const isFinal = isLabError(error, 'format-version') || isLabError(error, 'unauthorised');
      lost(cause.message, reason?.final ?? isFinal, cause);
    }
  };

  const resubscribe = (opened: Connection, subscription: Subscribed): void => {
    subscription.stop = opened.subscribe(subscription.method, subscription.input, {
      onReady: subscription.onReady,
      onEvent(event) {
        try {
          subscription.onEvent(event);
        } catch (error) {
          // Nothing that follows a bad event can be trusted: the subscription ends, on the lab's side as well.
          subscriptions.delete(subscription);
          subscription.stop();
          subscription.onError(error instanceof Error ? error : new Error(String(error)));
        }
      },
      onError(error) {
        if (isLabError(error, 'disconnected')) return; // it is made again
        subscriptions.delete(subscription);
        subscription.onError(error);
      },
    });
  };

  const connected = (signal?: AbortSignalLike): Promise<Connection> => {
    if (final) return Promise.reject(final);
    if (connection) return Promise.resolve(connection);
    return new Promise((resolve, reject) => {
      waiting.push({ resolve, reject });
      signal?.addEventListener('abort', () => {
        reject(new LabError('aborted', 'Cancelled'));
      });
    });
  };

  void start();
  return {
    lab: clientOf({
      async request(method, definition, input, signal) {
        const output = await (await connected(signal)).request(method, input, { signal });
        return definition.kind === 'request' ? checked(method, definition.output, output) : undefined;
      },
      subscribe(method, definition, input, { onEvent, onReady, onError }) {
        const subscription: Subscribed = {
          method,
          input,
          definition,
          onEvent(event) {
            if (definition.kind === 'subscription') onEvent(checked(method, definition.event, event));
          },
          onReady: () => onReady?.(),
          onError: (error) => onError?.(error),
          stop: () => undefined,
        };
        subscriptions.add(subscription);
        if (connection) resubscribe(connection, subscription);
        return () => {
          subscriptions.delete(subscription);
          subscription.stop();
        };
      },
    }),
    close() {
      clearTimeout(timer);
      giveUp(new LabError('disconnected', 'The connection to the lab was closed'));
      connection?.close();
      greeting?.close();
    },
  };
}

interface Calls {
  request(method: string, definition: MethodDefinition, input: unknown, signal?: AbortSignalLike): Promise<unknown>;
  subscribe(
    method: string,
    definition: MethodDefinition,
    input: unknown,
    handlers: {
      onEvent: (event: unknown) => void;
      onReady?: () => void;
      onError?: (error: Error) => void;
    },
  ): () => void;
}

function clientOf(calls: Calls): LabClient {
  const features = Object.entries(contract).map(([feature, methods]) => {
    const functions = Object.entries<MethodDefinition>(methods).map(([name, definition]) => {
      const method = `${feature}.${name}`;
      const call =
        definition.kind === 'request'
          ? (input: unknown, options?: { readonly signal?: AbortSignalLike }) =>
              calls.request(method, definition, input, options?.signal)
          : (input: unknown, handlers: Parameters<Calls['subscribe']>[3]) =>
              calls.subscribe(method, definition, input, handlers);
      return [name, call] as const;
    });
    return [feature, Object.fromEntries(functions)] as const;
  });
  return Object.fromEntries(features) as unknown as LabClient; // made from the contract that LabClient is the type of
}

function checked(method: string, schema: z.ZodType, value: unknown): unknown {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new LabError(
    'internal',
    `The lab's answer to ${method} does not have the agreed form: ${z.prettifyError(parsed.error)}`,
  );
}

function defaultDelay(attempt: number): number {
  return Math.min(5000, 250 * 2 ** attempt);
}
