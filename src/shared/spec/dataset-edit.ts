/** Changes to the classes of a dataset, and the log of them in its folder: `edits.jsonl`, one entry a line. */
import { z } from 'zod';

const className = z.string().trim().min(1).max(500);

export const datasetEdit = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('rename'), from: className, to: className }),
  /** Classes become one, which may be one of them, another one, or new. */
  z.strictObject({ type: z.literal('merge'), from: z.array(className).min(1), into: className }),
  /** Their examples are no longer part of the dataset. */
  z.strictObject({ type: z.literal('drop'), classes: z.array(className).min(1) }),
  /** Examples by their numbers before this change. */
  z.strictObject({ type: z.literal('relabel'), examples: z.array(z.int().min(0)).min(1), to: className }),
]);
export type DatasetEdit = z.infer<typeof datasetEdit>;

export const datasetEditEntry = z.strictObject({
  at: z.iso.datetime(),
  /** Examples of `relabel` are numbered as they were imported, so that the log can be followed from there. */
  edit: datasetEdit,
  /** Of the dataset after it. */
  contentHash: z.string().regex(/^[0-9a-f]{64}$/),
});
export type DatasetEditEntry = z.infer<typeof datasetEditEntry>;

/** Part of the manifest of a dataset that was edited. */
export const editedFields = z.strictObject({
  edits: z.int().min(1),
  /** Content hash as it was imported. */
  originalHash: z.string().regex(/^[0-9a-f]{64}$/),
  /** Examples in the files, dropped ones included. */
  stored: z.int().min(1),
});

/** What an edit did, in a sentence. */
export function describeEdit(edit: DatasetEdit): string {
  const list = (names: readonly string[]): string => names.map((name) => `“${name}”`).join(', ');
  switch (edit.type) {
    case 'rename':
      return `renamed “${edit.from}” to “${edit.to}”`;
    case 'merge':
      return `merged ${list(edit.from)} into “${edit.into}”`;
    case 'drop':
      return `dropped ${list(edit.classes)}`;
    case 'relabel': {
      const { length } = edit.examples;
      return `relabelled ${length === 1 ? 'one example' : `${length} examples`} as “${edit.to}”`;
    }
  }
}
