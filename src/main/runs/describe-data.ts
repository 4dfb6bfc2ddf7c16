/** What a manifest tells of its material, so that an experiment can be suggested before anything is opened. */
import { z } from 'zod';
import { isSequences } from '../data/reading/read-sequences.ts';
import { formatOfName } from '../data/reading/source-files.ts';
import type { DataDescription } from '../tasks/index.ts';
import type { Material } from '../workspace/catalogue.ts';

/** Of any kind of manifest; a damaged one tells less. */
const told = z.looseObject({
  documents: z.int().optional(),
  sentences: z.int().optional(),
  tokens: z.int().optional(),
  examples: z.int().optional(),
  images: z.int().optional(),
  recordings: z.int().optional(),
  height: z.int().optional(),
  width: z.int().optional(),
  sources: z.array(z.string()).default([]),
  classes: z
    .array(
      z.looseObject({
        name: z.string(),
        examples: z.int().optional(),
        images: z.int().optional(),
        recordings: z.int().optional(),
      }),
    )
    .default([]),
  targets: z.looseObject({ kind: z.enum(['numbers', 'several', 'tags', 'alignments']) }).optional(),
  options: z.looseObject({ tokenizer: z.looseObject({ kind: z.string().optional() }).optional() }).optional(),
});

/** Tokenizers that need no words. */
const symbolic: readonly (string | undefined)[] = ['characters', 'symbols', 'k-mers'];

/** Counts, classes and sizes where the manifest has them. */
export function describeData({ name, kind, manifest }: Pick<Material, 'name' | 'kind' | 'manifest'>): DataDescription {
  const { classes, targets, height, width, options, sources, ...counts } = told.catch(told.parse({})).parse(manifest);
  const isText = kind === 'text-corpus' || kind === 'text-dataset';
  return {
    name,
    kind,
    examples: counts.documents ?? counts.examples ?? counts.images ?? counts.recordings ?? 0,
    sentences: counts.sentences,
    tokens: counts.tokens,
    labels: classes.map(({ name: label, examples, images, recordings }) => ({
      name: label,
      count: examples ?? images ?? recordings ?? 0,
    })),
    targets: targets?.kind,
    image: height !== undefined && width !== undefined ? { height, width } : undefined,
    isSequences:
      isText && (symbolic.includes(options?.tokenizer?.kind) || sources.some((path) => holdsSequences(path))),
  };
}

function holdsSequences(path: string): boolean {
  const { format } = formatOfName(path);
  return format !== undefined && isSequences(format);
}
