/** Exports for pages. */
import { resolve } from 'node:path';
import type { z } from 'zod';
import type { ExportFormat, ExportOf, exportsContract } from '../../shared/contract/exports.ts';
import { exportFormatsOf, exportNetwork } from '../runs/export/index.ts';
import type { ExportOrigin } from '../runs/export/source.ts';
import { findModel } from '../workspace/models.ts';
import { findRun } from '../workspace/runs.ts';
import type { Workspace } from '../workspace/workspace.ts';
import type { WorkContext } from './work-context.ts';

export async function exportFormats(
  { workspace }: WorkContext,
  { of }: { readonly of: ExportOf },
): Promise<ExportFormat[]> {
  const formats = await exportFormatsOf(workspace, await originOf(workspace, of));
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
  { of, folder, checkpoint, ...request }: z.output<typeof exportsContract.start.input>,
) {
  const written = await exportNetwork(workspace, await originOf(workspace, of, checkpoint), {
    ...request,
    folder: resolve(workspace.folder, folder),
    signal,
    onPhase: (phase) => {
      progress({ phase, done: 0, total: 0, unit: '', skipped: 0 });
    },
  });
  return { ...written, files: [...written.files], notes: [...written.notes] };
}

async function originOf(workspace: Workspace, of: ExportOf, checkpoint?: 'best' | 'last'): Promise<ExportOrigin> {
  if (of.kind === 'run') return { kind: 'run', run: await findRun(workspace, of.run), checkpoint };
  return { kind: 'model', model: await findModel(workspace, of.model), head: of.head };
}
