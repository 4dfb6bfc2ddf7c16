/**
 * What a search for leaks found: examples of a dataset that also occur, nearly as they are, in what a network was trained on. The
 * report of a dataset and one other material holds every example, so that any split of the dataset can be judged by it.
 */
import { z } from 'zod';

export const LEAKS_VERSION = 1;

/** What is to be done about test examples that the network may have seen. */
export const leakAction = z.enum(['exclude', 'report', 'ignore']);

/**
 * What had to be passed over to find a copy: nothing, case, punctuation with the forms of characters, of nucleic acids the strand,
 * or for images and sound how they are stored.
 */
export const leakDifference = z.enum(['none', 'case', 'punctuation', 'strand', 'encoding']);
export type LeakDifference = z.infer<typeof leakDifference>;

const share = z.number().min(0).max(1);

export const leakPlace = z.object({
  /** Number of the document, image or recording in the other material. */
  item: z.int().min(0),
  /** Share of the example that is there. */
  similarity: share,
  /** |S(example) ∩ S(passage)| / |S(example)| over shingles; null where there are none, as of images. */
  containment: share.nullable(),
  /** |S(example) ∩ S(document)| / |S(example) ∪ S(document)|; null where it was not computed. */
  jaccard: share.nullable(),
  difference: leakDifference,
  /** The beginning of what was found, or where it came from. */
  excerpt: z.string(),
});
export type LeakPlace = z.infer<typeof leakPlace>;

const materialName = z.object({ kind: z.string(), name: z.string(), contentHash: z.string() });

/** A dataset against one other material, or against itself. */
export const leakReport = z.object({
  formatVersion: z.literal(LEAKS_VERSION),
  dataset: materialName,
  /** Null where the dataset's examples were compared with each other. */
  against: materialName.nullable(),
  /** Share of an example that has to be found. */
  minimumSimilarity: share,
  examples: z.int(),
  /** Examples that are too short to be told from what is common, and so were not judged. */
  tooShort: z.array(z.int()),
  /** Why the two cannot be compared, if they cannot. */
  incomparable: z.string().nullable(),
  seconds: z.number(),
  found: z.array(z.object({ example: z.int(), name: z.string(), places: z.array(leakPlace).min(1) })),
});
export type LeakReport = z.infer<typeof leakReport>;

/** The test examples of a run against all that its network has seen: `artifacts/leaks.json`. */
export const runLeaks = z.object({
  formatVersion: z.literal(LEAKS_VERSION),
  action: z.enum(['exclude', 'report']),
  /** Of the split, before any were taken out. */
  testExamples: z.int(),
  /** What the test examples were compared with. */
  sources: z.array(
    z.object({
      /** `pretraining`: what the first weights were trained on; `training`: the examples of the dataset on the other sides of the split. */
      relation: z.enum(['pretraining', 'training']),
      kind: z.string(),
      name: z.string(),
      /** Test examples that are in it. */
      leaked: z.int(),
    }),
  ),
  /** Test examples that are in any of them. */
  leaked: z.int(),
  tooShort: z.int(),
  /** What could not be compared, and why. */
  unchecked: z.array(z.string()),
  /** Numbers of the examples that were taken out of the test split. */
  excluded: z.array(z.int()),
  /** The first ones, by one place each. */
  listed: z.array(
    z.object({
      example: z.int(),
      name: z.string(),
      source: z.int().describe('Index into `sources`'),
      place: leakPlace,
    }),
  ),
});
export type RunLeaks = z.infer<typeof runLeaks>;

/** What the pages and the command line say in one line. */
export function describeLeaks({ testExamples, leaked, excluded, sources, unchecked, tooShort }: RunLeaks): string {
  const compared = sources.map(({ name, relation }) => (relation === 'training' ? 'the other splits' : name));
  const guilty = sources.filter((source) => source.leaked > 0);
  const places = guilty.map(({ name, relation }) => (relation === 'training' ? 'the other splits' : name));
  const verb = leaked === 1 ? 'occurs' : 'occur';
  const found =
    compared.length === 0
      ? 'Leaks not checked'
      : leaked === 0 && tooShort >= testExamples
        ? `Leaks cannot be told: all ${testExamples} test examples are too short`
        : leaked === 0
          ? `No leaks: none of ${testExamples} test examples occurs in ${list(compared)}`
          : `${leaked} of ${testExamples} test examples also ${verb} in ${list(places)}${excluded.length > 0 ? ' and were excluded' : ''}`;
  const notes = [
    ...(tooShort > 0 && (leaked > 0 || tooShort < testExamples) ? [`${tooShort} too short to tell`] : []),
    ...unchecked.map((reason) => `not checked: ${reason}`),
  ];
  return notes.length > 0 ? `${found} (${notes.join('; ')})` : found;
}

function list(names: readonly string[]): string {
  const distinct = [...new Set(names)];
  return distinct.length < 2 ? distinct.join('') : `${distinct.slice(0, -1).join(', ')} and ${distinct.at(-1) ?? ''}`;
}
