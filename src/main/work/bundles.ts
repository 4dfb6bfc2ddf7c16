/** Bundles of other labs, for pages. */
import type { z } from 'zod';
import type { BundleSummary, openedBundle } from '../../shared/contract/bundles.ts';
import { isLabError } from '../../shared/errors.ts';
import { openArchive, totalBytes } from '../runs/bundle/archive.ts';
import { missingOf, openBundle } from '../runs/bundle/open.ts';
import type { WorkContext } from './work-context.ts';

export async function lookAtBundle(
  _context: WorkContext,
  { file }: { readonly file: string },
): Promise<{ bundle: BundleSummary | null }> {
  try {
    using archive = await openArchive(file);
    const { manifest } = archive;
    const { subject, createdAt, runs, materials } = manifest;
    return {
      bundle: {
        subject,
        createdAt,
        runs: runs.map(({ id }) => id),
        materials: materials.map(({ group, name, included }) => ({ group, name, included })),
        bytes: totalBytes(manifest),
        missing: missingOf(manifest),
      },
    };
  } catch (error) {
    if (isLabError(error, 'corrupt') && error.details.isBundle === false) return { bundle: null };
    throw error;
  }
}

export async function openBundleFor(
  { workspace, signal, progress }: WorkContext,
  { file }: { readonly file: string },
): Promise<z.infer<typeof openedBundle>> {
  const { subject, ...lists } = await openBundle(workspace, file, {
    signal,
    onProgress(done) {
      progress({ ...done, unit: 'bytes', skipped: 0 });
    },
  });
  const { added, known, renamed, missing } = lists;
  return { subject, added: [...added], known: [...known], renamed: [...renamed], missing: [...missing] };
}
