/**
 * The messages between a client and the lab, and the channel they go through. Every request and subscription has an id of
 * the client's choice; `cancel` ends either. A request that is cancelled is still answered, mostly with `aborted`: whoever
 * asked then knows that the work has really stopped.
 */
import { z } from 'zod';
import type { ErrorDetails, LabErrorCode } from '../errors.ts';
import { LabError, isLabError, messageOf } from '../errors.ts';
import type { Failure } from '../contract/common.ts';
import { failure } from '../contract/common.ts';

/** Carries messages in order; what is sent after the end is lost. */
export interface Transport {
  send(message: unknown): void;
  onMessage(listener: (message: unknown) => void): void;
  /** Called once when the other side is gone, with what is known of the reason. */
  onClose(listener: (reason: CloseReason) => void): void;
  close(): void;
}

export interface CloseReason {
  readonly message: string;
  /** Connecting again would end in the same way, e.g. for want of a token. */
  readonly final: boolean;
}

const id = z.int().min(0);

export const clientMessage = z.discriminatedUnion('type', [
  z.object({ type: z.literal('hello'), version: z.int() }),
  z.object({ type: z.literal('request'), id, method: z.string(), input: z.unknown() }),
  z.object({ type: z.literal('subscribe'), id, method: z.string(), input: z.unknown() }),
  z.object({ type: z.literal('cancel'), id }),
]);
export type ClientMessage = z.infer<typeof clientMessage>;

export const labMessage = z.discriminatedUnion('type', [
  z.object({ type: z.literal('hello'), version: z.int(), lab: z.string() }),
  /** Nothing else will be answered. */
  z.object({ type: z.literal('refused'), failure }),
  z.object({ type: z.literal('answer'), id, output: z.unknown() }),
  z.object({ type: z.literal('progress'), id, progress: z.unknown() }),
  z.object({ type: z.literal('failed'), id, failure }),
  z.object({ type: z.literal('subscribed'), id }),
  z.object({ type: z.literal('event'), id, event: z.unknown() }),
]);
export type LabMessage = z.infer<typeof labMessage>;

/** An error as data. What is not a `LabError` is a bug, and says no more than its message. */
export function toFailure(error: unknown): Failure {
  if (!isLabError(error)) return { code: 'internal', message: messageOf(error), details: {} };
  return { code: error.code, message: error.message, details: plainDetails(error.details) };
}

/** The error that the other side had. */
export function fromFailure({ code, message, details }: Failure): LabError {
  return new LabError(code as LabErrorCode, message, details); // a newer lab may have codes that we do not know: they are shown as they are
}

/** Details are for reading: what JSON cannot hold stays behind. */
function plainDetails(details: ErrorDetails): Record<string, unknown> {
  try {
    const text = JSON.stringify(details, (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value));
    return JSON.parse(text) as Record<string, unknown>; // an object went in
  } catch {
    return {};
  }
}
