/**
 * What a task is: an objective on some kind of data. One definition owns the options, the sampler that turns data into
 * batches, the head and the loss, the metrics, the baselines and the prediction. Forms, help and the schema of
 * experiment files are derived from it. Adding a task is one file with a `defineTask` and its tests.
 * What its data is to others lies in `sampler.ts`, what people ask it in `asked.ts`.
 */
import type { z } from 'zod';
import type { Demo, DemoForm } from '../../shared/contract/demos.ts';
import type { DataKind } from '../../shared/spec/data-kind.ts';
import { LabError } from '../../shared/errors.ts';
import type { MetricName } from '../../shared/metrics.ts';
import { metricOf } from '../../shared/metrics.ts';
import type { ConstantData, Value } from '../graph/program.ts';
import type { Backbone, Endpoints } from '../nn/pipeline.ts';
import type { BuildContext, PipelineInput } from '../nn/block.ts';
import type {
  AnsweredExample,
  ExampleAnswer,
  GeneratedToken,
  GenerationQuery,
  PredictionAnswer,
  PredictionModel,
  PredictionQuery,
} from './asked.ts';
import type { EvaluationResult } from './evaluation-result.ts';
import type { ClassicalMaterial, LinearTask } from './linear/linear-method.ts';
import type { EvaluationSplit, Feeds, SamplerSetup, TaskFacts, TaskSampler, TensorData } from './sampler.ts';

export type * from './asked.ts';
export type * from './evaluation-result.ts';
export * from './sampler.ts';

/** Collects the outputs of evaluation batches into metrics. */
export interface Evaluation {
  add(outputs: TensorData, feeds: Feeds): void;
  result(): EvaluationResult;
}

export interface Baseline {
  readonly name: string;
  readonly summary: string;
  readonly metrics: Readonly<Record<string, number>>;
}

/** Of a task without classes: the method without a network that was best on validation examples. */
export interface ClassicalChoice {
  readonly metric: MetricName;
  readonly chosen: Readonly<Record<string, unknown>>;
  readonly trials: readonly { readonly settings: Readonly<Record<string, unknown>>; readonly value: number }[];
  /** Examples. */
  readonly sizes: Readonly<Record<'training' | EvaluationSplit, number>>;
  /** On the first examples of a split, at most so many. */
  evaluate(split: EvaluationSplit, most: number): EvaluationResult;
}

/** A finished run, for checks and pictures that need its network. */
export interface Inspection<Options> {
  readonly sampler: TaskSampler;
  readonly setup: SamplerSetup<Options>;
  /** Trained weights and states, by name. */
  readonly parameters: ReadonlyMap<string, { readonly shape: readonly number[]; readonly data: ConstantData }>;
  /** Runs the evaluation program, which takes batches of this size. */
  readonly batchSize: number;
  run(feeds: Feeds): Promise<TensorData>;
  /** Folder of the image corpus that the backbone was pretrained on, if any. */
  readonly pretrainedOn?: string | undefined;
  readonly signal: AbortSignal;
}

/** One number that says whether a run learned what it was meant to. */
export interface Finding {
  readonly name: string;
  readonly summary: string;
  readonly value: number;
  /** What the value is to be compared with, such as chance. */
  readonly reference?: number;
  /** Present when the value is a reason to doubt the run; says why, and what to do. */
  readonly warning?: string;
}

export interface Picture {
  /** File name, with its ending. */
  readonly file: string;
  readonly title: string;
  readonly content: Uint8Array;
}

export interface InspectionReport {
  readonly findings: readonly Finding[];
  readonly pictures: readonly Picture[];
}

export interface TaskDemo {
  /** Which form of the demos suits it: a task that reads several kinds of input has one for each. */
  form(input: PipelineInput['kind']): DemoForm;
  /** Something to begin with, where the run's own data offers nothing. */
  readonly examples?: readonly Demo['examples'][number][];
}

/** What is known of a material before it is opened. */
export interface DataDescription {
  readonly name: string;
  readonly kind: DataKind;
  /** Documents, texts, images or recordings. */
  readonly examples: number;
  /** Of texts that were cut into sentences and tokens. */
  readonly sentences?: number | undefined;
  readonly tokens?: number | undefined;
  /** The labels that occur, with how many examples each. */
  readonly labels: readonly { readonly name: string; readonly count: number }[];
  /** What each example has where it is not one of these labels. */
  readonly targets?: 'numbers' | 'several' | 'tags' | 'alignments' | undefined;
  /** Of images, as they are stored. */
  readonly image?: { readonly height: number; readonly width: number } | undefined;
  /** Symbols one after the other, such as bases, without words. */
  readonly isSequences: boolean;
}

export interface SuggestedSettings {
  /** Whether labels look like what it learns. It can be chosen for other data too, but is not suggested. */
  readonly suits?: (data: DataDescription) => boolean;
  /** Options that the data ask for, where the defaults may not fit. */
  readonly options?: (data: DataDescription) => Readonly<Record<string, unknown>>;
  /** Presets that learn it, where not every network can. The first that reads the data is taken. */
  readonly presets?: readonly string[];
  /** Settings of the training; those of the data come on top. */
  readonly training?: Readonly<Record<string, unknown>>;
  readonly trainingOn?: (data: DataDescription) => Readonly<Record<string, unknown>>;
  /** Of supervised tasks: what a study of few labels begins with. */
  readonly fewLabels?: FewLabels;
}

export interface FewLabels {
  /** What trains small networks on few labels well. */
  readonly steps: number;
  readonly batchSize: number;
  readonly learningRate: number;
  /** How people count its labels: in all, or of each class. */
  readonly budget: 'total' | 'perClass';
}

export interface TaskDefinition<Options> {
  /** As written in an experiment, e.g. `masked-words`. */
  readonly type: string;
  readonly title: string;
  readonly summary: string;
  /** A pretext task needs no labels; a supervised one measures the transfer gain. */
  readonly kind: 'pretext' | 'supervised';
  readonly data: readonly DataKind[];
  /** An object schema, each field with a default and a `.describe()`. */
  readonly options: z.ZodType<Options>;
  /** What its evaluation reports, the most telling first: a study compares by the first unless it is told otherwise. */
  readonly metrics: readonly MetricName[];
  /** The one of them that decides which checkpoint is best, and its direction. */
  readonly selection: { readonly metric: MetricName; readonly direction: 'minimise' | 'maximise' };
  /** Throws `LabError('bad-input')` for data that the task cannot use, saying why. */
  openSampler(setup: SamplerSetup<Options>): TaskSampler;
  /**
   * Declares the task's inputs, applies the backbone (once, or twice for twins), appends the head under the scope
   * `head` and names the outputs: the scalar `loss` (not for prediction), and what `evaluation` and `predict` read.
   */
  build(
    context: BuildContext,
    backbone: (inputs: Endpoints) => Backbone,
    options: Options,
    facts: TaskFacts,
  ): { readonly loss: Value };
  /** @param thresholds what the validation split chose, where a test is evaluated */
  evaluation(options: Options, facts: TaskFacts, thresholds?: readonly number[]): Evaluation;
  /** Computed on the same split as the runs. */
  baselines(
    sampler: TaskSampler,
    options: Options,
    setup: SamplerSetup<Options>,
    signal: AbortSignal,
  ): Promise<readonly Baseline[]>;
  /** What the best classical method is chosen from, on validation examples. */
  classical?(setup: SamplerSetup<Options>): ClassicalMaterial;
  /** The same of a task without classes, which chooses itself. */
  bestClassical?(setup: SamplerSetup<Options>): ClassicalChoice;
  /** How its labels are learned from the output `embeddings`, a row for each example or word. */
  readonly linear?: LinearTask;
  /** The task's audit of a trained network, and pictures of it for the run's artifacts. */
  inspect?(inspection: Inspection<Options>): Promise<InspectionReport>;
  /** The network reads parts of images, so that a model's own size says nothing about what it is to be fed. */
  readonly readsParts?: boolean;
  /** The prediction program holds the parts of one question, whatever batch size it is built with. */
  readonly predictsOneByOne?: boolean;
  predict?(model: PredictionModel, query: PredictionQuery, options: Options): Promise<readonly PredictionAnswer[]>;
  /** What a trained network answered to one example of an evaluation split, for those who look at examples one by one. */
  answers?(example: AnsweredExample, options: Options): readonly ExampleAnswer[];
  /** What it said to one example of an evaluation split, as a WAV file: samples over time that can be heard. */
  sound?(example: AnsweredExample, options: Options): { readonly text: string; readonly wav: Uint8Array };
  /** How a person asks a trained run. */
  readonly demo?: TaskDemo;
  /** What an experiment begins with where a person has chosen nothing else. */
  readonly suggested?: SuggestedSettings;
  /** Continues a text, token by token. */
  generate?(model: PredictionModel, query: GenerationQuery, options: Options): AsyncIterable<GeneratedToken>;
}

const registry = new Map<string, TaskDefinition<unknown>>();

/** Registers a task. Types are unique. */
export function defineTask<Options>(definition: TaskDefinition<Options>): TaskDefinition<Options> {
  if (registry.has(definition.type)) throw new LabError('internal', `the task ${definition.type} is defined twice`);
  const { metric, direction } = definition.selection;
  if (!definition.metrics.includes(metric) || metricOf(metric).direction !== direction) {
    throw new LabError(
      'internal',
      `the task ${definition.type} selects by '${metric}', which is not a metric of its own to ${direction}`,
    );
  }
  // Options are parsed by the definition's own schema before they come back to it.
  registry.set(definition.type, definition);
  return definition;
}

/** Throws `LabError('bad-spec')` naming the tasks there are. */
export function findTask(type: string): TaskDefinition<unknown> {
  const task = registry.get(type);
  if (!task) {
    throw new LabError('bad-spec', `there is no task '${type}'. Tasks: ${[...registry.keys()].sort().join(', ')}`);
  }
  return task;
}

export function registeredTasks(): readonly TaskDefinition<unknown>[] {
  return [...registry.values()];
}
