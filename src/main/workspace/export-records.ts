/**
 * Where networks were exported to, `exports.jsonl` of a workspace: a line for each, written when the export is whole. Not in the folders of
 * runs, which are bundled for others.
 */
import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { sealLine, unsealLine, wholeLines } from '../files/sealed-lines.ts';
import type { Workspace } from './workspace.ts';

const exportRecord = z.object({
  kind: z.enum(['run', 'model']),
  /** The id of the run, or the name of the model. */
  of: z.string(),
  folder: z.string(),
  format: z.string(),
});
export type ExportRecord = z.infer<typeof exportRecord>;

const fileOf = ({ folder }: Workspace): string => join(folder, 'exports.jsonl');

export async function recordExport(workspace: Workspace, record: ExportRecord): Promise<void> {
  await appendFile(fileOf(workspace), `\n${sealLine(record)}\n`); // a line that a killed process left half-written ends here
}

/** The latest for each folder; lines that are damaged are left out. */
export async function readExports(workspace: Workspace): Promise<readonly ExportRecord[]> {
  const found = new Map<string, ExportRecord>();
  for await (const { text } of wholeLines(fileOf(workspace))) {
    const { data } = exportRecord.safeParse(unsealLine(text));
    if (data) found.set(data.folder, data);
  }
  return [...found.values()];
}
