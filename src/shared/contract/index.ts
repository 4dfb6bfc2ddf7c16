/** The whole contract: features, and their methods by `feature.method`. */
import type { z } from 'zod';
import { bundlesContract } from './bundles.ts';
import { compareContract } from './compare.ts';
import type { MethodDefinition, RequestDefinition, SubscriptionDefinition } from './define.ts';
import { demosContract } from './demos.ts';
import { experimentsContract } from './experiments.ts';
import { exportsContract } from './exports.ts';
import { jobsContract } from './jobs.ts';
import { labellingContract } from './labelling.ts';
import { materialsContract } from './materials.ts';
import { modelsContract } from './models.ts';
import { pipelinesContract } from './pipelines.ts';
import { predictionsContract } from './predictions.ts';
import { registryContract } from './registry.ts';
import { runsContract } from './runs.ts';
import { samplesContract } from './samples.ts';
import { studiesContract } from './studies.ts';
import { sweepsContract } from './sweeps.ts';
import { uploadsContract } from './uploads.ts';
import { workspaceContract } from './workspace.ts';

/** Raised when a client and a lab of before and after a change would misunderstand each other. */
export const protocolVersion = 1;

export const contract = {
  workspace: workspaceContract,
  jobs: jobsContract,
  samples: samplesContract,
  uploads: uploadsContract,
  materials: materialsContract,
  models: modelsContract,
  registry: registryContract,
  pipelines: pipelinesContract,
  experiments: experimentsContract,
  runs: runsContract,
  exports: exportsContract,
  bundles: bundlesContract,
  labelling: labellingContract,
  predictions: predictionsContract,
  studies: studiesContract,
  sweeps: sweepsContract,
  compare: compareContract,
  demos: demosContract,
};

export type Contract = typeof contract;
export type Feature = keyof Contract;

export interface CallOptions {
  /** Cancels the request; it then fails with the code `aborted`. */
  readonly signal?: AbortSignalLike;
}

/** The part of AbortSignal that requests need. */
export interface AbortSignalLike {
  readonly aborted: boolean;
  addEventListener(type: 'abort', listener: () => void): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

export interface SubscriptionHandlers<Event> {
  onEvent(event: Event): void;
  /**
   * Called when events may have been missed: first when the subscription stands, and again after every reconnection. This is
   * the place to read anew.
   */
  onReady?(): void;
  /** The subscription was refused or ended by the lab. */
  onError?(error: Error): void;
}

export type Unsubscribe = () => void;

type ClientMethod<Method extends MethodDefinition> =
  Method extends RequestDefinition<infer Input, infer Output>
    ? (input: z.input<Input>, options?: CallOptions) => Promise<z.output<Output>>
    : Method extends SubscriptionDefinition<infer Input, infer Event>
      ? (input: z.input<Input>, handlers: SubscriptionHandlers<z.output<Event>>) => Unsubscribe
      : never;

/** What a client sees: `lab.runs.list({ … })`, `lab.runs.watch({}, { onEvent, onReady })`. */
export type LabClient = {
  readonly [Name in Feature]: {
    readonly [Method in keyof Contract[Name]]: ClientMethod<Contract[Name][Method] & MethodDefinition>;
  };
};
