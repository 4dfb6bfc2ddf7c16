/**
 * The manifest of an imported, labelled image dataset: a corpus' manifest with its classes. The label of each image is in
 * `labels.bin` (uint32, little endian), an index into `classes`.
 */
import { z } from 'zod';
import { editedFields } from '../dataset-edit.ts';
import { datasetTargets } from './dataset-targets.ts';
import { imageStoreFields } from './image-corpus.ts';

export const imageDatasetManifest = z.strictObject({
  kind: z.literal('image-dataset'),
  ...imageStoreFields,
  /** Sorted by name, or by value if every name is an integer; the position is the label. */
  classes: z.array(z.strictObject({ name: z.string().min(1), images: z.int().min(1) })).min(1),
  /** What images have instead of classes, of which there is one then. */
  targets: datasetTargets.optional(),
  /** Of one whose classes were edited. */
  edited: editedFields.optional(),
});
export type ImageDatasetManifest = z.infer<typeof imageDatasetManifest>;
