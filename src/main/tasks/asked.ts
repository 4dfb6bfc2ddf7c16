/** What trained networks are asked, and what they answer. */
import type { TextTokenizer } from '../data/tokenizer/tokenizer.ts';
import type { Feeds, TaskFacts, TensorData } from './sampler.ts';
import type { TaggedWord } from './tagging/tagged-word.ts';

export interface PredictionQuery {
  readonly text?: string;
  readonly textPair?: string;
  /** The words of the text, where a file has them apart: they are tagged as they are. */
  readonly words?: readonly string[];
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
    /** Of choices that do not exclude each other: whether it is one of the answers. */
    readonly isChosen?: boolean;
    /** The text with this choice, where it is not simply written behind a blank. */
    readonly continuation?: string;
  }[];
  /** Of a question that is answered by a number, which has no choices. */
  readonly value?: number;
  /** Of one whose words are tagged: each with its place in the text. */
  readonly words?: readonly TaggedWord[];
  /** Of two sequences. */
  readonly alignment?: AnsweredAlignment;
  /** Of a text that is spoken. */
  readonly speech?: SpokenAnswer;
}

export interface AnsweredAlignment {
  /** Rows of equal length, with - for a gap. */
  readonly first: string;
  readonly second: string;
  /** That the residues of each column belong together; null beside a gap. */
  readonly probabilities: readonly (number | null)[];
  /** The same of all pairs of residues, row by row: those of the second sequence for each of the first. */
  readonly pairs: readonly number[];
}

export interface SpokenAnswer {
  /** Between −1 and 1. */
  readonly samples: Float32Array<ArrayBuffer>;
  /** Samples a second. */
  readonly rate: number;
  /** Log energies [frames, bands]. */
  readonly frames: Float32Array;
  readonly bands: number;
  readonly secondsPerFrame: number;
  /** What was read, and for how many frames each character lasts. */
  readonly characters: readonly { readonly character: string; readonly frames: number }[];
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
  /**
   * `class`: one of the task's classes, so that answers to many examples fill a confusion matrix; `number`: of a target, one choice;
   * `label`: yes or no; `tag`: of a word, all words of a sentence in their order; `alignment`: two rows with gaps, one on each line,
   * one choice.
   */
  readonly kind: 'class' | 'token' | 'transcript' | 'number' | 'label' | 'tag' | 'alignment';
  /** What is answered first, with probabilities over all there is; of a number and an alignment, how near it is. */
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
