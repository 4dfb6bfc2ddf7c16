/**
 * What a task is: an objective on some kind of data. One definition owns the options, the sampler that turns data into
 * batches, the head and the loss, the metrics, the baselines and the prediction. Forms, help and the schema of
 * experiment files are derived from it. Adding a task is one file with a `defineTask` and its tests.
 *
 * The sampler is apart from the network, because it runs in a worker thread: everything it needs is in `SamplerSetup`.
 */
import type { z } from 'zod';
import type { Demo, DemoForm } from '../../shared/contract/demos.ts';
import type { DataKind } from '../../shared/spec/data-kind.ts';
import type { FrameOptions } from '../../shared/spec/manifests/audio-dataset.ts';
import type { ValueScales } from '../../shared/spec/manifests/image-corpus.ts';
import type { NetworkImages } from '../../shared/spec/network-images.ts';
import { LabError } from '../../shared/errors.ts';
import type { MetricName } from '../../shared/metrics.ts';
import { metricOf } from '../../shared/metrics.ts';
import type { AnsweredRun } from '../../shared/study/answered-run.ts';
import type { TextTokenizer } from '../data/tokenizer/tokenizer.ts';
import type { ConstantData, Value } from '../graph/program.ts';
import type { Backbone, Endpoints } from '../nn/pipeline.ts';
import type { BuildContext, PipelineInput } from '../nn/block.ts';
import type { Features } from './baselines/features.ts';

export type Feeds = Readonly<Record<string, ConstantData>>;
export type TensorData = Readonly<Record<string, { readonly shape: readonly number[]; readonly data: ConstantData }>>;

/** Serialisable, so that a worker can open the same sampler. */
export interface SamplerSetup<Options = unknown> {
  readonly options: Options;
  /** Folder of the corpus or dataset. */
  readonly dataFolder: string;
  /** The tokenizer to encode labelled text with: the backbone's, or the corpus's own. */
  readonly tokenizerFile?: string;
  /** Decides splits and evaluation masks: runs that are compared share it, whatever their training seed. */
  readonly splitSeed: number;
  /** Decides which training examples a label budget keeps; the split seed where it is left out. */
  readonly labelSeed?: number;
  /** What the network reads of images, where that is something else than they are stored with. */
  readonly images?: NetworkImages | undefined;
  /** Numbers of labelled examples that are taken out of the test split, because the network has seen them elsewhere. */
  readonly excludedFromTest?: readonly number[] | undefined;
}

/** What the network depends on of the data. Stored with a run, which must not need its data again to predict. */
export interface TaskFacts {
  readonly input: PipelineInput;
  /** Class names, where the task has classes. */
  readonly classes?: readonly string[];
  /** What images are brought to before the network, or the task's sampler, sees them. */
  readonly images?: ImageFacts;
  /** How recordings become the frames that the network sees. */
  readonly audio?: FrameOptions;
}

/** As the images of the corpus or dataset were imported. */
export interface ImageFacts {
  readonly height: number;
  readonly width: number;
  readonly channels: 1 | 3;
  readonly fit: 'cover' | 'contain' | 'stretch' | 'center-crop';
  readonly resizeShorter: number | null;
  readonly background: readonly [number, number, number];
  /** Of values that are no bytes. */
  readonly valueScales?: ValueScales | undefined;
  /** What those pixels are brought to for the network, where it reads another shape. */
  readonly network?: NetworkImages | undefined;
}

export interface TaskSampler extends TaskFacts {
  /** Examples in one epoch. */
  readonly trainingExamples: number;
  /** Of labelled data: the numbers of the examples on each side, in evaluation order. */
  readonly sides?: ExampleSides | undefined;
  /** Of classified data: the class of every example of the dataset, an index into `classes`. */
  readonly labels?: Int32Array | undefined;
  /**
   * The feeds of one training step: a pure function of its arguments, with no state in the sampler. Sizes are static:
   * short batches are padded with examples of weight 0.
   */
  trainingBatch(seed: number, step: number, batchSize: number): Feeds;
  /** Fixed examples (and masks), the same for every run that shares the split seed. */
  evaluationBatchCount(split: EvaluationSplit, batchSize: number): number;
  evaluationBatch(split: EvaluationSplit, index: number, batchSize: number): Feeds;
  /**
   * The feeds of one question out of a split for the prediction program, where people and models are asked something else than
   * `evaluationBatch(split, index, 1)`, which stands in for it.
   */
  question?(split: EvaluationSplit, index: number): Feeds;
  /** The labelled training examples in a fixed order, each once and as it is: for fits on frozen features. Labelled tasks have it. */
  labelledBatch?(index: number, batchSize: number): Feeds;
  /** What the network will see in the first training examples, for people. */
  preview(seed: number, count: number): readonly PreviewItem[];
  close(): void;
}

export type EvaluationSplit = 'validation' | 'test';

/** Numbers of the examples of a labelled dataset. */
export type ExampleSides = Readonly<Record<'training' | EvaluationSplit, Uint32Array>>;

/** The sides with a test split without some examples. */
export function withoutExcluded(sides: ExampleSides, excluded: readonly number[] = []): ExampleSides {
  if (excluded.length === 0) return sides;
  const gone = new Set(excluded);
  return { ...sides, test: sides.test.filter((example) => !gone.has(example)) };
}

export type PreviewItem =
  | { readonly kind: 'text'; readonly text: string; readonly note?: string }
  | {
      readonly kind: 'image';
      readonly width: number;
      readonly height: number;
      readonly channels: number;
      readonly pixels: Uint8Array;
      readonly note?: string;
    };

/** What a person, or a model for prediction, is asked about an example of a split. */
export function questionFeeds(sampler: TaskSampler, split: EvaluationSplit, index: number): Feeds {
  return sampler.question?.(split, index) ?? sampler.evaluationBatch(split, index, 1);
}

/** Collects the outputs of evaluation batches into metrics. */
export interface Evaluation {
  add(outputs: TensorData, feeds: Feeds): void;
  result(): EvaluationResult;
}

export interface EvaluationResult {
  /** Plain numbers such as `loss`, `accuracy`, `macroF1`. */
  readonly metrics: Readonly<Record<string, number>>;
  /** Row: true class; column: predicted class. */
  readonly confusion?: { readonly classes: readonly string[]; readonly counts: readonly (readonly number[])[] };
  readonly perClass?: readonly {
    readonly name: string;
    readonly precision: number;
    readonly recall: number;
    readonly f1: number;
    readonly support: number;
  }[];
  /** Per-example correctness in evaluation order, for paired tests between runs. */
  readonly correct?: Uint8Array;
  /** Of classifiers: what was answered to each example, in evaluation order. */
  readonly answers?: AnsweredRun;
  /** Of the same examples: row-major [examples, classes]. */
  readonly probabilities?: ArrayLike<number>;
}

export interface Baseline {
  readonly name: string;
  readonly summary: string;
  readonly metrics: Readonly<Record<string, number>>;
}

/** Features that a classical method reads of labelled examples. */
export interface ClassicalFeatures {
  /** E.g. 'TF-IDF of words'. */
  readonly name: string;
  /** Fits what there is to fit, such as a vocabulary, to the training examples. */
  features(): Readonly<Record<'training' | EvaluationSplit, Features>>;
}

/** What classical methods learn from: the examples and labels that a network of the same setup gets. */
export interface ClassicalMaterial {
  readonly labels: Readonly<Record<'training' | EvaluationSplit, Int32Array>>;
  readonly classes: readonly string[];
  readonly candidates: readonly ClassicalFeatures[];
  close(): void;
}

export interface PredictionQuery {
  readonly text?: string;
  readonly textPair?: string;
  /** Pixels as `TaskFacts.images` says, channels interleaved. */
  readonly image?: {
    readonly width: number;
    readonly height: number;
    readonly channels: number;
    readonly pixels: Uint8Array;
  };
  /** Frames [frames, bands] as `TaskFacts.audio` says. */
  readonly recording?: { readonly frames: Float32Array };
  readonly top: number;
}

/** One question the model answers, e.g. one mask; `choices` hold true probabilities, not renormalised over the few shown. */
export interface PredictionAnswer {
  readonly question: string;
  /** The text was longer than the model reads: the answer is to a part of it. */
  readonly isTruncated?: boolean;
  readonly choices: readonly {
    readonly label: string;
    readonly probability: number;
    /** The text with this choice, where it is not simply written behind a blank. */
    readonly continuation?: string;
  }[];
}

/** A batch of one example of an evaluation split, and what the prediction program made of it. */
export interface AnsweredExample {
  readonly outputs: TensorData;
  readonly feeds: Feeds;
  readonly facts: TaskFacts;
  readonly tokenizer: TextTokenizer | undefined;
  /** Choices that are wanted for each question. */
  readonly top: number;
}

export interface ExampleAnswer {
  readonly question: string;
  /** `class`: one of the task's classes, so that answers to many examples fill a confusion matrix. */
  readonly kind: 'class' | 'token' | 'transcript';
  /** Likeliest first, with probabilities over all there is. */
  readonly choices: { label: string; probability: number }[];
  readonly truth: string;
}

/** How a text is to be continued. */
export interface GenerationQuery {
  readonly text: string;
  /** Maximum number. */
  readonly tokens: number;
  /** Below 1 makes likely tokens likelier, 0 leaves the likeliest alone. */
  readonly temperature: number;
  readonly topK?: number;
  readonly topP?: number;
  readonly seed: number;
}

export interface GeneratedToken {
  readonly token: string;
  /** The model's own, whatever the sampling made of it. */
  readonly probability: number;
  /** Everything so far, the prompt included. */
  readonly text: string;
}

export interface PredictionModel extends TaskFacts {
  /** File of the tokenizer that the run was trained with. */
  readonly tokenizerFile?: string;
  /** The tokenizer itself, where it did not come from a file. */
  readonly tokenizer?: TextTokenizer;
  /** Runs the program built in the mode 'prediction' with a batch of one. */
  run(feeds: Feeds): Promise<TensorData>;
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

export interface SuggestedSettings {
  /** Presets that learn it, where not every network can. The first that reads the data is taken. */
  readonly presets?: readonly string[];
  /** Settings of the training. */
  readonly training?: Readonly<Record<string, unknown>>;
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
  evaluation(options: Options, facts: TaskFacts): Evaluation;
  /** Computed on the same split as the runs. */
  baselines(
    sampler: TaskSampler,
    options: Options,
    setup: SamplerSetup<Options>,
    signal: AbortSignal,
  ): Promise<readonly Baseline[]>;
  /** What the best classical method is chosen from, on validation examples. Tasks with classes have it. */
  classical?(setup: SamplerSetup<Options>): ClassicalMaterial;
  /** The task's audit of a trained network, and pictures of it for the run's artifacts. */
  inspect?(inspection: Inspection<Options>): Promise<InspectionReport>;
  /** The network reads parts of images, so that a model's own size says nothing about what it is to be fed. */
  readonly readsParts?: boolean;
  /** The prediction program holds the parts of one question, whatever batch size it is built with. */
  readonly predictsOneByOne?: boolean;
  predict?(model: PredictionModel, query: PredictionQuery, options: Options): Promise<readonly PredictionAnswer[]>;
  /** What a trained network answered to one example of an evaluation split, for those who look at examples one by one. */
  answers?(example: AnsweredExample): readonly ExampleAnswer[];
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
