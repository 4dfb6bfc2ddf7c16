/** The kinds of material, as manifests name them. */
import { z } from 'zod';

export const dataKind = z.enum(['text-corpus', 'text-dataset', 'image-corpus', 'image-dataset', 'audio-dataset']);
export type DataKind = z.infer<typeof dataKind>;
