/** Appends the ids of a word's pieces. */
export type EncodeWord = (word: string, ids: number[]) => void;
