/** A word of a text as a tagger answers it. */
export interface TaggedWord {
  readonly word: string;
  /** Where it begins in the text, and the place behind it. */
  readonly from: number;
  readonly to: number;
  readonly tag: string;
  readonly probability: number;
}
