/** Exports for pages. */
import { resolve } from 'node:path';
import type { z } from 'zod';
import type { ExportFormat, exportsContract } from '../../shared/contract/exports.ts';
import { exportFormatsOf, exportRun } from '../runs/export/index.ts';
import { findRun } from '../workspace/runs.ts';
import type { WorkContext } from './work-context.ts';

export async function exportFormats(
  { workspace }: WorkContext,
  { run }: { readonly run: string },
): Promise<ExportFormat[]> {
  const formats = await exportFormatsOf(workspace, await findRun(workspace, run));
  return formats.map(({ format: { name, title, summary, options }, refusal }) => ({
    name,
    title,
    summary,
    options: [...options],
    refusal: refusal ?? null,
  }));
}

/** Phases are told one after the other, without an end that could be counted to. */
export async function exportModel(
  { workspace, signal, progress }: WorkContext,
  { run, folder, ...request }: z.output<typeof exportsContract.start.input>,
) {
  const written = await exportRun(workspace, await findRun(workspace, run), {
    ...request,
    folder: resolve(workspace.folder, folder),
    signal,
    onPhase: (phase) => {
      progress({ phase, done: 0, total: 0, unit: '', skipped: 0 });
    },
  });
  return { ...written, files: [...written.files], notes: [...written.notes] };
}
