/**
 * What the contract is made of. A request has one answer and can be cancelled; a subscription gives events until it is
 * closed, and says only what a request can say as well, so whoever missed events reads anew. Everything is JSON: numbers that
 * are not finite are null, pictures are data: addresses.
 */
import type { z } from 'zod';

export interface RequestDefinition<Input extends z.ZodType = z.ZodType, Output extends z.ZodType = z.ZodType> {
  readonly kind: 'request';
  readonly summary: string;
  readonly input: Input;
  readonly output: Output;
}

export interface SubscriptionDefinition<Input extends z.ZodType = z.ZodType, Event extends z.ZodType = z.ZodType> {
  readonly kind: 'subscription';
  readonly summary: string;
  readonly input: Input;
  readonly event: Event;
}

export type MethodDefinition = RequestDefinition | SubscriptionDefinition;

/** Methods by name, one record for each feature. */
export type FeatureContract = Readonly<Record<string, MethodDefinition>>;

export function request<Input extends z.ZodType, Output extends z.ZodType>(
  summary: string,
  input: Input,
  output: Output,
): RequestDefinition<Input, Output> {
  return { kind: 'request', summary, input, output };
}

export function subscription<Input extends z.ZodType, Event extends z.ZodType>(
  summary: string,
  input: Input,
  event: Event,
): SubscriptionDefinition<Input, Event> {
  return { kind: 'subscription', summary, input, event };
}
