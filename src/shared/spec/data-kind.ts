/** The kinds of material, as manifests name them, and what follows from a kind: nobody else reads meaning into its name. */
import { z } from 'zod';

export const dataKind = z.enum(['text-corpus', 'text-dataset', 'image-corpus', 'image-dataset', 'audio-dataset']);
export type DataKind = z.infer<typeof dataKind>;

export type Medium = 'text' | 'images' | 'audio';
/** Unlabelled and labelled material, which have folders of their own in a workspace. */
export type KindGroup = 'corpus' | 'dataset';

interface KindFacts {
  readonly medium: Medium;
  readonly group: KindGroup;
  /** As what a network reads it. */
  readonly input: 'tokens' | 'image' | 'frames';
}

const facts: Readonly<Record<DataKind, KindFacts>> = {
  'text-corpus': { medium: 'text', group: 'corpus', input: 'tokens' },
  'text-dataset': { medium: 'text', group: 'dataset', input: 'tokens' },
  'image-corpus': { medium: 'images', group: 'corpus', input: 'image' },
  'image-dataset': { medium: 'images', group: 'dataset', input: 'image' },
  'audio-dataset': { medium: 'audio', group: 'dataset', input: 'frames' },
};

/** Undefined for a kind of a newer lab. */
export function kindFacts(kind: string): KindFacts | undefined {
  const known = dataKind.safeParse(kind);
  return known.success ? facts[known.data] : undefined;
}

/** Undefined for a kind of a newer lab. */
export function mediumOf(kind: string): Medium | undefined {
  return kindFacts(kind)?.medium;
}

/** What is not known to be unlabelled lies among the datasets. */
export function groupOfKind(kind: string): KindGroup {
  return kindFacts(kind)?.group ?? 'dataset';
}
