/** What a run answered to each example of a split: classes, numbers, several labels, tags or alignments. */

/** One class for each example. */
export interface AnsweredClasses {
  readonly kind: 'classes';
  /** True class of each example. */
  readonly labels: ArrayLike<number>;
  /** Predicted class of each example, in the same order. */
  readonly predicted: ArrayLike<number>;
  /** Negative log likelihood of each example in nats; null where it is not known. */
  readonly losses: ArrayLike<number> | null;
  readonly classCount: number;
}

/** One or several numbers for each example, in their units. */
export interface AnsweredNumbers {
  readonly kind: 'numbers';
  /** True numbers, row-major [examples, targets]. */
  readonly labels: ArrayLike<number>;
  /** The same. */
  readonly predicted: ArrayLike<number>;
  /** Of each target over the training examples. */
  readonly deviations: readonly number[];
}

/** Any number of labels for each example. */
export interface AnsweredLabels {
  readonly kind: 'several';
  /** Row-major [examples, labels]: 1 where an example has a label. */
  readonly labels: ArrayLike<number>;
  /** The same. */
  readonly probabilities: ArrayLike<number>;
  /** From which probability on each label is answered. */
  readonly thresholds: readonly number[];
}

/** A tag for each word; an example is a sentence, or the part of one that is read at once. */
export interface AnsweredTags {
  readonly kind: 'tags';
  /** True tag of each word, sentence after sentence. */
  readonly labels: ArrayLike<number>;
  /** The same. */
  readonly predicted: ArrayLike<number>;
  /** Where each sentence ends among the words. */
  readonly ends: ArrayLike<number>;
  readonly tagCount: number;
  /** Of each sentence: negative log likelihood of its tags in nats; null where it is not known. */
  readonly losses: ArrayLike<number> | null;
  /** Of each sentence: entities that were found, that were answered, and that there are. */
  readonly found: ArrayLike<number>;
  readonly answered: ArrayLike<number>;
  readonly support: ArrayLike<number>;
}

/** How the two sequences of each example are aligned, and whether they are related. */
export interface AnsweredAlignments {
  readonly kind: 'alignments';
  /** 1 for related pairs. */
  readonly labels: ArrayLike<number>;
  /** Larger for pairs that seem related: probabilities of networks, scores of classical methods. */
  readonly scores: ArrayLike<number>;
  /** Of each example: pairs of residues that were found, that were answered, and that there are; none where its alignment is not known. */
  readonly found: ArrayLike<number>;
  readonly answered: ArrayLike<number>;
  readonly support: ArrayLike<number>;
}

export type AnsweredRun = AnsweredClasses | AnsweredNumbers | AnsweredLabels | AnsweredTags | AnsweredAlignments;
