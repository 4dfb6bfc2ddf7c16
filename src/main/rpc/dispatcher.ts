/**
 * The lab's end of a connection: finds the method, checks what comes in and what goes out against the contract, cancels, and
 * turns whatever is thrown into a typed failure. One dispatcher serves any contract, over any transport, to many clients.
 */
import { z } from 'zod';
import type {
  FeatureContract,
  MethodDefinition,
  RequestDefinition,
  SubscriptionDefinition,
} from '../../shared/contract/define.ts';
import { LabError, isLabError } from '../../shared/errors.ts';
import type { ClientMessage, LabMessage, Transport } from '../../shared/rpc/protocol.ts';
import { clientMessage, toFailure } from '../../shared/rpc/protocol.ts';

export interface RequestContext {
  /** Aborted when the client cancels, or is gone. */
  readonly signal: AbortSignal;
  /** Tells the client how far it is. */
  readonly progress: (progress: unknown) => void;
}

/** Ends a subscription. */
export type Stop = () => void;

export type RequestHandler<Input, Output> = (input: Input, context: RequestContext) => Output | Promise<Output>;
/** Events are sent until the returned function is called. */
export type SubscriptionHandler<Input, Event> = (input: Input, emit: (event: Event) => void) => Stop;

export type HandlerOf<Method extends MethodDefinition> =
  Method extends RequestDefinition<infer Input, infer Output>
    ? RequestHandler<z.output<Input>, z.input<Output>>
    : Method extends SubscriptionDefinition<infer Input, infer Event>
      ? SubscriptionHandler<z.output<Input>, z.input<Event>>
      : never;

export type HandlersOf<Methods extends FeatureContract> = {
  readonly [Name in keyof Methods]: HandlerOf<Methods[Name]>;
};

/** Features with their methods. */
export type AnyContract = Readonly<Record<string, FeatureContract>>;
export type ContractHandlers<Whole extends AnyContract> = {
  readonly [Feature in keyof Whole]: HandlersOf<Whole[Feature]>;
};

export interface DispatcherOptions<Whole extends AnyContract> {
  readonly contract: Whole;
  readonly handlers: ContractHandlers<Whole>;
  readonly version: number;
  /** Of the lab, for people. */
  readonly labVersion: string;
  /** What a request waits for before it is answered. */
  readonly until?: (method: string) => Promise<void> | undefined;
  /** Told of errors that are bugs. */
  readonly onBug?: (method: string, error: unknown) => void;
}

/** What one client may have under way: far more than pages need, and few enough for the lab. */
const most: Readonly<Record<keyof Running, number>> = { requests: 200, subscriptions: 200 };

export interface Dispatcher {
  /** Serves one client until its transport closes. Returns a function that hangs up. */
  serve(transport: Transport): () => void;
}

/** `serve` is called for every connection; each has requests and subscriptions of its own. */
export function createDispatcher<Whole extends AnyContract>(options: DispatcherOptions<Whole>): Dispatcher {
  return {
    serve(transport) {
      const running: Running = { requests: new Map(), subscriptions: new Map() };
      let greeted = false;
      let open = true;
      const send = (message: LabMessage): void => {
        if (open) transport.send(message);
      };
      const fail = (id: number, method: string, error: unknown): void => {
        if (!isLabError(error)) options.onBug?.(method, error);
        send({ type: 'failed', id, failure: toFailure(error) });
      };
      const hangUp = (): void => {
        open = false;
        for (const stops of [running.requests, running.subscriptions]) {
          for (const stop of stops.values()) stop();
          stops.clear();
        }
      };

      const receive = (message: ClientMessage): void => {
        switch (message.type) {
          case 'hello':
            greeted = message.version === options.version;
            if (greeted) send({ type: 'hello', version: options.version, lab: options.labVersion });
            else send({ type: 'refused', failure: toFailure(wrongVersion(message.version, options.version)) });
            return;
          case 'cancel':
            (running.requests.get(message.id) ?? running.subscriptions.get(message.id))?.();
            return;
          case 'request':
            void answer(options, message, running, send, fail);
            return;
          case 'subscribe':
            follow(options, message, running, send, fail);
        }
      };

      transport.onMessage((message) => {
        const parsed = clientMessage.safeParse(message);
        const isHello = parsed.success && parsed.data.type === 'hello';
        if (parsed.success && (greeted || isHello)) receive(parsed.data);
        else {
          send({
            type: 'refused',
            failure: toFailure(new LabError('bad-input', 'This is not a message of the lab’s protocol')),
          });
        }
      });
      transport.onClose(hangUp);
      return () => {
        hangUp();
        transport.close();
      };
    },
  };
}

/** What a client has under way: requests and subscriptions share one row of ids. */
interface Running {
  readonly requests: Map<number, Stop>;
  readonly subscriptions: Map<number, Stop>;
}

type Message<Type extends ClientMessage['type']> = Extract<ClientMessage, { type: Type }>;
type Send = (message: LabMessage) => void;
type Fail = (id: number, method: string, error: unknown) => void;

async function answer<Whole extends AnyContract>(
  options: DispatcherOptions<Whole>,
  { id, method, input }: Message<'request'>,
  running: Running,
  send: Send,
  fail: Fail,
): Promise<void> {
  const controller = new AbortController();
  let begun = false;
  try {
    const { definition, handler } = find(options, method, 'request');
    requireRoom(running, id, 'requests');
    running.requests.set(id, () => {
      controller.abort(new LabError('aborted', 'Cancelled'));
    });
    begun = true;
    const context: RequestContext = {
      signal: controller.signal,
      progress(progress) {
        send({ type: 'progress', id, progress });
      },
    };
    const parsed = parseInput(method, definition.input, input);
    const waitsFor = options.until?.(method);
    if (waitsFor) {
      await waitsFor;
      controller.signal.throwIfAborted();
    }
    // The contract's own definition decides the types; they are checked by its schemas here.
    const output = await (handler as RequestHandler<unknown, unknown>)(parsed, context);
    send({ type: 'answer', id, output: parseOutput(method, (definition as RequestDefinition).output, output) }); // found as a request
  } catch (error) {
    fail(id, method, controller.signal.aborted && !isLabError(error) ? new LabError('aborted', 'Cancelled') : error);
  } finally {
    if (begun) running.requests.delete(id);
  }
}

function follow<Whole extends AnyContract>(
  options: DispatcherOptions<Whole>,
  { id, method, input }: Message<'subscribe'>,
  running: Running,
  send: Send,
  fail: Fail,
): void {
  try {
    const { definition, handler } = find(options, method, 'subscription');
    requireRoom(running, id, 'subscriptions');
    const { event: schema } = definition as SubscriptionDefinition; // found as a subscription
    const stop = (handler as SubscriptionHandler<unknown, unknown>)(
      parseInput(method, definition.input, input),
      (event) => {
        if (!running.subscriptions.has(id)) return;
        try {
          send({ type: 'event', id, event: parseOutput(method, schema, event) });
        } catch (error) {
          fail(id, method, error);
        }
      },
    );
    running.subscriptions.set(id, () => {
      running.subscriptions.delete(id);
      stop();
    });
    send({ type: 'subscribed', id });
  } catch (error) {
    fail(id, method, error);
  }
}

function find<Whole extends AnyContract>(
  { contract, handlers }: DispatcherOptions<Whole>,
  method: string,
  kind: MethodDefinition['kind'],
): { readonly definition: MethodDefinition; readonly handler: unknown } {
  const [feature = '', name = '', ...rest] = method.split('.');
  const definition =
    rest.length === 0 && Object.hasOwn(contract, feature) && Object.hasOwn(contract[feature] ?? {}, name)
      ? contract[feature]?.[name]
      : undefined;
  if (definition?.kind !== kind) throw new LabError('not-found', `The lab has no ${kind} '${method}'`, { method });
  return { definition, handler: handlers[feature]?.[name] };
}

/** Throws `LabError('bad-input' | 'too-many')`. */
function requireRoom(running: Running, id: number, kind: keyof Running): void {
  if (running.requests.has(id) || running.subscriptions.has(id)) {
    throw new LabError('bad-input', `There is a request ${id} already`);
  }
  if (running[kind].size < most[kind]) return;
  const advice = kind === 'requests' ? 'Wait for an answer' : 'End one';
  throw new LabError('too-many', `One client may have ${most[kind]} ${kind} at a time. ${advice} before the next one`, {
    kind,
    most: most[kind],
  });
}

function parseInput(method: string, schema: z.ZodType, input: unknown): unknown {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  throw new LabError('bad-input', `${method}: ${z.prettifyError(parsed.error)}`, {
    method,
    issues: parsed.error.issues,
  });
}

/** Members that the contract does not name stay here. */
function parseOutput(method: string, schema: z.ZodType, output: unknown): unknown {
  const parsed = schema.safeParse(output);
  if (parsed.success) return parsed.data;
  throw new Error(`the answer of ${method} does not fit the contract: ${z.prettifyError(parsed.error)}`);
}

function wrongVersion(theirs: number, ours: number): LabError {
  const advice = theirs < ours ? 'Reload the page' : 'Update the lab and start it again';
  return new LabError(
    'format-version',
    `The page speaks version ${theirs} of the protocol and the lab version ${ours}. ${advice}`,
    { theirs, ours },
  );
}
