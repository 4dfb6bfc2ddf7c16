/**
 * What a task's data is to everyone else: batches as pure functions of (seed, step), and the facts that a network depends on. It is
 * apart from the network, because it runs in a worker thread: everything it needs is in `SamplerSetup`.
 */
import type { FrameOptions } from '../../shared/spec/manifests/audio-dataset.ts';
import type { ValueScales } from '../../shared/spec/manifests/image-corpus.ts';
import type { NetworkImages } from '../../shared/spec/network-images.ts';
import type { ConstantData } from '../graph/program.ts';
import type { PipelineInput } from '../nn/block.ts';
import type { SpeechFacts } from './speech/facts.ts';
import type { LabelSet, TargetScale } from './targets/facts.ts';

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
  /** What regression predicts, and the scale on which it is learned. */
  readonly targets?: TargetScale;
  /** Of tagged words. */
  readonly tags?: readonly string[];
  /** Where an example may have several labels. */
  readonly labelSet?: LabelSet;
  /** What images are brought to before the network, or the task's sampler, sees them. */
  readonly images?: ImageFacts;
  /** How recordings become the frames that the network sees. */
  readonly audio?: FrameOptions;
  /** Of a voice: what it reads and speaks. */
  readonly speech?: SpeechFacts;
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
